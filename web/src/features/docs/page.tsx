import "./docs.css";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { list, load } from "virtual:guides";
import { Trouble } from "../../ui/trouble";
import type { GuideListed } from "./blocks";
import { Guide } from "./guide";

const FIRST = "guide/quick-start";

/** The guide that the address names; /docs alone is the first one. */
const useGuide = (): string => useParams({ strict: false })._splat || FIRST;

export function DocsPage() {
  const path = useGuide();
  const [sought, seek] = useState("");
  const listed = list.find((guide) => guide.path === path);
  return (
    <div className="docs">
      <nav className="docs-list" aria-label="Guides">
        <details className="docs-fold" open={matchMedia("(min-width: 761px)").matches}>
          <summary>All guides</summary>
          <input type="search" aria-label="Search the titles" placeholder="Search the titles" value={sought} onChange={(event) => seek(event.target.value)} />
          {sought.trim() ? <Found sought={sought} /> : <List />}
          <a href="/api/v1/docs">The HTTP interface, every address</a>
        </details>
      </nav>
      <main className="docs-guide">{listed ? <Shown key={path} listed={listed} /> : <Unknown path={path} />}</main>
    </div>
  );
}

const GROUPS: readonly [string, (path: string) => boolean][] = [
  ["Guides", (path) => path.startsWith("guide/")],
  ["How it works", (path) => !path.includes("/")],
  ["Decisions", (path) => path.startsWith("decisions/")],
];

function List() {
  const current = useGuide();
  return (
    <>
      {GROUPS.map(([name, has]) => (
        <details key={name} className="docs-group" open={name !== "Decisions" || has(current)}>
          <summary>{name}</summary>
          <ul>{list.filter(({ path }) => has(path)).map((guide) => <li key={guide.path}><GuideLink guide={guide.path} current={guide.path === current}>{guide.title}</GuideLink></li>)}</ul>
        </details>
      ))}
    </>
  );
}

function GuideLink({ guide, hash, current = false, children }: { guide: string; hash?: string; current?: boolean; children: string }) {
  return <Link to="/docs/$" params={{ _splat: guide }} {...(hash && { hash })} aria-current={current ? "page" : undefined}>{children}</Link>;
}

/** Titles and headings that hold every word that is sought. */
function Found({ sought }: { sought: string }) {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const found = list.flatMap((guide) => [
    ...(holds(guide.title) ? [{ guide, hash: "", words: guide.title }] : []),
    ...guide.headings.filter((heading) => holds(`${guide.title} ${heading.words}`) && !holds(guide.title)).map((heading) => ({ guide, hash: heading.id, words: `${guide.title} › ${heading.words}` })),
  ]);
  if (!found.length) return <p className="muted">No title says that.</p>;
  return <ul>{found.slice(0, 40).map(({ guide, hash, words: title }) => <li key={guide.path + hash}><GuideLink guide={guide.path} hash={hash}>{title}</GuideLink></li>)}</ul>;
}

function Shown({ listed }: { listed: GuideListed }) {
  const { data, error, refetch } = useQuery({ queryKey: ["guide", listed.path], queryFn: () => load[listed.path]!(), staleTime: Infinity });
  const { hash } = useLocation();
  useEffect(() => {
    if (data && hash) document.getElementById(hash)?.scrollIntoView();
  }, [data, hash]);
  if (error) return <Trouble error={error} again={() => void refetch()} />;
  if (!data) return <h1>{listed.title}</h1>;
  const sections = listed.headings.filter(({ depth }) => depth === 2);
  const [first, ...rest] = data.blocks;
  return (
    <article className="guide">
      {first && <Guide blocks={[first]} />}
      {sections.length > 2 && <p className="guide-sections">{sections.map(({ id, words }) => <a key={id} href={`#${id}`}>{words}</a>)}</p>}
      <Guide blocks={rest} />
    </article>
  );
}

function Unknown({ path }: { path: string }) {
  return <div className="stack"><h1>There is no such guide</h1><p>Nothing is called <code>{path}</code> here; the list holds all there are.</p></div>;
}
