import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import type { Study, Variant } from "../../lib/forest";
import { number } from "../../lib/format";
import { ScrollX } from "../../ui/scroll-x";
import { State, type RunState } from "../../ui/state";

/** The table of variants, with or without the seeds that diverged; each opens into its seeds and their runs. */
export function VariantsTable({ study, address }: { study: Study; address: { entity: string; project: string } }) {
  const [without, leaveOut] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const diverged = study.variants.some((variant) => variant.diverged > 0);
  const flip = (name: string) => setOpen((before) => (before.has(name) ? new Set([...before].filter((each) => each !== name)) : new Set([...before, name])));
  return (
    <section className="stack" aria-label="Variants">
      <div className="row wrap">
        <h2>Variants</h2><span className="meta">{study.metric}, {study.use}</span>
        <span className="space" />
        {diverged && <label><input type="checkbox" checked={without} onChange={(event) => leaveOut(event.target.checked)} /> Numbers without the seeds that diverged</label>}
      </div>
      <ScrollX label="Variants">
        <table className="plain variants">
          <thead>
            <tr>
              <th>Variant</th><th className="number">n</th><th className="number">mean</th><th className="number">sd</th><th className="number">median</th><th className="number">min</th><th className="number">max</th>
              <th className="number">diverged</th>{study.threshold !== null && <th className="number">iterations to {number(study.threshold)}</th>}
            </tr>
          </thead>
          <tbody>
            {study.variants.map((variant) => (
              <Fragment key={variant.name}>
                <tr>
                  <td>
                    <button type="button" className="plain variants-open" aria-expanded={open.has(variant.name)} onClick={() => flip(variant.name)}>
                      <span aria-hidden="true">{open.has(variant.name) ? "▾" : "▸"}</span><span className="variants-name">{variant.name}</span>
                    </button>
                  </td>
                  <Numbers variant={variant} without={without} />
                  <td className={variant.diverged ? "number bad" : "number"}>{variant.diverged}</td>
                  {study.threshold !== null && <td className="number"><Threshold variant={variant} /></td>}
                </tr>
                {open.has(variant.name) && <tr><td colSpan={study.threshold === null ? 8 : 9}><Seeds variant={variant} address={address} /></td></tr>}
              </Fragment>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

function Numbers({ variant, without }: { variant: Variant; without: boolean }) {
  const of = without ? variant.converged : variant;
  return (
    <>
      <td className="number">{of.n}</td>
      {([of.mean, of.sd, of.median, of.min, of.max] as const).map((each, place) => <td key={place} className="number">{number(each)}</td>)}
    </>
  );
}

function Threshold({ variant: { to_threshold: to } }: { variant: Variant }) {
  if (!to) return <>–</>;
  return <span title={`${to.reached} reached it, ${to.censored} did not within ${to.horizon} iterations`}>{number(to.median)} <span className="meta">{to.reached} of {to.reached + to.censored}</span></span>;
}

function Seeds({ variant, address }: { variant: Variant; address: { entity: string; project: string } }) {
  return (
    <div className="stack">
      <p className="variants-words">{variant.words}</p>
      {variant.change.length > 0 && <p className="meta">{variant.change.map(({ path, from, to }) => <code key={path}>{path}: {JSON.stringify(from)} → {JSON.stringify(to)} </code>)}</p>}
      <ul className="variants-seeds" aria-label={`Seeds of ${variant.name}`}>
        {variant.seeds.slice(0, 500).map((seed) => (
          <li key={seed.seed}>
            <span className="meta">seed {seed.seed}</span>
            {seed.state === "missing" ? <span className="muted">deleted</span> : <State state={seed.state as RunState} words={false} />}
            {seed.run ? <Link to="/$entity/$project/runs/$run" params={{ ...address, run: seed.run }}>{seed.value === null ? seed.state : number(seed.value)}</Link> : "–"}
            {seed.diverged && <span className="bad">diverged</span>}
          </li>
        ))}
      </ul>
      {variant.seeds.length > 500 && <p className="meta">The first 500 of {variant.seeds.length} seeds.</p>}
    </div>
  );
}
