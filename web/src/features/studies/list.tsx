import "./studies.css";
import { Link, useParams } from "@tanstack/react-router";
import { useMay } from "../../api/me";
import { useAddress } from "../../lib/address";
import { HelpLink } from "../../ui/help-link";
import { ScrollX } from "../../ui/scroll-x";
import { State } from "../../ui/state";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { NewStudy } from "./new-study";
import { ProgressBar } from "./progress";
import { useStudies } from "./use-study";

/** A project's studies, or the form of a new one. */
export function StudiesPage() {
  const { entity = "", project = "" } = useParams({ strict: false });
  const [search] = useAddress();
  return search.new ? <NewStudy key={search.from} project={`${entity}/${project}`} /> : <StudyList entity={entity} project={project} />;
}

function StudyList({ entity, project }: { entity: string; project: string }) {
  const [search, change] = useAddress();
  const may = useMay("member");
  const archived = search.archived === "1";
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useStudies(`${entity}/${project}`, archived);
  const studies = data?.pages.flatMap((page) => page.items) ?? [];
  const params = { entity, project };
  return (
    <main className="page stack">
      <div className="row wrap">
        <h1>Studies</h1>
        <span className="space" />
        <label><input type="checkbox" checked={archived} onChange={(event) => change({ archived: event.target.checked ? "1" : undefined })} /> Archived ones, too</label>
        <HelpLink guide="guide/studies">How studies work</HelpLink>
        {may && <Link to="/$entity/$project/studies" params={params} search={{ new: "1" } as never} className="button primary">New study</Link>}
      </div>
      {error && <Trouble error={error} again={() => void refetch()} />}
      {!data && !error && <p className="muted" role="status">Loading…</p>}
      {data && studies.length === 0 && (
        <div className="stack study-none">
          <p>A study trains a baseline and single changes of it with the same seeds, and says of every change whether it is better, worse, not to be told apart, or too early to say.</p>
          <p className="muted">{archived ? "This project has none." : "This project has none that is not archived."} {may && <Link to="/$entity/$project/studies" params={params} search={{ new: "1" } as never}>Make the first one</Link>}</p>
        </div>
      )}
      {studies.length > 0 && (
        <ScrollX label="Studies">
          <table className="plain study-list">
            <thead><tr><th>Study</th><th>State</th><th>Progress</th><th>Judged by</th><th className="number">Changes</th><th className="number">Seeds</th><th>Made</th></tr></thead>
            <tbody>
              {studies.map((study) => (
                <tr key={study.id}>
                  <td className="study-name"><Link to="/$entity/$project/studies/$study" params={{ ...params, study: study.id }} className="cut">{study.name}</Link>{study.archived && <span className="chip">archived</span>}</td>
                  <td><State state={study.state} /></td>
                  <td><ProgressBar progress={study.progress} words /></td>
                  <td>{study.metric} <span className="meta">{study.use}, {study.goal === "min" ? "smaller is better" : "larger is better"}</span></td>
                  <td className="number" title={study.variant_names.slice(1).join("\n")}>{study.variant_names.length - 1}</td>
                  <td className="number">{study.seeds.length}{study.seeds.length < study.seeds_needed && <span className="warn"> of {study.seeds_needed}</span>}</td>
                  <td className="meta"><When at={study.created_at} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {hasNextPage && <div><button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>{isFetchingNextPage ? "Loading…" : "Older studies"}</button></div>}
    </main>
  );
}
