import { clamped, type Column } from "../../lib/columns";
import { keyLabel, runKey } from "../../lib/run-keys";
import { groupSortKey } from "../../lib/group-sort";
import { type SortKey, sortable } from "../../lib/sorting";
import type { Layout } from "./run-line";

interface HeadDoes {
  sort: (key: string, adds: boolean) => void;
  move: (key: string, onto: string) => void;
  widen: (key: string, width: number) => void;
}

/** The heads of the columns: a click sorts (shift adds), dragging moves, the right edge widens; Alt and the arrow keys move, with Shift they widen. */
export function Head({ layout, sort, group, ticked, tick, does }: {
  layout: Layout;
  sort: readonly SortKey[];
  group: string;
  ticked: boolean;
  tick: () => void;
  does: HeadDoes;
}) {
  return (
    <div role="row" aria-rowindex={1} className="runs-head" style={{ width: layout.total }}>
      {layout.columns.map((column, place) => {
        const at = sort.findIndex(({ key }) => key === (group ? groupSortKey(column.key, group) : column.key));
        const by = sort[at];
        return (
          <div
            key={column.key} role="columnheader" tabIndex={-1} aria-sort={by ? (by.descends ? "descending" : "ascending") : undefined}
            className={["runs-th", column.pinned && "pinned", runKey(column.key).root === "metric" && "number"].filter(Boolean).join(" ")} style={{ width: column.width, left: column.pinned ? layout.offsets[place] : undefined }}
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => { event.preventDefault(); does.move(event.dataTransfer.getData("text/plain"), column.key); }}
          >
            {column.key === "name" && <input type="checkbox" checked={ticked} onChange={tick} aria-label="Tick all runs that are loaded" />}
            <HeadButton column={column} columns={layout.columns} by={by} place={sort.length > 1 ? at + 1 : 0} can={group ? groupSortKey(column.key, group) !== "" : sortable(column.key)} grouped={group !== ""} does={does} />
            <Edge column={column} widen={does.widen} />
          </div>
        );
      })}
    </div>
  );
}

function HeadButton({ column: { key, width }, columns, by, place, can, grouped, does }: {
  column: Column;
  columns: Column[];
  by: SortKey | undefined;
  place: number;
  can: boolean;
  grouped: boolean;
  does: HeadDoes;
}) {
  const { root, path } = runKey(key);
  const label = grouped && root === "metric" ? `${path[1]!}, last` : grouped && key === "name" ? "group, n" : keyLabel(key);
  const pressed = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (!step || !event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const onto = columns[columns.findIndex((column) => column.key === key) + step];
    if (event.shiftKey) does.widen(key, clamped(width + 16 * step));
    else if (onto) does.move(key, onto.key);
  };
  const what = grouped && key === "name" ? "how many runs they have" : grouped && root === "metric" ? `the mean of ${label}` : label;
  const why = can ? `Sort by ${what}; with Shift also by this` : grouped ? `The runs of a group need not agree on ${label}` : `${label} has no order to sort by`;
  return (
    <button
      type="button" className="runs-sort" draggable aria-disabled={!can} title={`${why}. Drag, or Alt and the arrow keys, to move the column.`}
      onDragStart={(event) => event.dataTransfer.setData("text/plain", key)} onKeyDown={pressed}
      onClick={(event) => { if (can) does.sort(key, event.shiftKey); }}
    >
      <span className="cut">{label}</span>
      {by && <span aria-hidden="true">{by.descends ? "↓" : "↑"}{place || ""}</span>}
    </button>
  );
}

/** The edge that is dragged to make a column wider; a double click gives its own width back. */
function Edge({ column, widen }: { column: Column; widen: (key: string, width: number) => void }) {
  const drag = (down: React.PointerEvent<HTMLSpanElement>) => {
    down.preventDefault();
    const edge = down.currentTarget;
    const from = down.clientX;
    const width = (event: PointerEvent) => clamped(column.width + event.clientX - from);
    const move = (event: PointerEvent) => widen(column.key, width(event));
    edge.setPointerCapture(down.pointerId);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("pointerup", () => edge.removeEventListener("pointermove", move), { once: true });
  };
  return <span className="runs-edge" aria-hidden="true" onPointerDown={drag} onDoubleClick={() => widen(column.key, 0)} />;
}
