import "./projects.css";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMay, useMe } from "../../api/me";
import { whole } from "../../lib/format";
import { Dialog } from "../../ui/dialog";
import { FirstRuns } from "../../ui/first-runs";
import { HelpLink } from "../../ui/help-link";
import { Trouble } from "../../ui/trouble";
import { ProjectCard } from "./card";
import { useNewProject, useProjects } from "./queries";

export function ProjectsPage() {
  const projects = useProjects();
  const [making, make] = useState(false);
  const [sought, seek] = useState("");
  const mayMake = useMay("member");
  const all = projects.data?.pages.flatMap((page) => page?.items ?? []) ?? [];
  const found = all.filter(({ project }) => project.toLowerCase().includes(sought.trim().toLowerCase()));
  const total = projects.data?.pages[0]?.total ?? all.length;
  return (
    <main className="page stack projects">
      <div className="row wrap">
        <h1>Projects</h1>
        {projects.data && <span className="muted">{whole(total)}</span>}
        <span className="space" />
        {all.length > 6 && <input type="search" aria-label="Search these projects" placeholder="Search these projects" value={sought} onChange={(event) => seek(event.target.value)} />}
        {mayMake && <button type="button" onClick={() => make(true)}>New project</button>}
        <HelpLink guide="guide/quick-start">Quick start</HelpLink>
      </div>
      {projects.error && <Trouble error={projects.error} again={() => void projects.refetch()} />}
      {projects.isPending && <p className="muted">Loading the projects…</p>}
      {projects.data && !all.length && <Empty />}
      <ul className="project-cards">{found.map((project) => <ProjectCard key={project.project} project={project} />)}</ul>
      {all.length > 0 && !found.length && <p>None of the {all.length} projects that are shown is called so. <button type="button" onClick={() => seek("")}>Show them all</button></p>}
      {projects.hasNextPage && <div><button type="button" onClick={() => void projects.fetchNextPage()} disabled={projects.isFetchingNextPage}>{projects.isFetchingNextPage ? "Loading…" : `Show more (${whole(all.length)} of ${whole(total)} are shown)`}</button></div>}
      {making && <NewProject close={() => make(false)} />}
    </main>
  );
}

function Empty() {
  const { data: me } = useMe();
  return (
    <div className="stack">
      <p>Nothing has run here yet. These are the three ways to a first run; its project is made with it.</p>
      <FirstRuns project={`${me?.entity ?? me?.default_entity ?? "team"}/digits`} />
    </div>
  );
}

function NewProject({ close }: { close: () => void }) {
  const { data: me } = useMe();
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const make = useNewProject(({ entity, name: project }) => void navigate({ to: "/$entity/$project", params: { entity, project } }));
  return (
    <Dialog title="New project" close={close}>
      <form className="stack" onSubmit={(event) => { event.preventDefault(); make.mutate(name.trim()); }}>
        <label className="field">Name<input value={name} onChange={(event) => setName(event.target.value)} placeholder={`${me?.default_entity ?? "team"}/digits`} required autoComplete="off" aria-describedby="new-project-help" /></label>
        <p id="new-project-help" className="meta">entity/name, or a name alone, which then is of {me?.entity ?? me?.default_entity ?? "your entity"}. A project is also made by the first run that names it.</p>
        {make.error && <Trouble error={make.error} />}
        <div><button type="submit" className="primary" disabled={!name.trim() || make.isPending}>Make it</button></div>
      </form>
    </Dialog>
  );
}
