import "./reproducibility.css";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Refused } from "../../api/client";
import { useMay } from "../../api/me";
import { HelpLink } from "../../ui/help-link";
import { ShareDialog } from "../../ui/share-dialog";
import { Trouble } from "../../ui/trouble";
import { DifferentRuns } from "./different-runs";
import { Nodes } from "./nodes";
import { Policy } from "./policy";
import { Summary } from "./summary";
import { useReport } from "./use-reproducibility";
import { Webhook } from "./webhook";

/** What of a project reproduces, what does not and where, and what is rerun by itself. */
export function ReproducibilityPage() {
  const { entity = "", project = "" } = useParams({ strict: false });
  const { data, error, refetch } = useReport(entity, project);
  const may = useMay("member");
  const [shares, share] = useState(false);
  const fresh = error instanceof Refused && error.status === 404;
  return (
    <main className="page stack reproducibility">
      <div className="row wrap">
        <h1>Reproducibility</h1><span className="space" />
        {may && !fresh && <button type="button" onClick={() => share(true)} title="For a README: how many of the project’s runs reproduced">Badge</button>}
        <HelpLink guide="guide/reproduce">How verdicts come about</HelpLink>
      </div>
      {shares && <ShareDialog of={{ kind: "project", entity, project }} name={`${entity}/${project}`} close={() => share(false)} />}
      {fresh && <p className="muted">This project has no run yet. What you set below holds from its first one on.</p>}
      {error && !fresh && <Trouble error={error} again={() => void refetch()} />}
      {!data && !error && <p className="muted" role="status">Loading…</p>}
      {data && <Summary report={data} />}
      {data && <DifferentRuns runs={data.different_runs} address={{ entity, project }} />}
      {data && <Nodes report={data} address={{ entity, project }} />}
      <Policy key={`${entity}/${project}`} entity={entity} project={project} />
      <Webhook key={`hook ${entity}/${project}`} entity={entity} project={project} />
    </main>
  );
}
