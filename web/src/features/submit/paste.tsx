import { useState } from "react";
import type { Config } from "../../lib/config-edit";
import { fromText } from "../../lib/yaml";
import { Dialog } from "../../ui/dialog";
import { type Details, pasted } from "./draft";

/** Takes a config, or a whole submission, as YAML or JSON text. */
export function Paste({ close, take }: { close: () => void; take: (config: Config, details: Partial<Details>) => void }) {
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState("");
  const read = () => {
    try {
      const { config, details } = pasted(fromText(text));
      take(config, details);
      close();
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    }
  };
  const open = (files: FileList | null) => void files?.[0]?.slice(0, 1_000_000).text().then(setText);
  return (
    <Dialog title="Paste a config" close={close} wide>
      <p className="muted">YAML or JSON: a config, or a whole submission with project, name and config. It replaces what the form holds.</p>
      <textarea aria-label="YAML or JSON" rows={16} className="mono" value={text} onChange={(event) => setText(event.target.value)} spellCheck={false} placeholder={"dataset: {name: mnist5k}\noptimizer: {kind: adam, lr: 0.001}"} />
      {trouble && <div className="bad" role="alert">{trouble}</div>}
      <div className="row wrap">
        <button type="button" className="primary" onClick={read} disabled={!text.trim()}>Fill the form</button>
        <label className="button">Open a file<input type="file" className="hidden-text" accept=".yaml,.yml,.json,text/*" onChange={(event) => open(event.target.files)} /></label>
      </div>
    </Dialog>
  );
}
