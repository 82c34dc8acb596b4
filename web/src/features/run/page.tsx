import "./run.css";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { useLiveTail } from "../../charts/live-tail";
import { useAddress } from "../../lib/address";
import { useSingleKeys } from "../../lib/single-keys";
import { HelpLink } from "../../ui/help-link";
import { NotThere } from "../../ui/not-there";
import { Tabs } from "../../ui/tabs";
import { RunHeader } from "./header";
import { Overview } from "./overview";
import { useFollowing } from "./use-following";
import { type Run, useRun } from "./use-run";

const RunCharts = lazy(() => import("./charts").then(({ RunCharts }) => ({ default: RunCharts })));
const Proof = lazy(() => import("./proof").then(({ Proof }) => ({ default: Proof })));
const Config = lazy(() => import("./config").then(({ Config }) => ({ default: Config })));
const Environment = lazy(() => import("./environment").then(({ Environment }) => ({ default: Environment })));
const Log = lazy(() => import("./log").then(({ Log }) => ({ default: Log })));
const Files = lazy(() => import("./files").then(({ Files }) => ({ default: Files })));
const Diagnostics = lazy(() => import("./diagnostics").then(({ Diagnostics }) => ({ default: Diagnostics })));
const Media = lazy(() => import("./media").then(({ Media }) => ({ default: Media })));

const TABS = [
  { name: "overview", words: "Overview", draw: Overview, guide: "guide/page" },
  { name: "charts", words: "Charts", draw: RunCharts, guide: "guide/page" },
  { name: "proof", words: "Proof", draw: Proof, guide: "guide/reproduce" },
  { name: "config", words: "Config", draw: Config, guide: "guide/submit" },
  { name: "environment", words: "Environment", draw: Environment, guide: "reproducibility" },
  { name: "log", words: "Log", draw: Log, guide: "guide/export" },
  { name: "files", words: "Files", draw: Files, guide: "guide/export" },
  { name: "diagnostics", words: "Diagnostics", draw: Diagnostics, guide: "guide/diagnose" },
  { name: "media", words: "Media", draw: Media, guide: "guide/wandb" },
] as const;

/** A run: what it is and how it stands on top, everything that is known of it below. */
export function RunPage() {
  const { entity, project, run: id } = useParams({ from: "/$entity/$project/runs/$run" });
  const asked = useRun(id);
  useFollowing(`${entity}/${project}`, asked.data);
  useLiveTail(`${entity}/${project}`);
  useSingleKeys({ Escape: useBack() });
  useEffect(() => {
    if (asked.data) document.title = `${asked.data.name} · ${asked.data.project}`;
    return () => { document.title = "Runtwice"; };
  }, [asked.data]);
  if (asked.data) return <RunSeen run={asked.data} />;
  if (asked.isPending) return <main className="page" aria-busy="true"><p className="muted">Loading the run …</p></main>;
  return <NotThere what="run" id={id} error={asked.error} again={() => void asked.refetch()}><Link to="/$entity/$project" params={{ entity, project }}>All runs of {entity}/{project}</Link></NotThere>;
}

/** To where one came from; to the project's runs when the run was the first page. */
function useBack(): () => void {
  const params = useParams({ from: "/$entity/$project/runs/$run" });
  const router = useRouter();
  const navigate = useNavigate();
  return () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/$entity/$project", params }));
}

function RunSeen({ run }: { run: Run }) {
  const [search, change] = useAddress();
  const chosen = TABS.find(({ name }) => name === search.tab) ?? TABS[0];
  const Drawn = chosen.draw;
  return (
    <main className="run">
      <RunHeader run={run} />
      <Tabs tabs={TABS} chosen={chosen.name} choose={(name) => change({ tab: name === "overview" ? undefined : name }, { push: true })} label="What is known of the run" />
      <section className="run-tab" role="tabpanel" aria-label={chosen.words}>
        <Suspense fallback={<p className="muted">Loading …</p>}><Drawn key={run.id} run={run} /></Suspense>
        <p className="meta run-help"><HelpLink guide={chosen.guide}>Help on this page</HelpLink></p>
      </section>
    </main>
  );
}
