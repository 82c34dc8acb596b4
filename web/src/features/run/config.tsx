import { useMemo } from "react";
import { useAddress } from "../../lib/address";
import { asCommand, asCurl, leaves, yaml } from "../../lib/config-text";
import { Copy } from "../../ui/copy";
import { Tree } from "./tree";
import { type Run, useOtherRun } from "./use-run";

/** The config as a tree with search, beside the baseline's (or the original's) where they differ, and as text to take along. */
export function Config({ run }: { run: Run }) {
  const [search, change] = useAddress();
  const base = useOtherRun(run.baseline ?? run.rerun_of);
  const asText = search.as === "yaml" || search.as === "json" ? search.as : null;
  const texts = useMemo(() => ({ yaml: yaml(run.config), json: JSON.stringify(run.config, null, 2) }), [run.config]);
  return (
    <div className="stack">
      <div className="row wrap">
        <span className="row" role="group" aria-label="Shown as">
          {([[undefined, "Tree"], ["yaml", "YAML"], ["json", "JSON"]] as const).map(([as, words]) => (
            <button key={words} type="button" aria-pressed={(asText ?? undefined) === as} onClick={() => change({ as })}>{words}</button>
          ))}
        </span>
        <span className="space" />
        <Copy text={texts.yaml} label="Copy YAML" />
        <Copy text={texts.json} label="Copy JSON" />
        {run.origin === "managed" && (
          <>
            <Copy text={asCurl(location.origin, run.project, run.config)} label="Copy as curl" />
            <Copy text={asCommand(location.origin, run.id)} label="Copy as command" />
          </>
        )}
      </div>
      {run.config_digest && <p className="meta">Digest <code className="run-digest">{run.config_digest}</code> <Copy text={run.config_digest} /></p>}
      {asText ? <pre>{texts[asText]}</pre> : (
        <Tree
          table={run.config} count={leaves(run.config).length} name="config"
          other={base.data ? { table: base.data.config, words: run.baseline ? `baseline ${base.data.name}` : `original ${base.data.name}` } : null}
        />
      )}
    </div>
  );
}
