import { useState } from "react";
import type { Schemas } from "../../api/client";
import { arranged, type Column, widthOf } from "../../lib/columns";
import { keyLabel, runKey } from "../../lib/run-keys";

const MOST = 60;
const OTHERS = ["change", "tags", "progress", "reproduced", "queue_position", "waiting_for"];

/** Which columns there are, in which order, which of them are pinned; all that a project's runs have can be found and added. */
export function ColumnsPicker({ columns, fields, change, reset }: { columns: Column[]; fields: Schemas["RunFields"] | undefined; change: (columns: readonly Column[]) => void; reset: (() => void) | undefined }) {
  const [sought, seek] = useState("");
  const has = (key: string) => columns.some((column) => column.key === key);
  const add = (key: string) => change([...columns, { key, width: widthOf(key), pinned: false }]);
  const remove = (key: string) => change(columns.filter((column) => column.key !== key));
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = offered(fields).filter((key) => !has(key) && words.every((word) => key.toLowerCase().includes(word)));
  return (
    <div className="picker">
      <div className="picker-search">
        {/* eslint-disable-next-line jsx-a11y/no-autofocus -- the panel was just opened to search in it */}
        <input type="search" autoFocus placeholder="Search metrics, config, fields" aria-label="Search columns" value={sought} onChange={(event) => seek(event.target.value)} />
      </div>
      {sought === "" && <h3>In the table</h3>}
      {sought === "" && columns.map((column, place) => (
        <div key={column.key} className="picker-item">
          <label><input type="checkbox" checked disabled={column.key === "name"} onChange={() => remove(column.key)} /><span className="cut" title={column.key}>{keyLabel(column.key)}</span></label>
          <button type="button" className="plain" aria-label={`Move ${keyLabel(column.key)} up`} disabled={place === 0} onClick={() => change(swapped(columns, place, place - 1))}>↑</button>
          <button type="button" className="plain" aria-label={`Move ${keyLabel(column.key)} down`} disabled={place === columns.length - 1} onClick={() => change(swapped(columns, place, place + 1))}>↓</button>
          <button
            type="button" className="plain" aria-pressed={column.pinned} aria-label={`Pin ${keyLabel(column.key)}`} title="A pinned column stays while the others scroll"
            onClick={() => change(arranged(columns.map((each) => (each === column ? { ...each, pinned: !each.pinned } : each))))}
          >
            {column.pinned ? "unpin" : "pin"}
          </button>
        </div>
      ))}
      <h3>{sought ? `${found.length} found` : "To add"}</h3>
      {found.slice(0, MOST).map((key) => (
        <div key={key} className="picker-item">
          <label><input type="checkbox" checked={false} onChange={() => add(key)} /><span className="cut" title={key}>{keyLabel(key)}</span><span className="meta">{KIND[runKey(key).root]}</span></label>
        </div>
      ))}
      {found.length > MOST && <p className="meta picker-item">{found.length - MOST} more: search to find them</p>}
      {found.length === 0 && <p className="meta picker-item">No column is named like this.</p>}
      {reset && <div className="picker-item"><button type="button" onClick={reset}>Standard columns</button></div>}
    </div>
  );
}

const KIND = { metric: "metric", config: "config", field: "" } as const;

function offered(fields: Schemas["RunFields"] | undefined): string[] {
  if (!fields) return OTHERS;
  const metrics = fields.metrics.flatMap(({ key }) => [key, `${key}.min`, `${key}.max`, `${key}.min_step`, `${key}.max_step`, `${key}.count`, `${key}.non_finite`]);
  const plain = fields.fields.map(({ key }) => key).filter((key) => !["heartbeat_at", "username", "host", "commit", "program"].includes(key));
  return [...new Set([...metrics, ...fields.config.map(({ key }) => key), ...OTHERS, ...plain])];
}

/** Two neighbours changed about; the one that moves takes the pin of where it comes to. */
function swapped(columns: readonly Column[], from: number, to: number): Column[] {
  const next = [...columns];
  [next[from], next[to]] = [{ ...columns[to]!, pinned: columns[from]!.pinned }, { ...columns[from]!, pinned: columns[to]!.pinned }];
  return next;
}
