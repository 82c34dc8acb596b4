import "./shell.css";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { useMe } from "../api/me";
import { Bell } from "../features/inbox/bell";
import { keepProject } from "../lib/address";
import { Keys, useOpened } from "./keys";
import { OfflineBar } from "./offline";
import { QueueWords } from "./queue-words";
import { ThemeButton } from "./theme-button";
import { Menu } from "../ui/menu";

/** What every page has around it: where one is, the ways to elsewhere, what trains right now. */
export function Shell() {
  const { entity, project } = useParams({ strict: false });
  const [opened, open] = useOpened();
  const { data: me } = useMe();
  useEffect(() => { if (entity && project) keepProject(`${entity}/${project}`); }, [entity, project]);
  return (
    <div className="shell">
      <a className="skip" href="#content">Skip to the content</a>
      <header className="bar">
        <Link to={(me?.shared?.address ?? "/") as "/"} className="brand" aria-label={me?.shared ? "Runtwice, what the link shows" : "Runtwice, all projects"}>
          <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
            <circle cx="6" cy="8" r="5" fill="none" stroke="currentColor" strokeWidth="2" /><circle cx="10" cy="8" r="5" fill="currentColor" />
          </svg>
          <span className="wide-only">Runtwice</span>
        </Link>
        {me?.shared ? <GuestBar entity={entity} project={project} /> : <MemberBar entity={entity} project={project} open={open} isKnown={me !== undefined} />}
      </header>
      <OfflineBar />
      <Keys opened={opened} open={open} />
      <div id="content" className="content" tabIndex={-1}><Outlet /></div>
    </div>
  );
}

interface Place { entity: string | undefined; project: string | undefined }

/** For whoever looks by a read-only link: the other places are closed to them. */
function GuestBar({ entity, project }: Place) {
  return (
    <>
      {entity && project && <span className="cut">{entity} / <b>{project}</b></span>}
      <span className="space" />
      <ThemeButton />
      <a className="bar-link" href={`/login?next=${encodeURIComponent(location.pathname)}`}>Sign in</a>
    </>
  );
}

function MemberBar({ entity, project, open, isKnown }: Place & { open: (what: "palette" | "help") => void; isKnown: boolean }) {
  return (
    <>
      {entity && project && <ProjectLinks entity={entity} project={project} />}
      <span className="space" />
      <button type="button" className="bar-search" onClick={() => open("palette")} aria-label="Go to anything" title="Go to anything (Ctrl K)"><svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><circle cx="7" cy="7" r="4.5" fill="none" stroke="currentColor" strokeWidth="1.5" /><path d="M10.5 10.5 14 14" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" /></svg><span className="wide-only">Go to… <kbd>Ctrl K</kbd></span></button>
      {isKnown && <QueueWords />}
      <nav className="row" aria-label="Service">
        <Link to="/submit" className="bar-link" search={(entity && project ? { project: `${entity}/${project}` } : {}) as never}>Submit</Link>
        <Link to="/lab" className="bar-link wide-only">Lab</Link>
        <Link to="/nodes" className="bar-link wide-only">Nodes</Link>
      </nav>
      {isKnown && <Bell />}
      <ThemeButton />
      <Menu label="☰" name="More" right className="plain">
        <Link to="/">Projects</Link>
        <Link to="/lab">Layer lab</Link>
        <Link to="/nodes">Nodes and queue</Link>
        <Link to="/inbox">Inbox</Link>
        <Link to="/submit">Submit a run</Link>
        {entity && project && <Link to="/$entity/$project/studies" params={{ entity, project }}>Studies of {project}</Link>}
        {entity && project && <Link to="/$entity/$project/sweeps" params={{ entity, project }}>Sweeps of {project}</Link>}
        {entity && project && <Link to="/$entity/$project/reproducibility" params={{ entity, project }}>Reproducibility of {project}</Link>}
        <Link to="/settings">Settings and keys</Link>
        <Link to="/docs">Documentation</Link>
        <button type="button" onClick={() => open("help")}>Keyboard</button>
        <a href="/api/v1/docs">HTTP interface</a>
        <form method="post" action="/logout"><button type="submit">Sign out</button></form>
      </Menu>
    </>
  );
}

function ProjectLinks({ entity, project }: { entity: string; project: string }) {
  const params = { entity, project };
  return (
    <nav className="row project-links" aria-label="Project">
      <Link to="/$entity/$project" params={params} activeOptions={{ exact: true }} className="bar-link cut" title={`${entity}/${project}`}>{entity} / <b>{project}</b></Link>
      <Link to="/$entity/$project/studies" params={params} className="bar-link wide-only">Studies</Link>
      <Link to="/$entity/$project/sweeps" params={params} className="bar-link wide-only">Sweeps</Link>
      <Link to="/$entity/$project/reproducibility" params={params} className="bar-link wide-only">Reproducibility</Link>
    </nav>
  );
}
