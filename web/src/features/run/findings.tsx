import { useAddress } from "../../lib/address";
import { whole } from "../../lib/format";
import { type Run } from "./use-run";

/** What went wrong in the training, in words, with the rule that says so. */
export function Findings({ run, layers = true }: { run: Run; layers?: boolean }) {
  const [, change] = useAddress();
  if (!run.findings || run.findings.length === 0) return null;
  return (
    <section className="panel run-findings" aria-label="Findings">
      <ul>
        {run.findings.map(({ kind, words, rule, step, layer }) => (
          <li key={kind + layer + step}>
            <b className="warn">{kind.replaceAll("_", " ")}</b> {words}{!words.includes(`step ${step}`) && <span className="meta"> from step {whole(step)}</span>}
            {layers && layer && <button type="button" className="plain" onClick={() => change({ tab: "diagnostics" }, { push: true })}>See the layer {layer}</button>}
            <details className="meta"><summary>The rule</summary>{rule}</details>
          </li>
        ))}
      </ul>
    </section>
  );
}
