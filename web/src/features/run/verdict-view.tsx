import { Link } from "@tanstack/react-router";
import { Refused } from "../../api/client";
import { projectParts } from "../../lib/address";
import { whole } from "../../lib/format";
import { timeline, type Verdict } from "../../lib/proof";
import { exact } from "../../lib/ulps";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { Around } from "./around";
import { Causes } from "./causes";
import { DigestTimeline } from "./digest-timeline";
import { type Run, useChain, useOtherRun } from "./use-run";

const HEAD = { identical: "The same bits", different: "Other bits", not_comparable: "Not comparable" } as const;
const COLOUR = { identical: "good", different: "bad", not_comparable: "muted" } as const;
const CHECKS: Record<string, string> = { data: "data", split: "split", order: "order of batches", initial: "first weights", points: "every logged value", final: "final weights" };

/** A verdict with everything it rests on. */
export function VerdictView({ original, rerun, verdict, isRerun }: { original: string; rerun: string; verdict: Verdict; isRerun: boolean }) {
  const one = useOtherRun(original);
  const other = useOtherRun(rerun);
  const error = [one.error, other.error].find((each) => each && !isHidden(each));
  if (error) return <Trouble error={error} />;
  if ((!one.data && !one.error) || (!other.data && !other.error)) return <p className="muted">Loading …</p>;
  const both = one.data && other.data ? { one: one.data, other: other.data } : null;
  return (
    <>
      <Summary one={one.data ?? null} other={other.data ?? null} verdict={verdict} isRerun={isRerun} />
      {both ? <Chains {...both} /> : <p className="muted">The other run was deleted or is not shared with you: its digests and values cannot be shown beside these.</p>}
      {both && verdict.first_difference && <Around {...both} first={verdict.first_difference} />}
      <Causes verdict={verdict} />
    </>
  );
}

/** Whoever holds a read-only link to one of the runs may not see the other; and it may be gone. */
const isHidden = (error: Error): boolean => error instanceof Refused && error.status === 404;

function Chains({ one, other }: { one: Run; other: Run }) {
  const mine = useChain(one.id);
  const theirs = useChain(other.id);
  if (!mine.data || !theirs.data) return <p className="muted">Loading the digests …</p>;
  const made = timeline({ digests: one.digests ?? one.told?.digests ?? null, chain: mine.data.items }, { digests: other.digests ?? other.told?.digests ?? null, chain: theirs.data.items });
  return <DigestTimeline timeline={made} names={[one.name, other.name]} />;
}

function Summary({ one, other, verdict, isRerun }: { one: Run | null; other: Run | null; verdict: Verdict; isRerun: boolean }) {
  const compared = Object.entries(verdict.checked);
  return (
    <section className={`run-verdict ${verdict.outcome}`} aria-label="Verdict">
      <div className="row wrap">
        <h2 className={COLOUR[verdict.outcome]}>{HEAD[verdict.outcome]}</h2>
        <span className="muted">judged <When at={verdict.judged_at} /></span>
        <span className="space" />
        {isRerun && <a className="button" href={`/api/v1/runs/${verdict.rerun}/verdict/receipt`} download={`receipt-${verdict.rerun}.json`}>Download the receipt</a>}
      </div>
      <p>{verdict.reason}</p>
      {verdict.stale && <p className="warn"><b>Stale.</b> {verdict.stale_reason} Rerun it to know whether it still holds.</p>}
      <ul className="run-checks" aria-label="What was compared">
        {compared.map(([what, found]) => (
          <li key={what} className={found === "same" ? "good" : found === "different" ? "bad" : "muted"}>
            <span aria-hidden="true">{found === "same" ? "=" : found === "different" ? "≠" : "?"}</span> {CHECKS[what] ?? what}<span className="hidden-text">: {found}</span>
          </li>
        ))}
      </ul>
      <p className="meta">
        {whole(verdict.points_compared)} values{verdict.chain ? ` and ${whole(verdict.chain.links_compared)} links of the digest chain` : ""} compared by bits, between{" "}
        <Named run={one} words={one?.name ?? verdict.original} /> and <Named run={other} words={isRerun ? "its rerun" : (other?.name ?? verdict.rerun)} />.
        {verdict.judged && ` Training ${verdict.judged.training}, evaluation ${verdict.judged.evaluation}, state ${verdict.judged.state}.`}
      </p>
      {verdict.first_difference && (
        <p>
          First differing value: <code>{verdict.first_difference.metric}</code> at step {verdict.first_difference.step}, <code>{exact(verdict.first_difference.original)}</code> and{" "}
          <code>{exact(verdict.first_difference.rerun)}</code>{verdict.first_difference.ulps === null ? "" : `: ${whole(verdict.first_difference.ulps)} ${verdict.first_difference.ulps === 1 ? "ulp" : "ulps"} of ${verdict.first_difference.ulp_of} apart`}.
        </p>
      )}
    </section>
  );
}

/** "baseline on gpu-1", leading to it if it may be seen. */
function Named({ run, words }: { run: Run | null; words: string }) {
  if (!run) return <>{words}</>;
  return <><Link to="/$entity/$project/runs/$run" params={{ ...projectParts(run.project), run: run.id }}>{words}</Link>{run.node ? ` on ${run.node}` : ""}</>;
}
