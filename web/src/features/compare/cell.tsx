import { type Row, same, text } from "../../lib/comparison";
import { signed } from "../../lib/format";

/** A value: emphasised where it is not the base's; of a metric with its difference to the base, and a mark where it is the lowest or the highest. */
export function Cell({ row, run, base, column }: { row: Exclude<Row, { kind: "section" }>; run: string; base: string; column: number }) {
  const held = row.values.get(run);
  const ofBase = row.values.get(base);
  const written = text(row, held);
  const isBase = run === base;
  const like = same(held, ofBase);
  return (
    <div
      role="cell" aria-colindex={column} title={held === undefined ? "This run does not have it" : typeof held === "string" ? held : JSON.stringify(held)}
      className={`compare-cell${isBase ? " base" : like ? " like" : " unlike"}${row.kind === "metric" ? " metric" : ""}${held === undefined ? " muted" : ""}`}
    >
      <span className="cut">{written}</span>
      {row.kind === "metric" && <Beside held={held} ofBase={isBase ? undefined : ofBase} low={row.low} high={row.high} />}
    </div>
  );
}

function Beside({ held, ofBase, low, high }: { held: unknown; ofBase: unknown; low: number | null; high: number | null }) {
  return (
    <>
      {typeof held === "number" && typeof ofBase === "number" && <span className="meta">{signed(held - ofBase, 3)}</span>}
      {held === low && held !== undefined && <span className="compare-mark" title="The lowest of these runs"><span aria-hidden="true">▾</span><span className="hidden-text">lowest</span></span>}
      {held === high && held !== undefined && <span className="compare-mark" title="The highest of these runs"><span aria-hidden="true">▴</span><span className="hidden-text">highest</span></span>}
    </>
  );
}
