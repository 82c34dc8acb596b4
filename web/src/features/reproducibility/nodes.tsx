import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { whole } from "../../lib/format";
import { ScrollX } from "../../ui/scroll-x";
import { When } from "../../ui/when";
import { FirstDifference } from "./different-runs";

type Address = { entity: string; project: string };

/** Which nodes give the same bits: verdicts by node, and the canary that each trains again and again. */
export function Nodes({ report, address }: { report: Schemas["ProjectReport"]; address: Address }) {
  const { by_node: counts, canary } = report;
  const flagged = new Map(canary?.nodes.flatMap((node) => (node.flag ? [[node.node, node.flag] as const] : [])));
  const names = [...new Set([...counts.map(({ node }) => node), ...(canary?.nodes.map(({ node }) => node) ?? [])])].sort();
  if (names.length === 0) return null;
  return (
    <section className="stack" aria-label="Nodes">
      <div className="row wrap">
        <h2>Where</h2>
        {canary && <span className="meta"><Link to="/$entity/$project/runs/$run" params={{ ...address, run: canary.run }}>The canary</Link> ({canary.state}) is trained every {canary.every_hours} h; {agreed(canary.original_agrees)}</span>}
      </div>
      <ScrollX label="Where runs were rerun">
        <table className="plain">
          <thead><tr><th>Node</th><th className="number">identical</th><th className="number">different</th><th className="number">not comparable</th><th>Canary</th></tr></thead>
          <tbody>
            {names.map((name) => {
              const count = counts.find(({ node }) => node === name);
              const node = canary?.nodes.find((each) => each.node === name);
              const flag = flagged.get(name);
              return (
                <tr key={name}>
                  <td>{name}{(flag ?? count?.flagged) && <span className="chip bad" title="Its bits are not the other nodes’">flagged</span>}{node && !node.alive && <span className="meta"> does not answer</span>}</td>
                  {(["identical", "different", "not_comparable"] as const).map((each) => <td key={each} className={each === "different" && count?.different ? "number bad" : "number"}>{whole(count?.[each] ?? 0)}</td>)}
                  <td>{node ? <CanaryWords node={node} /> : <span className="muted">–</span>}{flag && <div className="bad">{flag.reason} <span className="meta"><FirstDifference of={flag.first_difference} />, since <When at={flag.since} /></span></div>}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

function CanaryWords({ node }: { node: Schemas["CanaryNode"] }) {
  if (node.run === null) return <span className="muted">not trained here yet</span>;
  if (node.agrees === null) return <span className="muted">none has finished here yet</span>;
  return <span className={node.agrees ? "good" : "bad"}>{node.agrees ? "agrees with the others" : "differs from the others"} <span className="meta"><When at={node.ended_at} /></span></span>;
}

const agreed = (agrees: boolean | null): string => (agrees === null ? "no node has finished it again yet" : agrees ? "the nodes still give what it gave" : "the nodes no longer give what it gave");
