// What pressing Submit would do: what changes, what to mind, how long it takes, who is before it.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { body, client, Refused, type Schemas } from "../../api/client";
import { projectParts } from "../../lib/address";
import { duration, value as shown, whole } from "../../lib/format";
import { ScrollX } from "../../ui/scroll-x";
import { State } from "../../ui/state";
import { inputId } from "../../ui/fields";
import { useTwins } from "./queries";

export function Consequences({ dry, error, stale, baseline, project }: { dry: Schemas["DryRun"] | undefined; error: unknown; stale: boolean; baseline: string; project: string }) {
  return (
    <section className="stack" aria-label="What this would do" aria-live="polite">
      {error ? <Refusals error={error} /> : null}
      {dry && (
        <div className={stale || error ? "stack submit-stale" : "stack"}>
          <Changes change={dry.change} factors={dry.factors} baseline={baseline} project={project} />
          <dl className="submit-facts">
            <dt>Training</dt><dd>{dry.estimate_s < 1 ? "under a second" : `about ${duration(dry.estimate_s)}`}</dd>
            <QueueFacts device={typeof dry.config.device === "string" ? dry.config.device : "cpu"} />
            <dt>Config digest</dt><dd><code title={dry.config_digest}>{dry.config_digest.slice(0, 12)}</code></dd>
          </dl>
          {!error && <Twins project={project} digest={dry.config_digest} />}
        </div>
      )}
      {!dry && !error && <p className="muted">Asking the service what this would do…</p>}
    </section>
  );
}

function Changes({ change, factors, baseline, project }: { change: Schemas["Change"][]; factors: string[]; baseline: string; project: string }) {
  if (!baseline) return <p className="muted">Without a baseline: nothing to compare with. Begin from a run to change one thing of it.</p>;
  return (
    <div className="stack">
      <h2>{change.length ? (factors.length === 1 ? `One change: ${factors[0]}` : factors.length ? `${factors.length} factors changed` : "No factor changed") : "Nothing changed yet"}</h2>
      {factors.length > 1 && (
        <p className="submit-warning" role="note">
          This changes {factors.length} factors at once ({factors.join(", ")}): a difference in its result cannot be pinned on one of them. Better make it {factors.length} runs.
        </p>
      )}
      {!change.length && <p className="muted">As it stands this is <BaselineLink run={baseline} project={project} /> again, under its own id.</p>}
      {change.length > 0 && (
        <ScrollX label="What changes">
          <table className="plain">
            <thead><tr><th scope="col">Field</th><th scope="col">Baseline</th><th scope="col">This run</th></tr></thead>
            <tbody>
              {change.map(({ path, from, to }) => (
                <tr key={path}><td><code>{path}</code></td><td className="muted">{shown(from)}</td><td><b>{shown(to)}</b></td></tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </div>
  );
}

function BaselineLink({ run, project }: { run: string; project: string }) {
  const parts = projectParts(project);
  return parts.project ? <Link to="/$entity/$project/runs/$run" params={{ ...parts, run }}>the baseline</Link> : <>the baseline</>;
}

function QueueFacts({ device }: { device: string }) {
  const queue = useQuery({ queryKey: ["queue"], queryFn: () => body(client.GET("/api/v1/queue")), refetchInterval: 10_000 });
  const nodes = useQuery({ queryKey: ["nodes"], queryFn: () => body(client.GET("/api/v1/nodes")), staleTime: 10_000 });
  if (!queue.data || !nodes.data) return null;
  const name = device.split(":")[0]!;
  const serving = nodes.data.items.filter((node) => node.alive && node.queues.includes(name));
  const slots = serving.reduce((total, node) => total + node.slots, 0);
  const [waiting, running] = (["queued", "running"] as const).map((state) => queue.data.items.filter((item) => item.queue === name && item.state === state).length) as [number, number];
  return (
    <>
      <dt>Queue</dt>
      <dd>
        {serving.length === 0 && <span className="warn">No node serves the queue {name} now: it would wait until one comes.</span>}
        {serving.length > 0 && (waiting ? `${whole(waiting)} before it` : running < slots ? "begins at once" : "next to begin")}
        {serving.length > 0 && <span className="muted"> · {running} of {slots} {slots === 1 ? "slot" : "slots"} busy on {serving.length === 1 ? serving[0]!.name : `${serving.length} nodes`}</span>}
      </dd>
    </>
  );
}

function Twins({ project, digest }: { project: string; digest: string }) {
  const { data } = useTwins(project, digest);
  const twins = (data?.items ?? []) as unknown as { id: string; name: string; state: Schemas["RunListed"]["state"]; project: string }[];
  if (!twins.length) return null;
  return (
    <p className="submit-note">
      The project has this very config already:{" "}
      {twins.map((run) => (
        <span key={run.id} className="submit-twin"><Link to="/$entity/$project/runs/$run" params={{ ...projectParts(run.project), run: run.id }}>{run.name}</Link> <State state={run.state} /></span>
      ))}
      {" "}The same config gives the same bits; to check that, use Rerun on its page.
    </p>
  );
}

function Refusals({ error }: { error: unknown }) {
  const fields = error instanceof Refused ? (error.problem.errors ?? []) : [];
  return (
    <div className="submit-refused" role="alert">
      <strong>{fields.length ? `${fields.length === 1 ? "One field is" : `${fields.length} fields are`} not right yet` : "This cannot be submitted"}</strong>
      {fields.length === 0 && <div>{error instanceof Error ? error.message : String(error)}</div>}
      <ul>
        {fields.map(({ pointer, detail }) => (
          <li key={pointer + detail}><a href={`#${target(pointer)}`} onClick={(event) => { event.preventDefault(); reveal(target(pointer)); }}><code>{pathOf(pointer) || "the whole"}</code></a> {detail}</li>
        ))}
      </ul>
    </div>
  );
}

/** "/config/optimizer/lr" as "optimizer.lr"; of what is not in the config, its name. */
export const pathOf = (pointer: string): string => pointer.replace(/^\/(config\/)?/, "").replaceAll("/", ".");

const target = (pointer: string): string => inputId(pathOf(pointer).replace(/\.\d+$/, "").replace(/\.kind$/, ""));

function reveal(id: string): void {
  const element = document.getElementById(id);
  const folded = element?.closest("details");
  if (folded) folded.open = true;
  element?.scrollIntoView({ block: "center" });
  element?.focus();
}
