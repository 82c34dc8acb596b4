import "./charts.css";
import { useMemo } from "react";
import { Refused } from "../../api/client";
import { useLiveTail } from "../../charts/live-tail";
import type { Stroke } from "../../lib/colours";
import { sections } from "../../lib/chart-view";
import { runKey } from "../../lib/run-keys";
import type { RunState } from "../../ui/state";
import { later } from "../../ui/later";
import { Trouble } from "../../ui/trouble";
import { useAddress } from "../../lib/address";
import { ChartsBar } from "./charts-bar";
import { FullChart } from "./charts-full";
import { choices } from "./charts-runs";
import { isFolded, Sections } from "./charts-sections";
import { useChartView } from "./charts-view";
import { useFields } from "./use-runs";

const Scatter = later(async () => (await import("./charts-scatter")).Scatter);
const Parallel = later(async () => (await import("./charts-parallel")).Parallel);
const Importance = later(async () => (await import("./charts-importance")).Importance);

/** A run whose curves are drawn. */
export interface ShownRun {
  id: string;
  name: string;
  state: RunState;
  stroke: Stroke;
}

/** A group whose mean and band are drawn; `runs` are the ids of its first hundred members. */
export interface ShownGroup {
  id: string;
  name: string;
  n: number;
  runs: string[];
  stroke: Stroke;
}

/** The right side of the workspace: the curves of the runs that are shown, and what they say together. `groups` is null while the table is not grouped, `waiting` while it loads. */
export function ChartsPanel({ project, runs, groups, waiting }: { project: string; runs: ShownRun[]; groups: ShownGroup[] | null; waiting: boolean }) {
  const charts = useChartView();
  const { view } = charts;
  const live = useLiveTail(project);
  const fields = useFields(project);
  const metrics = useMemo(() => [...new Set(fields.data?.metrics.map(({ key }) => runKey(key).path[1]!) ?? [])], [fields.data]);
  const found = useMemo(() => sections(metrics, view.find), [metrics, view.find]);
  const seen = useMemo(() => [...new Set([...view.pinned, ...found.filter(({ name }) => !isFolded(view, name)).flatMap((section) => section.metrics)])], [view, found]);
  const [address, choose] = useAddress();
  const drawing = { project, runs, charts, all: useMemo(() => choices(fields.data), [fields.data]), address, choose };
  const some = (groups ?? runs).length > 0;
  const isMissing = fields.error instanceof Refused && fields.error.status === 404;
  return (
    <div className="charts">
      <ChartsBar charts={charts} metrics={metrics} grouped={groups !== null} live={live} />
      {fields.error && !fields.data && !isMissing && <Trouble error={fields.error} again={() => void fields.refetch()} />}
      {view.drawing === "scatter" && <Scatter {...drawing} />}
      {view.drawing === "parallel" && <Parallel {...drawing} />}
      {view.drawing === "importance" && <Importance {...drawing} />}
      {view.drawing === "curves" && some && <Sections sections={found} project={project} runs={runs} groups={groups} charts={charts} />}
      {view.drawing === "curves" && !some && metrics.length > 0 && <p className="charts-nothing">{waiting ? "Loading…" : "No run is shown here: open the eye of a run in the table."}</p>}
      {isMissing && <p className="charts-nothing">There is no such project yet. Curves appear here with its first run.</p>}
      {fields.data && metrics.length === 0 && <p className="charts-nothing">No run of this project has logged a number yet. Curves appear here while the first one trains.</p>}
      {view.find && some && found.length === 0 && metrics.length > 0 && <p className="charts-nothing">No metric has “{view.find}” in its name.</p>}
      {view.full && <FullChart metrics={seen.includes(view.full) ? seen : [view.full, ...seen]} project={project} runs={runs} groups={groups} charts={charts} />}
    </div>
  );
}
