import { useDeferredValue, useMemo, useRef, useState } from "react";
import { useAddress } from "../../lib/address";
import { type Comparison, nextDifference, rowsOf, type Use } from "../../lib/comparison";
import type { RunHead } from "../../lib/run-heads";
import { useSingleKeys } from "../../lib/single-keys";
import type { ColumnWays } from "./column-head";
import { ComparisonTable } from "./table";

const USES: readonly { use: Use; words: string }[] = [{ use: "last", words: "last" }, { use: "min", words: "lowest" }, { use: "max", words: "highest" }];

/** Warnings before any number, then field by field what differs; n and p go from one difference to the next. */
export function Fields({ comparison, stale, runs, heads, places, ways }: {
  comparison: Comparison;
  stale: boolean;
  runs: readonly string[];
  heads: ReadonlyMap<string, RunHead>;
  places: ReadonlyMap<string, number>;
  ways: ColumnWays;
}) {
  const [search, change] = useAddress();
  const [current, goTo] = useState(-1);
  const finder = useRef<HTMLInputElement>(null);
  const all = search.all === "1";
  const find = useDeferredValue(search.find ?? "");
  const use = USES.find((each) => each.use === search.use)?.use ?? "last";
  const rows = useMemo(() => rowsOf(comparison, runs, { all, find, use }), [comparison, runs, all, find, use]);
  const shownRuns = useMemo(() => runs.filter((run) => heads.has(run)), [runs, heads]);
  const step = (by: 1 | -1) => goTo((at) => nextDifference(rows, at < rows.length ? at : -1, by));
  useSingleKeys({ n: () => step(1), p: () => step(-1), "/": () => finder.current?.focus() });
  const differences = rows.filter((row) => row.kind !== "section" && row.differs);
  const at = rows[current];
  return (
    <section className="stack" aria-label="Fields" aria-busy={stale} style={{ opacity: stale ? 0.6 : 1 }}>
      <div className="row wrap compare-tools">
        <input ref={finder} type="search" value={search.find ?? ""} maxLength={200} placeholder="Find a field or value ( / )" aria-label="Find a field or value" onChange={(event) => change({ find: event.target.value })} />
        <label><input type="checkbox" checked={all} onChange={(event) => change({ all: event.target.checked ? "1" : undefined })} /> Show what is the same, too</label>
        <label>Metrics: <select value={use} onChange={(event) => change({ use: event.target.value === "last" ? undefined : event.target.value })}>{USES.map((each) => <option key={each.use} value={each.use}>{each.words}</option>)}</select></label>
        <span className="space" />
        <span className="meta" role="status">{at && at.kind !== "section" ? `${at.path}: difference ${differences.indexOf(at) + 1} of ${differences.length}` : `${differences.length} rows differ`}</span>
        <button type="button" onClick={() => step(-1)} title="p" disabled={!differences.length}>Previous difference</button>
        <button type="button" onClick={() => step(1)} title="n" disabled={!differences.length}>Next difference</button>
      </div>
      <ComparisonTable rows={rows} runs={shownRuns} heads={heads} places={places} current={current} ways={ways} />
    </section>
  );
}
