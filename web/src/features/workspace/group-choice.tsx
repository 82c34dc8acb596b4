import { useState } from "react";
import type { Schemas } from "../../api/client";
import { keyLabel, pieces } from "../../lib/run-keys";
import { SEEDS } from "./group-menu";

const FIELDS = ["state", "node", "group", "job_type", "sweep"];

/** Nothing, everything but the seed, or some keys. */
export function GroupChoice({ group, fields, change, close }: { group: string; fields: Schemas["RunFields"] | undefined; change: (group: string) => void; close: () => void }) {
  const [sought, seek] = useState("");
  const chosen = group === SEEDS ? [] : pieces(group);
  const keys = [...(fields?.config.map(({ key }) => key) ?? []), ...FIELDS].filter((key) => key.toLowerCase().includes(sought.toLowerCase()));
  const set = (next: string) => { change(next); close(); };
  const toggle = (key: string) => change((chosen.includes(key) ? chosen.filter((each) => each !== key) : [...chosen, key]).join(","));
  return (
    <div className="picker">
      <button type="button" aria-pressed={group === ""} onClick={() => set("")}>Not grouped</button>
      <button type="button" aria-pressed={group === SEEDS} onClick={() => set(SEEDS)}>All but seed <span className="meta">runs that differ in their seed alone</span></button>
      <div className="picker-search"><input type="search" placeholder="Search what to group by" aria-label="Search what to group by" value={sought} onChange={(event) => seek(event.target.value)} /></div>
      {[...chosen, ...keys.filter((key) => !chosen.includes(key)).slice(0, 60)].map((key) => (
        <div key={key} className="picker-item"><label><input type="checkbox" checked={chosen.includes(key)} onChange={() => toggle(key)} /><span className="cut" title={key}>{keyLabel(key)}</span></label></div>
      ))}
      {keys.length === 0 && <p className="meta picker-item">Nothing is named like this.</p>}
    </div>
  );
}
