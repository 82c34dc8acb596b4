import type { Schemas } from "../../api/client";
import { duration, whole } from "../../lib/format";

/** What a study would be: how many runs, how long, whether it can conclude at all, and which variants it may be about alone. */
export function Consequences({ dry, stale, waiting, refused, seeds, more, primary, setPrimary }: {
  dry: Schemas["StudyDryRun"] | undefined;
  stale: boolean;
  waiting: boolean;
  refused: boolean;
  seeds: readonly number[];
  more: (count: number) => void;
  primary: readonly string[];
  setPrimary: (names: string[]) => void;
}) {
  if (refused) return <p className="bad" role="status">This is refused as it stands; what is wrong is said where it stands.</p>;
  if (waiting || !dry) return <p className="muted" role="status">{waiting ? "How many runs this is, and how long they take, is said here once there is a baseline, a change and seeds." : "Trying…"}</p>;
  const changes = dry.variants.slice(1);
  return (
    <div className="stack" aria-busy={stale} style={{ opacity: stale ? 0.6 : 1 }}>
      <p role="status"><b>{whole(dry.runs)} {dry.runs === 1 ? "run" : "runs"} to train</b>{dry.reused > 0 && <>, {whole(dry.reused)} are there already</>}.</p>
      <p className="meta">{dry.estimated_from > 0 ? `About ${duration(dry.estimate_s)} until all have ended (${duration(dry.train_s)} of training), by ${whole(dry.estimated_from)} past ${dry.estimated_from === 1 ? "run" : "runs"}.` : "How long it takes is not known: nothing alike was trained here yet."}</p>
      {dry.warnings.map((each) => <p key={each} className="warn">{each}</p>)}
      {seeds.length < dry.seeds_needed
        ? <div><button type="button" onClick={() => more(dry.seeds_needed)}>Take {dry.seeds_needed} seeds</button></div>
        : <p className="meta">{dry.seeds_needed} seeds are the least that can show a difference.</p>}
      <h3>Variants</h3>
      <ul className="new-study-variants">
        <li className="muted">{dry.variants[0]}</li>
        {changes.map((name) => (
          <li key={name}>
            {changes.length > 1
              ? <label><input type="checkbox" checked={primary.includes(name)} onChange={(event) => setPrimary(event.target.checked ? [...primary, name] : primary.filter((each) => each !== name))} /><span>{name}</span></label>
              : name}
          </li>
        ))}
      </ul>
      {changes.length > 1 && <p className="meta">{primary.length ? `Concluded upon: the ${primary.length} that are ticked; the others show their numbers alone.` : "Tick those that the study is about, and it needs fewer seeds; none ticked means all."}</p>}
    </div>
  );
}
