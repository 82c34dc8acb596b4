import { useQuery } from "@tanstack/react-query";
import { useId, useMemo } from "react";
import { body, client } from "../../api/client";
import { type ChangeField, changeFields, type Draft, EMPTY } from "../../lib/change-fields";

/** Changes of a baseline, each a field and its values; `errors` are said at the change they are of. */
export function ChangesEditor({ drafts, set, errors }: { drafts: readonly Draft[]; set: (drafts: Draft[]) => void; errors: ReadonlyMap<number, string[]> }) {
  const { data } = useQuery({ queryKey: ["schema", "run-config"], queryFn: ({ signal }) => body(client.GET("/api/v1/schemas/run-config", { signal })), staleTime: Infinity });
  const fields = useMemo(() => (data ? changeFields(data) : []), [data]);
  const list = useId();
  return (
    <div className="stack">
      <datalist id={list}>{fields.map(({ path }) => <option key={path} value={path} />)}</datalist>
      {drafts.map((draft, place) => (
        <ChangeEditor
          key={place} draft={draft} place={place} fields={fields} list={list} errors={errors.get(place) ?? []}
          set={(next) => set(drafts.map((each, at) => (at === place ? next : each)))}
          remove={drafts.length > 1 ? () => set(drafts.filter((_, at) => at !== place)) : undefined}
        />
      ))}
      <div><button type="button" onClick={() => set([...drafts, EMPTY])}>Another change</button></div>
    </div>
  );
}

function ChangeEditor({ draft, place, fields, list, errors, set, remove }: {
  draft: Draft;
  place: number;
  fields: readonly ChangeField[];
  list: string;
  errors: readonly string[];
  set: (draft: Draft) => void;
  remove: (() => void) | undefined;
}) {
  const setPart = (at: number, part: Partial<Draft["parts"][number]>) => set({ ...draft, parts: draft.parts.map((each, other) => (other === at ? { ...each, ...part } : each)) });
  return (
    <fieldset className="change-editor">
      <legend className="meta">Change {place + 1}</legend>
      {draft.parts.map((part, at) => (
        <Part key={at} part={part} field={fields.find(({ path }) => path === part.path.trim())} list={list} of={place + 1} set={(next) => setPart(at, next)} invalid={errors.length > 0} />
      ))}
      {errors.map((each) => <p key={each} className="bad" role="alert">{each}</p>)}
      <div className="row wrap">
        <label className="meta">Name <input value={draft.name} maxLength={200} placeholder="what changed" onChange={(event) => set({ ...draft, name: event.target.value })} /></label>
        <button type="button" className="plain" onClick={() => set({ ...draft, parts: [...draft.parts, { path: "", text: "" }] })}>Set another field with it</button>
        {(draft.parts.length > 1 || draft.many || errors.length > 0) && (
          <label className="meta"><input type="checkbox" checked={draft.many} onChange={(event) => set({ ...draft, many: event.target.checked })} /> Several factors at once: a difference will not be pinned on one</label>
        )}
        <span className="space" />
        {remove && <button type="button" className="plain" onClick={remove} aria-label={`Remove change ${place + 1}`}>Remove</button>}
      </div>
    </fieldset>
  );
}

function Part({ part, field, list, of, set, invalid }: {
  part: Draft["parts"][number];
  field: ChangeField | undefined;
  list: string;
  of: number;
  set: (part: Partial<Draft["parts"][number]>) => void;
  invalid: boolean;
}) {
  const chosen = part.text.split(",").map((each) => each.trim()).filter(Boolean);
  const flip = (value: string) => set({ text: (chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value]).join(", ") });
  return (
    <div className="stack change-part">
      <div className="row wrap">
        <input list={list} value={part.path} maxLength={400} placeholder="field, e.g. model.norm.kind" aria-label={`Field of change ${of}`} aria-invalid={invalid || undefined} onChange={(event) => set({ path: event.target.value })} />
        <input value={part.text} maxLength={2000} placeholder={field?.list ? "a list, e.g. [64, 64]" : "a value, or several: 0.1, 0.5"} aria-label={`Values of change ${of}`} onChange={(event) => set({ text: event.target.value })} />
      </div>
      {field && (field.help || field.choices.length > 0) && (
        <div className="row wrap meta">
          {field.choices.map((choice) => <button key={choice} type="button" className="chip" aria-pressed={chosen.includes(choice)} onClick={() => flip(choice)}>{choice}</button>)}
          <span>{field.help}</span>
        </div>
      )}
    </div>
  );
}
