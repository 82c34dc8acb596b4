import { useEffect, useState } from "react";
import { SPREADS, type Spread } from "../../lib/bands";
import { DRAWINGS, type Drawing, MOST_SMOOTHING } from "../../lib/chart-view";
import { Menu } from "../../ui/menu";
import type { ChartsState } from "./charts-view";

/** What can be said of all charts at once. */
export function ChartsBar({ charts, metrics, grouped, live }: { charts: ChartsState; metrics: string[]; grouped: boolean; live: string }) {
  const { view, set } = charts;
  return (
    <div className="charts-bar">
      <label><span className="hidden-text">Drawing</span>
        <select value={view.drawing} onChange={(event) => set({ draw: event.target.value === "curves" ? undefined : event.target.value })}>
          {(Object.keys(DRAWINGS) as Drawing[]).map((name) => <option key={name} value={name}>{DRAWINGS[name]}</option>)}
        </select>
      </label>
      {view.drawing === "curves" && <CurveChoices charts={charts} metrics={metrics} grouped={grouped} />}
      <span className="space" />
      <span className="meta" role="status">{live === "live" ? <span className="good">● live</span> : live === "paused" ? "paused while hidden" : live === "connecting" ? "connecting…" : ""}</span>
    </div>
  );
}

function CurveChoices({ charts, metrics, grouped }: { charts: ChartsState; metrics: string[]; grouped: boolean }) {
  const { view, set, zoom } = charts;
  const flag = (name: string, on: boolean, value = "1") => set({ [name]: on ? value : undefined });
  return (
    <>
      <Later value={view.find} commit={(charts) => set({ charts })}>
        {(value, change) => <input type="search" className="charts-find" placeholder="Search charts" aria-label="Search charts" value={value} onChange={(event) => change(event.target.value)} />}
      </Later>
      <Later value={String(view.smoothing)} commit={(smooth) => set({ smooth: smooth === "0" ? undefined : smooth })}>
        {(value, change) => (
          <label title="A moving average, weighted by distance in x; the original stays visible behind it">Smoothing
            <input type="range" className="charts-range" min="0" max={MOST_SMOOTHING} step="0.01" value={value} onChange={(event) => change(event.target.value)} />
            <span className="charts-figure">{value}</span>
          </label>
        )}
      </Later>
      <label>x
        <select className="charts-x" value={view.x} onChange={(event) => set({ x: event.target.value === "step" ? undefined : event.target.value, zoom: undefined })}>
          <option value="step">step</option>
          <option value="time">time since start</option>
          <option value="wall">wall clock</option>
          <optgroup label="Another metric">{metrics.slice(0, 300).map((metric) => <option key={metric} value={`metric:${metric}`}>{metric}</option>)}</optgroup>
        </select>
      </label>
      <Menu label="Axes" closes={false}>
        <div className="stack charts-menu">
          <label><input type="checkbox" checked={view.logX} onChange={(event) => flag("logx", event.target.checked)} /> x logarithmic</label>
          <label><input type="checkbox" checked={view.logY} onChange={(event) => flag("logy", event.target.checked)} /> y logarithmic</label>
          <label><input type="checkbox" checked={view.outliers} onChange={(event) => flag("outliers", !event.target.checked, "0")} /> y reaches to outliers</label>
          <Window charts={charts} />
        </div>
      </Menu>
      {grouped && (
        <>
          <label>Band
            <select value={view.spread} onChange={(event) => set({ spread: event.target.value === "sd" ? undefined : event.target.value })}>
              {(Object.keys(SPREADS) as Spread[]).map((name) => <option key={name} value={name}>{SPREADS[name]}</option>)}
            </select>
          </label>
          <label><input type="checkbox" checked={view.members} onChange={(event) => flag("members", event.target.checked)} /> each run</label>
        </>
      )}
      {view.zoom && <button type="button" onClick={() => zoom(null)}>Show all of x</button>}
    </>
  );
}

/** The zoomed window by numbers, for whoever does not drag. */
function Window({ charts: { view, zoom } }: { charts: ChartsState }) {
  const [from, setFrom] = useState(String(view.zoom?.min ?? ""));
  const [to, setTo] = useState(String(view.zoom?.max ?? ""));
  const low = Number(from), high = Number(to);
  const fits = from !== "" && to !== "" && low < high;
  return (
    <form className="row" onSubmit={(event) => { event.preventDefault(); if (fits) zoom({ min: low, max: high }); }}>
      <label>from <input inputMode="decimal" className="charts-number" value={from} onChange={(event) => setFrom(event.target.value)} /></label>
      <label>to <input inputMode="decimal" className="charts-number" value={to} onChange={(event) => setTo(event.target.value)} /></label>
      <button type="submit" disabled={!fits}>Zoom</button>
    </form>
  );
}

/** A control whose value is kept here while it moves, and committed when it rests: the address is not written at every pixel. */
function Later({ value, commit, children }: { value: string; commit: (value: string) => void; children: (value: string, change: (value: string) => void) => React.ReactNode }) {
  const [draft, setDraft] = useState<string | null>(null);
  useEffect(() => {
    if (draft === null) return undefined;
    const timer = setTimeout(() => {
      commit(draft);
      setDraft(null);
    }, 120);
    return () => clearTimeout(timer);
  }, [draft, commit]);
  return children(draft ?? value, setDraft);
}
