import "./lab.css";
import { useEffect, useMemo, useState } from "react";
import { Refused } from "../../api/client";
import { useAddress } from "../../lib/address";
import { isObject, same, withValue } from "../../lib/config-edit";
import type { Field } from "../../lib/json-schema";
import { useSettled } from "../../lib/settled";
import { Fields, FormContext } from "../../ui/fields";
import { HelpLink } from "../../ui/help-link";
import { RunPicker } from "../../ui/run-picker";
import { Trouble } from "../../ui/trouble";
import { Outcome } from "./outcome";
import { FIRST, PRESETS } from "./presets";
import { type Asked, useLayerField, useNewestRun, useProbe } from "./queries";

export function LabPage() {
  const field = useLayerField();
  return (
    <main className="page lab">
      <div className="row wrap"><h1>Layer lab</h1><span className="muted">what one layer does to an input, by the same PyTorch that trains</span><span className="space" /><HelpLink guide="guide/diagnose">What can be tried</HelpLink></div>
      {field.error ? <Trouble error={field.error} again={() => void field.refetch()} /> : field.data ? <Lab field={field.data} /> : <p className="muted">Loading the layers…</p>}
    </main>
  );
}

function Lab({ field }: { field: Field }) {
  const [search, change] = useAddress();
  const [asked, ask] = useState<Asked>(() => kept(search.probe) ?? FIRST);
  const text = useSettled(JSON.stringify(asked), 300);
  useEffect(() => change({ probe: text === JSON.stringify(FIRST) ? "" : text }), [change, text]);
  const probe = useProbe(text);
  const newest = useNewestRun();
  const refusals = useMemo(() => new Map((probe.error instanceof Refused ? (probe.error.problem.errors ?? []) : []).map(({ pointer, detail }) => [pointer.slice(1).replaceAll("/", "."), detail])), [probe.error]);
  const set = (path: string, value: unknown) => ask((before) => withValue(before as never, path, value) as never);
  const form = { config: asked, base: {}, resolved: { layer: probe.data?.layer }, set, refusals, names: new Map<string, string[]>(), plain: true };
  return (
    <>
      <Presets asked={asked} choose={ask} run={newest.data?.id ?? null} />
      <div className="lab-body">
        <form className="lab-form" onSubmit={(event) => event.preventDefault()}>
          <FormContext value={form}><Fields fields={[field]} /></FormContext>
          <InputFields asked={asked} ask={ask} refusals={refusals} newest={newest.data ?? null} />
        </form>
        <div className={probe.isPlaceholderData || probe.error ? "lab-stale" : undefined} aria-busy={probe.isFetching}>
          {probe.error && <Trouble error={probe.error} again={() => void probe.refetch()} />}
          {!probe.data && !probe.error && <p className="muted" role="status">A worker is trying it…</p>}
          {probe.data && <Outcome probe={probe.data} />}
        </div>
      </div>
    </>
  );
}

function Presets({ asked, choose, run }: { asked: Asked; choose: (asked: Asked) => void; run: string | null }) {
  return (
    <div className="lab-presets">
      {(["Dropout", "Norms"] as const).map((group) => (
        <div key={group} className="row wrap" role="group" aria-label={`Pictures of ${group.toLowerCase()}`}>
          <span className="meta lab-preset-name">{group}{group === "Norms" && run ? ", on images" : ""}</span>
          {PRESETS.filter((preset) => preset.group === group).map((preset) => (
            <button key={preset.name} type="button" aria-pressed={same(preset.asked(run), asked)} onClick={() => choose(preset.asked(run))}>{preset.name}</button>
          ))}
        </div>
      ))}
    </div>
  );
}

