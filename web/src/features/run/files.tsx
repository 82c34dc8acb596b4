import { useState } from "react";
import { type Schemas } from "../../api/client";
import { size, whole } from "../../lib/format";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { ScrollX } from "../../ui/scroll-x";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { Preview, previewed } from "./preview";
import { type Run, useArtifacts } from "./use-run";

type File = Schemas["ArtifactShown"];

/** What the run kept: its files, each with its digest, and the versions of artifacts that the wandb SDK logged or used in it. */
export function Files({ run }: { run: Run }) {
  const asked = useArtifacts(run.id);
  const [seen, see] = useState<File | null>(null);
  const [wanted, want] = useState("");
  if (asked.error && !asked.data) return <Trouble error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <p className="muted">Loading …</p>;
  const { items, logged, used } = asked.data;
  const shown = items.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <div className="stack">
      {items.length === 0 && <p className="muted">The run has kept no file{run.state === "queued" || run.state === "running" ? " yet" : ""}.</p>}
      {items.length > 8 && <input type="search" aria-label="Find a file" placeholder={`Find among ${items.length} files`} value={wanted} onChange={(event) => want(event.target.value)} />}
      {items.length > 0 && shown.length === 0 && <p className="muted">No file has “{wanted}” in its name.</p>}
      {shown.length > 0 && (
        <ScrollX label="Files">
          <table className="plain run-files">
            <thead><tr><th scope="col">File</th><th scope="col" className="number">Size</th><th scope="col">SHA-256</th><th scope="col">Kept</th><th scope="col"><span className="hidden-text">What to do</span></th></tr></thead>
            <tbody>
              {shown.map((file) => (
                <tr key={file.id}>
                  <th scope="row" className="run-file-name">{file.name}</th>
                  <td className="number">{size(file.size_bytes)}</td>
                  <td className="row"><code title={file.sha256}>{file.sha256.slice(0, 12)}…</code><Copy text={file.sha256} /></td>
                  <td><When at={file.created_at} /></td>
                  <td className="row">{previewed(file) && <button type="button" className="plain" onClick={() => see(file)}>Look</button>}<a href={`/api/v1/artifacts/${file.id}/content`} download>Download</a></td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      <Versions title="Artifacts it logged" versions={logged} />
      <Versions title="Artifacts it used" versions={used} />
      {seen && <Dialog title={seen.name} wide close={() => see(null)}><Preview file={seen} /></Dialog>}
    </div>
  );
}

function Versions({ title, versions }: { title: string; versions: readonly Schemas["VersionShown"][] }) {
  if (versions.length === 0) return null;
  return (
    <section className="stack">
      <h2>{title}</h2>
      <ScrollX label={title}>
        <table className="plain">
          <thead><tr><th scope="col">Artifact</th><th scope="col">Type</th><th scope="col">Aliases</th><th scope="col" className="number">Files</th><th scope="col" className="number">Size</th><th scope="col">Digest</th></tr></thead>
          <tbody>
            {versions.map(({ id, name, version, type, aliases, tags, files, size_bytes, digest }) => (
              <tr key={id}>
                <th scope="row">{name}:{version}</th><td>{type}</td><td>{[...aliases, ...tags].map((word) => <span key={word} className="chip">{word}</span>)}</td>
                <td className="number">{whole(files)}</td><td className="number">{size(size_bytes)}</td><td><code title={digest}>{digest.slice(0, 12)}…</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}
