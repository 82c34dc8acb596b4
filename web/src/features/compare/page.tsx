import "./compare.css";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useAddress } from "../../lib/address";
import { places as placesOf } from "../../lib/colours";
import { columnsOf, columnsText, moved } from "../../lib/comparison";
import { type RunHead, useRunHeads } from "../../lib/run-heads";
import { HelpLink } from "../../ui/help-link";
import { Menu } from "../../ui/menu";
import { Trouble } from "../../ui/trouble";
import type { ColumnWays } from "./column-head";
import { ComparedCurves } from "./curves";
import { Fields } from "./fields";
import { RunPicker } from "./run-picker";
import { useComparison } from "./use-comparison";

/** Any number of runs side by side; the first is the base. */
export function ComparePage() {
  const { entity = "", project = "" } = useParams({ strict: false });
  const [search, change] = useAddress();
  const columns = useMemo(() => columnsOf(search.runs ?? ""), [search.runs]);
  const asked = useMemo(() => columns.map(({ run }) => run), [columns]);
  const places = useMemo(
    () => placesOf(asked, new Map(columns.flatMap(({ run, place }) => (place === undefined ? [] : [[run, place] as const])))),
    [asked, columns],
  );
  const heads = useRunHeads(`${entity}/${project}`, asked);
  const runs = useMemo(() => asked.filter((run) => heads.data?.has(run)), [asked, heads.data]);
  const comparison = useComparison(runs);
  const metrics = useMemo(() => comparison.data?.metrics.map(({ metric }) => metric) ?? [], [comparison.data]);
  const gone = heads.data && !heads.isPlaceholderData ? asked.filter((run) => !heads.data.has(run)) : [];

  const setRuns = (next: readonly string[]) => change({ runs: columnsText(next, placesOf(next, places)) }, { push: true });
  const ways: ColumnWays = {
    makeBase: (run) => setRuns([run, ...asked.filter((each) => each !== run)]),
    shift: (run, by) => setRuns(shifted(asked, run, by)),
    dropOn: (run, target) => { if (asked.includes(run)) setRuns(moved(asked, run, target)); },
    remove: (run) => setRuns(asked.filter((each) => each !== run)),
  };
  const error = heads.error ?? comparison.error;
  return (
    <main className="compare-page">
      <div className="row wrap">
        <h1>{asked.length ? `${runs.length || asked.length} ${(runs.length || asked.length) === 1 ? "run" : "runs"} compared` : "Compare runs"}</h1>
        <span className="space" />
        <HelpLink guide="guide/compare">How to read this</HelpLink>
        <Menu label="Add a run" closes={false} right>
          {(close) => <RunPicker project={`${entity}/${project}`} without={asked} pick={(run) => { setRuns([...asked, run.id]); close(); }} />}
        </Menu>
      </div>
      {gone.length > 0 && (
        <p className="warn">
          {gone.length === 1 ? "A run is" : `${gone.length} runs are`} not here any more: {gone.slice(0, 5).join(", ")}{gone.length > 5 && " and more"}.{" "}
          <button type="button" onClick={() => setRuns(runs)}>Leave {gone.length === 1 ? "it" : "them"} out</button>
        </p>
      )}
      {error && <Trouble error={error} again={() => { void heads.refetch(); void comparison.refetch(); }} />}
      {!asked.length && <p className="muted">Choose runs with “Add a run”, or tick them in the project’s table and compare from there.</p>}
      {asked.length > 0 && !error && !comparison.data && !gone.length && <p className="muted" role="status">Loading…</p>}
      {comparison.data && runs.length > 0 && heads.data && (
        <>
          <Warnings sentences={comparison.data.warnings.map((each) => named(each, heads.data))} />
          <ComparedCurves metrics={metrics} runs={runs} heads={heads.data} places={places} />
          <Fields comparison={comparison.data} stale={comparison.isPlaceholderData} runs={runs} heads={heads.data} places={places} ways={ways} />
        </>
      )}
      {runs.length === 1 && <p className="muted">One run alone: add another to see what differs.</p>}
    </main>
  );
}

/** A sentence with the names of runs in the place of their ids. */
function named(sentence: string, heads: ReadonlyMap<string, RunHead>): string {
  return sentence.replaceAll(/[a-z0-9]{12,20}/g, (id) => heads.get(id)?.name ?? id);
}

function shifted(runs: readonly string[], run: string, by: -1 | 1): string[] {
  const from = runs.indexOf(run);
  const to = Math.min(Math.max(from + by, 0), runs.length - 1);
  const rest = runs.filter((each) => each !== run);
  return [...rest.slice(0, to), run, ...rest.slice(to)];
}

/** What makes a difference between these runs say less than it seems to, before any number is read. */
function Warnings({ sentences }: { sentences: readonly string[] }) {
  if (sentences.length === 0) return null;
  return <ul className={sentences.length === 1 ? "compare-warnings one" : "compare-warnings"} aria-label="Before you compare">{sentences.map((each) => <li key={each}>{each}</li>)}</ul>;
}
