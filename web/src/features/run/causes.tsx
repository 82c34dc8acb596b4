import { advice } from "../../lib/advice";
import { value } from "../../lib/format";
import { type Verdict } from "../../lib/proof";
import { ScrollX } from "../../ui/scroll-x";

/** Why the runs may have parted, likely causes first, each with what to do; what else differs between the environments is folded away. */
export function Causes({ verdict }: { verdict: Verdict }) {
  if (verdict.outcome === "identical" && verdict.environment.length === 0) return null;
  const likely = verdict.causes.filter((cause) => cause.likely);
  const unlikely = verdict.causes.filter((cause) => !cause.likely);
  return (
    <section className="stack" aria-label="Causes">
      {verdict.outcome !== "identical" && <h2>{likely.length > 0 ? (likely.length === 1 ? "The likely cause" : "Likely causes") : "Nothing on record explains it"}</h2>}
      {verdict.outcome !== "identical" && likely.length === 0 && <p>{advice("", null)}</p>}
      {likely.length > 0 && <ol className="run-causes">{likely.map((cause) => <One key={cause.what} cause={cause} />)}</ol>}
      {unlikely.length > 0 && (
        <details><summary>{unlikely.length} more that differ, but that what was compared speaks against</summary><ul className="run-causes">{unlikely.map((cause) => <One key={cause.what} cause={cause} />)}</ul></details>
      )}
      {verdict.environment.length > 0 && (
        <details>
          <summary>{verdict.environment.length} {verdict.environment.length === 1 ? "value" : "values"} of the environment {verdict.environment.length === 1 ? "differs" : "differ"}</summary>
          <ScrollX label="What differs of the environment">
            <table className="plain">
              <thead><tr><th scope="col">Path</th><th scope="col">Original</th><th scope="col">Rerun</th></tr></thead>
              <tbody>{verdict.environment.map(({ path, original, rerun }) => <tr key={path}><th scope="row"><code>{path}</code></th><td className="mono">{value(original)}</td><td className="mono">{value(rerun)}</td></tr>)}</tbody>
            </table>
          </ScrollX>
        </details>
      )}
    </section>
  );
}

function One({ cause }: { cause: Verdict["causes"][number] }) {
  return (
    <li>
      <div><b>{cause.what}</b> <span className="mono">{brief(cause.original)} → {brief(cause.rerun)}</span></div>
      <div>{cause.why}</div>
      {cause.likely && <div className="run-advice">{advice(cause.what, cause.original)}</div>}
    </li>
  );
}

/** A value, or the beginning of a digest. */
const brief = (given: unknown): string => {
  const text = value(given);
  return text.length > 40 ? `${text.slice(0, 16)}…` : text;
};
