import "./first-runs.css";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { body, client, once } from "../api/client";
import { useMay } from "../api/me";
import { Copy } from "./copy";
import { Trouble } from "./trouble";

/** The three ways to a first run, with this service's address and, for who may make one, a key filled in. */
export function FirstRuns({ project }: { project: string }) {
  const mayMint = useMay("admin");
  const [key, setKey] = useState<string | null>(null);
  const mint = useMutation({
    mutationFn: () => body(client.POST("/api/v1/keys", { headers: once(), body: { name: `first runs, ${new Date().toISOString().slice(0, 10)}`, role: "member" } })),
    onSuccess: (made) => setKey(made.key),
  });
  const url = location.origin;
  const shown = key ?? "YOUR_KEY";
  const name = project.split("/").at(-1)!;
  const entity = project.includes("/") ? `entity=${JSON.stringify(project.split("/")[0])}, ` : "";
  return (
    <section className="stack first-runs" aria-label="Ways to a first run">
      <div className="row wrap">
        {key ? <span>The key stands in the texts below. It is told this once: copy it now.</span> : <span className="muted">Put a key where it says YOUR_KEY. <Link to="/settings" hash="keys">Keys</Link></span>}
        {mayMint && !key && <button type="button" onClick={() => mint.mutate()} disabled={mint.isPending}>Make a key and fill it in</button>}
      </div>
      {mint.error && <Trouble error={mint.error} />}
      <div className="first-runs-ways">
        <div className="stack">
          <h2>1. In the browser</h2>
          <p>A form with every field of a config, its default and its meaning.</p>
          <div><Link to="/submit" search={{ project } as never} className="button primary">Submit a run</Link></div>
        </div>
        <Way title="2. On the command line" text={`export RUNTWICE_URL=${url} RUNTWICE_API_KEY=${shown}\necho '{dataset: {name: digits}, total_iterations: 500}' | \\\n  runtwice submit - --project ${project} --wait`}>The service trains it, and can train it again to the same bits.</Way>
        <Way title="3. A script that imports wandb" text={`export WANDB_BASE_URL=${url} WANDB_API_KEY=${shown}\n\n# train.py\nimport wandb\nrun = wandb.init(${entity}project="${name}")\nfor step in range(100):\n    run.log({"train/loss": 1 / (1 + step)})\nrun.finish()`}>Your own training, unchanged but for two variables.</Way>
      </div>
    </section>
  );
}

function Way({ title, text, children }: { title: string; text: string; children: string }) {
  return (
    <div className="stack">
      <div className="row"><h2>{title}</h2><span className="space" /><Copy text={text} /></div>
      <p>{children}</p>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
