import { useDeferredValue, useEffect, useState } from "react";
import { useAddress } from "../../lib/address";
import { whole } from "../../lib/format";
import { grouped } from "../../lib/grouped";
import { isActive } from "../../lib/proof";
import { Trouble } from "../../ui/trouble";
import { Medium, type Shown } from "./medium";
import { type Run, useMedia } from "./use-run";

/** Images, tables, pages, sounds, films and histograms that the run logged, as of a step. */
export function Media({ run }: { run: Run }) {
  const [search, change] = useAddress();
  const given = /^\d{1,15}$/.test(search.step ?? "") ? Number(search.step) : undefined;
  const to = useDeferredValue(given);
  const newest = useMedia(run.id, {});
  const asked = useMedia(run.id, to === undefined ? {} : { to });
  const { refetch } = newest;
  useEffect(() => {
    if (!isActive(run.state)) return undefined;
    const timer = setInterval(() => { if (!document.hidden) void refetch(); }, 5_000);
    return () => clearInterval(timer);
  }, [run.state, refetch]);
  const [wanted, want] = useState("");
  if (asked.error && !asked.data) return <Trouble error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data || !newest.data) return <p className="muted">Loading …</p>;
  const keys = asked.data.keys.filter(({ key }) => key.toLowerCase().includes(wanted.toLowerCase()));
  if (asked.data.keys.length === 0) return <NoMedia run={run} />;
  const last = newest.data.items.reduce((most, { step }) => Math.max(most, step), 0);
  const shown = grouped(asked.data.items, ({ key }) => key);
  return (
    <div className="stack" aria-busy={asked.isPlaceholderData}>
      <div className="row wrap">
        <label className="run-slider">
          <span>As of step</span>
          <input type="range" min={0} max={last} value={Math.min(given ?? last, last)} aria-label="Step" onChange={(event) => change({ step: event.target.valueAsNumber >= last ? undefined : event.target.value })} />
          <span className="run-slider-value">{whole(Math.min(given ?? last, last))} of {whole(last)}</span>
        </label>
        {asked.data.keys.length > 4 && <input type="search" aria-label="Find a key" placeholder={`Find among ${asked.data.keys.length} keys`} value={wanted} onChange={(event) => want(event.target.value)} />}
      </div>
      {keys.length === 0 && <p className="muted">No key has “{wanted}” in its name.</p>}
      <div className="run-media">
        {keys.map(({ key, kind, count }) => <Key key={key} name={key} kind={kind} count={count} items={shown.get(key) ?? []} />)}
      </div>
    </div>
  );
}

function Key({ name, kind, count, items }: { name: string; kind: string; count: number; items: readonly Shown[] }) {
  const at = items[0]?.step;
  const isWide = kind === "table" || kind === "html" || kind === "video";
  return (
    <section className={isWide ? "run-media-key wide" : "run-media-key"} aria-label={name}>
      <div className="row"><h3 className="cut" title={name}>{name}</h3><span className="meta">{kind}{at === undefined ? "" : `, step ${whole(at)}`} · logged {count === 1 ? "once" : `${whole(count)} times`}</span></div>
      {items.length === 0 ? <p className="muted">Nothing was logged here up to this step.</p> : <div className="run-media-items">{items.map((item) => <Medium key={`${item.step} ${item.index}`} item={item} />)}</div>}
    </section>
  );
}

function NoMedia({ run }: { run: Run }) {
  return (
    <p className="muted">
      {run.origin === "managed" ? "Runs that this service trains log numbers; pictures, tables and sounds come from programs that use the wandb SDK." : "The run logged no image, table, page, sound, film or histogram."}
    </p>
  );
}
