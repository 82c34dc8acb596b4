import { memo } from "react";
import type { Stroke } from "../../lib/colours";
import { number, value } from "../../lib/format";
import { worst } from "../../lib/groups";
import { runKey } from "../../lib/run-keys";
import { Eye, type Layout } from "./run-line";
import type { RunGroup } from "./use-groups";

/** One group: mean ± sd of each metric over its runs, how many have it, and the worst of them. */
export const GroupLine = memo(function GroupLine({ group, name, layout, stroke, open }: {
  group: RunGroup;
  name: string;
  layout: Layout;
  stroke: Stroke | undefined;
  open: boolean;
}) {
  return layout.columns.map(({ key, width, pinned }, place) => (
    <div key={key} role="gridcell" className={pinned ? "runs-cell pinned" : "runs-cell"} style={{ width, left: pinned ? layout.offsets[place] : undefined }}>
      {key === "name" ? (
        <span className="runs-name">
          <button type="button" className="runs-open" tabIndex={-1} data-act="open" aria-expanded={open} aria-label={`${open ? "Close" : "Open"} the group ${name}`}>{open ? "▾" : "▸"}</button>
          <Eye name={name} stroke={stroke} />
          <b className="runs-group-name" title={name}>{name}</b>
          <span className="meta">{group.n}</span>
        </span>
      ) : (
        <GroupCell group={group} column={key} />
      )}
    </div>
  ));
});

function GroupCell({ group, column }: { group: RunGroup; column: string }) {
  const key = runKey(column);
  if (key.root === "config") {
    const shown = group.key[column];
    return <span className="cut">{shown === undefined || shown === null ? "" : value(shown)}</span>;
  }
  const spread = key.root === "metric" ? group.metrics[key.path[1]!] : undefined;
  if (!spread) return key.root === "metric" ? <span className="cut number muted">–</span> : null;
  const missing = group.n - spread.n;
  return (
    <>
      <span className="cut number" title={`Mean and standard deviation of the last values of ${spread.n} of ${group.n} runs`}>
        {number(spread.mean)}{typeof spread.sd === "number" && <span className="muted"> ± {number(spread.sd, 2)}</span>}
      </span>
      {(missing > 0 || spread.n > 1) && <span className="runs-difference cut number">
        {missing > 0 && <span className="warn" title={`${missing} of ${group.n} have no finite last value`}>⚠ n = {spread.n} of {group.n} · </span>}
        {spread.n > 1 && `worst ${number(worst(key.path[1]!, spread))}`}
      </span>}
    </>
  );
}
