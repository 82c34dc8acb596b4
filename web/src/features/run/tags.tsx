import { useState } from "react";

/** Tags that are taken away by their cross and added by a word and Enter. */
export function Tags({ tags, change }: { tags: readonly string[]; change: ((tags: string[]) => void) | null }) {
  const [text, setText] = useState<string | null>(null);
  const add = () => {
    const tag = text?.trim();
    if (tag && !tags.includes(tag)) change?.([...tags, tag]);
    setText(null);
  };
  return (
    <span className="row wrap run-tags">
      {tags.map((tag) => (
        <span key={tag} className="chip">
          <span className="cut">{tag}</span>
          {change && <button type="button" className="run-tag-off" aria-label={`Take the tag ${tag} off`} onClick={() => change(tags.filter((each) => each !== tag))}>✕</button>}
        </span>
      ))}
      {change === null ? null : text === null ? (
        <button type="button" className="plain meta" onClick={() => setText("")}>+ tag</button>
      ) : (
        <input
          className="run-tag-new" aria-label="New tag" value={text} maxLength={64} ref={(input) => input?.focus()} onChange={(event) => setText(event.target.value)} onBlur={add}
          onKeyDown={(event) => {
            if (event.key === "Enter") add();
            if (event.key === "Escape") { event.stopPropagation(); setText(null); }
          }}
        />
      )}
    </span>
  );
}
