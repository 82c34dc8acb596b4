import "./workspace.css";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import type { Conclusion } from "../../lib/concluded";
import { stroke } from "../../lib/colours";
import type { SortKey } from "../../lib/sorting";
import { useNow } from "../../ui/when";
import { GroupLine } from "./group-line";
import { Head } from "./head";
import type { Line } from "./lines";
import { type Layout, RunLine } from "./run-line";
import type { RunRow } from "./use-runs";

const LOW = 32;
const TALL = 44;

export interface TableDoes {
  sort: (key: string, adds: boolean) => void;
  move: (key: string, onto: string) => void;
  widen: (key: string, width: number) => void;
  /** Something in a line was clicked: its eye, its tick, its opener, or the line itself. */
  clicked: (line: number, what: "eye" | "tick" | "open" | "line", event: MouseEvent) => void;
  opened: (line: number) => void;
  hovered: (run: string | null) => void;
  tickAll: () => void;
  more: () => void;
}

/** The rows that are on screen, of as many as there are; `more` is called when the last of those that are known comes near. */
export function RunTable({ project, lines, total, layout, sort, shown, ticked, active, chosen, baseline, conclusions, group, names, stale, does, label, children }: {
  project: string;
  lines: readonly Line[];
  total: number;
  layout: Layout;
  sort: readonly SortKey[];
  shown: ReadonlyMap<string, number>;
  ticked: ReadonlyMap<string, RunRow>;
  active: number;
  chosen: string;
  baseline: RunRow | undefined;
  conclusions: ReadonlyMap<string, readonly Conclusion[]>;
  group: string;
  names: ReadonlyMap<object, string>;
  stale: boolean;
  does: TableDoes;
  label: string;
  children?: ReactNode;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow(30_000);
  const tall = group !== "" || baseline !== undefined;
  const height = tall ? TALL : LOW;
  const top = LOW + (baseline ? TALL : 0);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing of it is memoized here
  const rows = useVirtualizer({
    count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 8, scrollPaddingStart: top, scrollPaddingEnd: 8,
    getItemKey: (place) => lines[place]!.id,
  });
  const items = rows.getVirtualItems();
  useEffect(() => rows.measure(), [rows, height]);
  useEffect(() => {
    if (active >= 0) rows.scrollToIndex(active, { align: "auto" });
  }, [rows, active]);
  const last = items.at(-1)?.index ?? -1;
  const { more, hovered } = does;
  useEffect(() => {
    if (last >= lines.length - 30) more();
  }, [last, lines.length, more]);
  const seen = items.some(({ index }) => index === active);
  const strokeOf = (id: string) => (shown.has(id) ? stroke(shown.get(id)!) : undefined);
  const lineOf = (event: MouseEvent): number => Number((event.target as HTMLElement).closest<HTMLElement>("[data-line]")?.dataset.line ?? -1);

  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the whole page hears the keys: use-keys.ts
    <div
      ref={scroller} className={stale ? "runs stale" : "runs"} role={children ? "group" : "grid"} aria-label={label} aria-rowcount={children ? undefined : total + 1} aria-colcount={children ? undefined : layout.columns.length} aria-busy={stale} tabIndex={0}
      aria-activedescendant={seen ? `line-${active}` : undefined}
      onClick={(event) => {
        const line = lineOf(event);
        const what = (event.target as HTMLElement).closest<HTMLElement>("[data-act]")?.dataset.act;
        if (line < 0 || what === "link") return;
        does.clicked(line, (what ?? "line") as "eye" | "tick" | "open" | "line", event);
      }}
      onDoubleClick={(event) => { if (!(event.target as HTMLElement).closest("[data-act]") && lineOf(event) >= 0) does.opened(lineOf(event)); }}
      onPointerOver={(event) => hovered((event.target as HTMLElement).closest<HTMLElement>("[data-run]")?.dataset.run ?? null)}
      onPointerLeave={() => hovered(null)}
    >
      {!children && <div className="runs-top" role="rowgroup" style={{ width: layout.total, minWidth: "100%" }}>
        <Head layout={layout} sort={sort} group={group} ticked={ticked.size > 0} tick={does.tickAll} does={does} />
        {baseline && (
          <div role="row" aria-label="The baseline" className="runs-line tall baseline" data-run={baseline.id} style={{ width: layout.total }}>
            <RunLine run={baseline} project={project} layout={layout} stroke={strokeOf(baseline.id)} ticked={ticked.has(baseline.id)} chosen={false} baseline={baseline} now={now} />
          </div>
        )}
      </div>}
      {children ?? (
        <div className="runs-body" role="rowgroup" style={{ height: rows.getTotalSize(), width: layout.total, minWidth: "100%" }}>
          {items.map(({ index, start, key }) => {
            const line = lines[index];
            if (!line) return null;
            const marks = [tall ? "runs-line tall" : "runs-line", index === active && "active", line.id === chosen && "chosen"].filter(Boolean).join(" ");
            return (
              <div key={key} id={`line-${index}`} role="row" aria-rowindex={index + 2} data-line={index} data-run={line.kind === "run" ? line.id : undefined} className={marks} aria-selected={line.kind === "run" ? ticked.has(line.id) : undefined} style={{ transform: `translateY(${start}px)`, width: layout.total }}>
                {line.kind === "run" && <RunLine run={line.run} project={project} layout={layout} stroke={strokeOf(line.id)} ticked={ticked.has(line.id)} chosen={line.id === chosen} baseline={baseline} conclusions={conclusions.get(line.run.id)} member={line.member} now={now} />}
                {line.kind === "group" && <GroupLine group={line.group} name={names.get(line.group) ?? ""} layout={layout} stroke={strokeOf(line.id)} open={line.open} />}
                {line.kind === "note" && <div role="gridcell" className="runs-note">{line.words}</div>}
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}
