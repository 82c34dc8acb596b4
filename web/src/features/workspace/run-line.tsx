import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { projectParts } from "../../lib/address";
import type { Conclusion } from "../../lib/concluded";
import type { Stroke } from "../../lib/colours";
import type { Column } from "../../lib/columns";
import { runKey } from "../../lib/run-keys";
import { Seal, sealOf } from "../../ui/seal";
import { Cell } from "./cell";
import type { RunRow } from "./use-runs";

export interface Layout {
  columns: Column[];
  offsets: number[];
  total: number;
}

/** Where pinned columns stick, and how wide all are. */
export function layoutOf(columns: Column[]): Layout {
  const offsets: number[] = [];
  let total = 0;
  for (const { width } of columns) {
    offsets.push(total);
    total += width;
  }
  return { columns, offsets, total };
}

/** One run of the table. What is clicked in it the table hears, by `data-act`. */
export const RunLine = memo(function RunLine({ run, project, layout, stroke, ticked, chosen, baseline, conclusions, member = false, now }: {
  run: RunRow;
  project: string;
  layout: Layout;
  stroke: Stroke | undefined;
  ticked: boolean;
  chosen: boolean;
  baseline: RunRow | undefined;
  conclusions?: readonly Conclusion[] | undefined;
  member?: boolean;
  now: number;
}) {
  return layout.columns.map(({ key, width, pinned }, place) => (
    <div key={key} role="gridcell" className={pinned ? "runs-cell pinned" : "runs-cell"} style={{ width, left: pinned ? layout.offsets[place] : undefined }}>
      {key === "name" ? (
        <span className={member ? "runs-name member" : "runs-name"}>
          <input type="checkbox" tabIndex={-1} data-act="tick" checked={ticked} readOnly aria-label={`Tick ${run.name}`} />
          {!member && <Eye name={run.name} stroke={stroke} />}
          <Seal kind={sealOf(run)} reruns={run.reproduced?.reruns ?? 0} />
          <Link to="/$entity/$project/runs/$run" params={{ ...projectParts(project), run: run.id }} preload={false} tabIndex={-1} className="cut" data-act="link" title={run.name} aria-current={chosen ? "true" : undefined}>
            {run.name}
          </Link>
          {baseline?.id === run.id && <span className="chip">baseline</span>}
          {run.archived && <span className="chip">archived</span>}
        </span>
      ) : (
        <Cell run={run} column={runKey(key)} baseline={baseline} conclusions={conclusions} now={now} />
      )}
    </div>
  ));
});

/** Whether something is drawn on the charts, and in which colour. */
export function Eye({ name, stroke }: { name: string; stroke: Stroke | undefined }) {
  return (
    <button type="button" className="runs-eye" tabIndex={-1} data-act="eye" aria-pressed={stroke !== undefined} aria-label={`Show ${name} on charts`}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        {stroke
          ? <path d="M1 8h14" stroke={stroke.colour} strokeWidth="5" strokeDasharray={stroke.dash?.map((length) => length / 2).join(" ")} />
          : <path d="M3.5 3.5l9 9M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4z" fill="none" stroke="currentColor" strokeWidth="1.1" />}
      </svg>
    </button>
  );
}
