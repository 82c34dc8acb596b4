import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { type Row } from "../../lib/comparison";
import type { RunHead } from "../../lib/run-heads";
import { Cell } from "./cell";
import { ColumnHead, type ColumnWays } from "./column-head";

const PATH = 200;
const PATH_NARROW = 132;
const HEAD = 64;
const LINE = 28;

/** Rows by columns, drawn where they are seen: 1,000 runs scroll as 3 do. The first column, the base, stays beside the paths on wide screens. */
export function ComparisonTable({ rows, runs, heads, places, current, ways }: {
  rows: readonly Row[];
  runs: readonly string[];
  heads: ReadonlyMap<string, RunHead>;
  places: ReadonlyMap<string, number>;
  current: number;
  ways: ColumnWays;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [base = "", ...others] = runs;
  const width = runs.length > 8 ? 168 : 208;
  // eslint-disable-next-line react-hooks/incompatible-library -- what it gives is used here and passed to nothing memoized
  const lines = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => LINE, overscan: 12, scrollMargin: HEAD, scrollPaddingStart: HEAD });
  const columns = useVirtualizer({ count: others.length, horizontal: true, getScrollElement: () => box.current, estimateSize: () => width, overscan: 3, scrollMargin: PATH + width });
  useEffect(() => { if (current >= 0) lines.scrollToIndex(current, { align: "auto" }); }, [current, lines]);

  const seen = columns.getVirtualItems();
  const left = seen.length ? seen[0]!.start - PATH - width : 0;
  const seenRuns = seen.map(({ index }) => others[index]!);
  const linesSeen = lines.getVirtualItems();
  const whole = { width: `calc(var(--compare-path) + ${runs.length * width}px)` };
  const sized = { "--compare-path": `${PATH}px`, "--compare-path-narrow": `${PATH_NARROW}px`, "--compare-column": `${width}px` } as React.CSSProperties;
  const head = (run: string) => <ColumnHead head={heads.get(run)!} place={places.get(run) ?? 0} base={run === base} first={run === base} last={run === runs.at(-1)} ways={ways} />;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by key
    <div className="compare-box" ref={box} tabIndex={0} role="region" aria-label="Comparison, field by field" style={sized}>
      <div role="table" aria-label="Runs side by side" aria-rowcount={rows.length + 1} aria-colcount={runs.length + 1} style={whole}>
        <div role="row" aria-rowindex={1} className="compare-line compare-top" style={{ height: HEAD }}>
          <div role="columnheader" aria-colindex={1} className="compare-path meta">Field</div>
          <div role="columnheader" aria-colindex={2} className="compare-cell base">{head(base)}</div>
          <div role="presentation" style={{ width: left, flex: "none" }} />
          {seen.map(({ index }) => <div role="columnheader" aria-colindex={index + 3} className="compare-cell" key={others[index]}>{head(others[index]!)}</div>)}
        </div>
        <div role="presentation" style={{ height: (linesSeen[0]?.start ?? HEAD) - HEAD }} />
        {linesSeen.map(({ index }) => {
          const row = rows[index]!;
          if (row.kind === "section") {
            return (
              <div role="row" aria-rowindex={index + 2} className="compare-line compare-section" key={`section ${row.name}`} style={{ height: LINE }}>
                <div role="rowheader" aria-colspan={runs.length + 1} className="compare-section-name"><h2>{row.name}</h2><span className="meta">{row.note}</span></div>
              </div>
            );
          }
          return (
            <div role="row" aria-rowindex={index + 2} aria-current={index === current || undefined} className={row.differs ? "compare-line differs" : "compare-line"} key={`${row.section} ${row.path}`} style={{ height: LINE }}>
              <div role="rowheader" aria-colindex={1} className="compare-path cut" title={row.path}>{row.path}</div>
              <Cell row={row} run={base} base={base} column={2} />
              <div role="presentation" style={{ width: left, flex: "none" }} />
              {seenRuns.map((run, place) => <Cell key={run} row={row} run={run} base={base} column={seen[place]!.index + 3} />)}
            </div>
          );
        })}
        <div role="presentation" style={{ height: Math.max(0, lines.getTotalSize() - ((linesSeen.at(-1)?.end ?? HEAD) - HEAD)) }} />
      </div>
    </div>
  );
}
