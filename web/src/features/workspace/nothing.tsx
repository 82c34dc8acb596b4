import "./nothing.css";
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { body, client } from "../../api/client";
import { whole } from "../../lib/format";
import { conditions, joined } from "../../lib/conditions";
import { Copy } from "../../ui/copy";

const MOST_COUNTED = 12;

/** Nothing matches: how many runs each condition leaves, so that it can be seen which one removed the last of them. */
export function NothingMatches({ project, filter, archived, change }: { project: string; filter: string; archived: boolean; change: (changes: Record<string, string>) => void }) {
  const all = conditions(filter).slice(0, MOST_COUNTED);
  const counts = useQueries({
    queries: all.map((_, place) => {
      const upTo = [...all.slice(0, place + 1).map(({ text }) => text), ...(archived ? [] : ["archived = false"])].join(" and ");
      return {
        queryKey: ["run-count", project, upTo],
        queryFn: async ({ signal }: { signal: AbortSignal }) => (await body(client.GET("/api/v1/runs", { params: { query: { project, filter: upTo, fields: "id", limit: 1, total: true } }, signal }))).total ?? 0,
      };
    }),
  });
  const left = counts.map(({ data }) => data);
  const culprit = left.findIndex((count) => count === 0);
  return (
    <div className="nothing stack" role="status">
      <h2>No run matches</h2>
      {culprit >= 0 && (
        <p><code>{all[culprit]!.text}</code> removed {culprit === 0 ? "every run" : `the last ${whole(left[culprit - 1] ?? 0)}`}.</p>
      )}
      <ol>
        {all.map(({ text }, place) => (
          <li key={place}>
            <code className={place === culprit ? "bad" : undefined}>{text}</code><span className="space" /><span className="meta">{left[place] === undefined ? "…" : `leaves ${whole(left[place])}`}</span>
            <button type="button" aria-label={`Without ${text}`} onClick={() => change({ filter: joined(all.filter((_, at) => at !== place)) })}>Without this</button>
          </li>
        ))}
      </ol>
      <div className="row">
        <button type="button" onClick={() => change({ filter: "" })}>Clear the filter</button>
        {!archived && <button type="button" onClick={() => change({ archived: "1" })}>Look among archived runs, too</button>}
      </div>
    </div>
  );
}

/** A project without runs: the three ways to the first one. */
export function NoRuns({ project, missing = false, archived }: { project: string; missing?: boolean; archived?: (() => void) | undefined }) {
  const origin = location.origin;
  const ways = [
    {
      name: "With curl", text: [
        `curl -s ${origin}/api/v1/runs -H "Authorization: Bearer $RUNTWICE_API_KEY" -H 'Content-Type: application/json' \\`,
        `  -d '{"project": "${project}", "config": {"dataset": {"name": "digits"}}}'`,
      ].join("\n"),
    },
    { name: "With the command line", text: `export RUNTWICE_URL=${origin} RUNTWICE_API_KEY=…\necho '{"dataset": {"name": "digits"}}' > config.json\nruntwice submit config.json --project ${project} --wait` },
    {
      name: "From a script that imports wandb", text: `export WANDB_BASE_URL=${origin} WANDB_API_KEY=$RUNTWICE_API_KEY\npython -c 'import wandb
with wandb.init(entity="${project.split("/")[0]!}", project="${project.split("/")[1]!}") as run:
    run.log({"loss": 1.0})'`,
    },
  ];
  return (
    <div className="nothing stack">
      <h2>{missing ? `There is no project ${project}` : "No runs yet"}</h2>
      <p>{missing && "Its first run makes it, if your key may. "}A run appears here as soon as it is submitted. Three ways to the first one; the key is one of yours from <Link to="/settings" hash="keys">the settings</Link>. Or fill in <Link to="/submit" search={{ project } as never}>the form</Link>.</p>
      {ways.map(({ name, text }) => (
        <section key={name} className="stack">
          <div className="row"><h3>{name}</h3><span className="space" /><Copy text={text} /></div>
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- long lines scroll sideways, by keyboard too */}
          <pre tabIndex={0} aria-label={`${name}, as text`}>{text}</pre>
        </section>
      ))}
      {archived && <div><button type="button" onClick={archived}>Show archived runs</button></div>}
    </div>
  );
}
