import type { Schemas } from "../../api/client";
import { conditions } from "../../lib/conditions";
import { writeSort } from "../../lib/sorting";
import { later } from "../../ui/later";
import { Menu } from "../../ui/menu";
import { FilterBar } from "./filter-bar";
import { GroupMenu } from "./group-menu";
import type { useView, View } from "./use-view";
import { ViewsMenu } from "./views-menu";

const FilterRows = later(async () => (await import("./filter-rows")).FilterRows);
const ColumnsPicker = later(async () => (await import("./columns-picker")).ColumnsPicker);

/** What is asked of the table: filter, groups, columns, views; and the way out, as CSV. */
export function Toolbar({ project, view, does, fields, address }: {
  project: string;
  view: View;
  does: ReturnType<typeof useView>["does"];
  fields: Schemas["RunFields"] | undefined;
  address: Record<string, string>;
}) {
  const conditioned = conditions(view.filter).length;
  const apply = (filter: string) => does.change({ filter }, { push: true });
  return (
    <div className="workspace-bar">
      <FilterBar project={project} filter={view.filter} fields={fields} apply={apply} />
      <div className="row wrap">
        <Menu label={<>Conditions{conditioned > 0 && <span className="meta">{conditioned}</span>}</>} closes={false}>
          <FilterRows key={view.filter} project={project} filter={view.filter} fields={fields} apply={apply} />
        </Menu>
        <GroupMenu group={view.group} fields={fields} opener="group-opener" change={(group) => does.change({ group, shown: "", open: "", sort: "" }, { push: true })} />
        <Menu label="Columns" closes={false} right>
          <ColumnsPicker columns={view.columns} fields={fields} change={does.columns} reset={address.cols ? () => does.change({ cols: "" }) : undefined} />
        </Menu>
        <ViewsMenu project={project} address={address} />
        <Menu label="More" right>
          <a href={exportAddress(project, view, "csv")} download>{view.group ? "CSV of the runs behind the groups" : "CSV of what is shown"}</a>
          <a href={exportAddress(project, view, "parquet")} download>The same as Parquet</a>
          <button type="button" aria-pressed={view.archived} onClick={() => does.change({ archived: view.archived ? "" : "1" })}>{view.archived ? "Hide archived runs" : "Show archived runs"}</button>
          {view.baseline && <button type="button" onClick={() => does.change({ base: "" })}>Without a baseline</button>}
          <button type="button" onClick={() => does.change({ split: view.split === "table" ? "" : "table" })}>{view.split === "table" ? "Table and charts" : "Table alone"}</button>
          <button type="button" onClick={() => does.change({ split: view.split === "charts" ? "" : "charts" })}>{view.split === "charts" ? "Table and charts" : "Charts alone"}</button>
        </Menu>
      </div>
    </div>
  );
}

const EXPORTED: Record<string, string> = { progress: "progress.step", reproduced: "reproduced.outcome" };
const NOT_EXPORTED = new Set(["duration", "change", "queue_position", "waiting_for"]);

/** Where the file of what is shown is: the same runs in the same order, the same columns. */
function exportAddress(project: string, view: View, format: "csv" | "parquet"): string {
  const columns = ["id", ...view.columns.map(({ key }) => EXPORTED[key] ?? key).filter((key) => !NOT_EXPORTED.has(key))];
  const times = view.columns.some(({ key }) => key === "duration") ? ["started_at", "finished_at"] : [];
  const query = new URLSearchParams({ project, filter: view.passing, fields: [...new Set([...columns, ...times])].join(","), format });
  if (view.sort.length > 0 && !view.group) query.set("sort", writeSort(view.sort));
  return `/api/v1/export/runs?${query.toString()}`;
}
