import type { Choice } from "./charts-runs";

/** A choice among what can be drawn of runs. */
export function KeyChoice({ label, value, all, change }: { label: string; value: string; all: readonly Choice[]; change: (key: string) => void }) {
  const known = all.some(({ key }) => key === value);
  return (
    <label>{label}
      <select className="charts-x" value={value} onChange={(event) => change(event.target.value)}>
        {!known && <option value={value}>{value || "choose…"}</option>}
        {(["Metrics", "Config"] as const).map((group) => (
          <optgroup key={group} label={group}>
            {all.filter((choice) => choice.group === group).slice(0, 600).map(({ key, label }) => <option key={key} value={key}>{label}</option>)}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
