import type { Schemas } from "../../api/client";
import { whole } from "../../lib/format";
import { Seal, type SealKind } from "../../ui/seal";

const PARTS: readonly { kind: SealKind; of: "identical" | "different" | "not_comparable"; words: string }[] = [
  { kind: "identical", of: "identical", words: "came out identical" },
  { kind: "different", of: "different", words: "came out different" },
  { kind: "not_comparable", of: "not_comparable", words: "could not be compared" },
];

/** One bar of all finished runs by what reruns said of them, and the same in words. */
export function Summary({ report }: { report: Schemas["ProjectReport"] }) {
  const never = report.runs - report.verified;
  if (report.runs === 0) return <p className="muted">No run of this project has finished yet; there is nothing to run again.</p>;
  return (
    <section className="stack" aria-label="Summary">
      <p className="reproducibility-lead">{lead(report)}</p>
      <div className="reproducibility-bar" role="img" aria-label={lead(report)}>
        {PARTS.map(({ of }) => report[of] > 0 && <span key={of} className={of} style={{ width: `${(100 * report[of]) / report.runs}%` }} />)}
      </div>
      <ul className="reproducibility-parts">
        {PARTS.map(({ kind, of, words }) => <li key={of}><Seal kind={kind} /> <b>{whole(report[of])}</b> {words}</li>)}
        <li><Seal kind="never" /> <b>{whole(never)}</b> never run again</li>
        {report.stale > 0 && <li><Seal kind="stale" /> <b>{whole(report.stale)}</b> of the verdicts are stale: no living node has what they rest on</li>}
        {report.waiting > 0 && <li className="muted">{whole(report.waiting)} {report.waiting === 1 ? "rerun waits or trains" : "reruns wait or train"}</li>}
      </ul>
    </section>
  );
}

function lead({ runs, verified, identical, different }: Schemas["ProjectReport"]): string {
  const finished = `${whole(runs)} finished ${runs === 1 ? "run" : "runs"}`;
  if (verified === 0) return `None of ${finished} was run again so far: whether they reproduce is not known.`;
  const came = identical === verified ? `${verified === 1 ? "" : "all of them "}bit for bit identical` : `${whole(identical)} bit for bit identical${different ? `, ${whole(different)} different` : ""}`;
  return `${whole(verified)} of ${finished} ${verified === 1 ? "was" : "were"} run again: ${came}.`;
}