function InputFields({ asked, ask, refusals, newest }: { asked: Asked; ask: (change: (before: Asked) => Asked) => void; refusals: ReadonlyMap<string, string>; newest: { id: string; project: string } | null }) {
  const [shape, setShape] = useState(asked.shape?.join(", ") ?? "");
  const [shown, setShown] = useState(asked.shape);
  if (!same(shown, asked.shape)) {
    setShown(asked.shape);
    setShape(asked.shape?.join(", ") ?? "");
  }
  const kind = typeof asked.input === "object" ? "run" : asked.input;
  const take = (next: string) => ask((before) => (next === "run" ? { ...before, input: { run: newest?.id ?? "", batch: 0 }, shape: null } : { ...before, input: next as "normal" | "ones", shape: typeof before.input === "object" ? [28, 28] : before.shape }));
  const resize = (text: string) => {
    const sizes = text.split(/[^\d]+/).filter(Boolean).map(Number);
    const next = sizes.length ? sizes : null;
    setShape(text);
    setShown(next);
    ask((before) => ({ ...before, shape: next }));
  };
  const refused = (path: string) => [...refusals].filter(([other]) => other === path || other.startsWith(`${path}.`)).map(([, words]) => <div key={words} className="bad">{words}</div>);
  return (
    <>
      <div className="field-row">
        <label htmlFor="lab-input">Input</label>
        <div className="field-control">
          <select id="lab-input" value={kind} onChange={(event) => take(event.target.value)}>
            <option value="normal">noise: mean 0, variance 1</option><option value="ones">ones</option><option value="run">images of a run</option>
          </select>
        </div>
        <div className="field-help meta">{kind === "run" ? "what the run learned from at that step, before any layer" : ""}</div>
      </div>
      {typeof asked.input === "object" && (
        <>
          <div className="field-row">
            <label htmlFor="lab-run">Run</label>
            <div className="field-control"><RunPicker id="lab-run" project={newest?.project ?? ""} value={asked.input.run} change={(run) => ask((before) => ({ ...before, input: { run, batch: (before.input as { batch: number }).batch } }))} /></div>
            <div className="field-help meta">{refused("input")}</div>
          </div>
          <div className="field-row">
            <label htmlFor="lab-batch">Step</label>
            <div className="field-control"><input id="lab-batch" type="number" min={0} value={asked.input.batch} onChange={(event) => ask((before) => ({ ...before, input: { run: (before.input as { run: string }).run, batch: Math.max(0, Math.floor(event.target.valueAsNumber) || 0) } }))} /></div>
            <div className="field-help meta">whose images are taken</div>
          </div>
        </>
      )}
      <div className="field-row">
        <label htmlFor="lab-shape">Shape</label>
        <div className="field-control"><input id="lab-shape" value={shape} placeholder={kind === "run" ? "the images as rows" : "28, 28"} aria-invalid={refusals.has("shape")} onChange={(event) => resize(event.target.value)} /></div>
        <div className="field-help meta">{refused("shape")}2 to 4 sizes: samples, features or channels, then pixels</div>
      </div>
      <div className="field-row">
        <span id="lab-mode">Mode</span>
        <div className="field-control" role="group" aria-labelledby="lab-mode">
          {(["train", "eval"] as const).map((mode) => <button key={mode} type="button" aria-pressed={asked.mode === mode} onClick={() => ask((before) => ({ ...before, mode }))}>{mode === "train" ? "training" : "evaluation"}</button>)}
        </div>
        <div className="field-help meta" />
      </div>
      <div className="field-row">
        <label htmlFor="lab-seed">Seed</label>
        <div className="field-control"><input id="lab-seed" type="number" min={0} value={asked.seed} onChange={(event) => ask((before) => ({ ...before, seed: Math.max(0, Math.floor(event.target.valueAsNumber) || 0) }))} /><button type="button" onClick={() => ask((before) => ({ ...before, seed: before.seed + 1 }))}>Next</button></div>
        <div className="field-help meta">{refused("seed")}of the input and the dropout mask</div>
      </div>
    </>
  );
}

/** What the address asks for; null when it was cut off. */
function kept(text: string | undefined): Asked | null {
  try {
    const given: unknown = text ? JSON.parse(text) : null;
    return isObject(given) && isObject(given.layer) ? { ...FIRST, ...given } : null;
  } catch {
    return null;
  }
}
