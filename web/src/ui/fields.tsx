// The fields of a config: one row each, unions as choices whose own fields stand below them.
import "./fields.css";
import { chosen, type Field } from "../lib/json-schema";
import { same, valueAt } from "../lib/config-edit";
import { ChoiceControl, SwitchControl, TypedControl, written } from "./controls";
import { createContext, useContext } from "react";

export interface Form {
  config: unknown;
  base: unknown;
  /** The config with every default, as the service filled it in. */
  resolved: unknown;
  set: (path: string, value: unknown) => void;
  /** What the service refused, by path. */
  refusals: ReadonlyMap<string, string>;
  /** Names to choose from, by path. */
  names: ReadonlyMap<string, string[]>;
  /** Changes are neither marked nor to be taken back. */
  plain?: boolean;
}

export const FormContext = createContext<Form | null>(null);

export const inputId = (path: string): string => `field-${path.replaceAll(".", "-")}`;

export function Fields({ fields, deep = true }: { fields: readonly Field[]; deep?: boolean }) {
  return <>{fields.map((field) => <FieldRow key={field.path} field={field} deep={deep} />)}</>;
}

function FieldRow({ field, deep }: { field: Field; deep: boolean }) {
  const form = useContext(FormContext)!;
  const value = valueAt(form.config, field.path);
  const { shape } = field;
  if (shape.form === "object" && !field.nullable) {
    return (
      <fieldset className="field-part">
        <legend>{field.title} <span className="meta">{field.help}</span></legend>
        <Refusal path={field.path} />
        {deep && <Fields fields={shape.fields} />}
      </fieldset>
    );
  }
  const inner = shape.form === "object" ? (value != null ? shape.fields : []) : shape.form === "union" ? (chosen(shape.choices, valueAt(form.config, `${field.path}.kind`))?.fields ?? []) : [];
  return (
    <>
      <Row field={field} value={value} />
      {deep && inner.length > 0 && <div className="field-inner"><Fields fields={inner} /></div>}
    </>
  );
}

function Row({ field, value }: { field: Field; value: unknown }) {
  const { base, config, set, refusals, resolved, plain } = useContext(FormContext)!;
  const id = inputId(field.path);
  const changed = !plain && isChanged(field, base, config);
  const refused = refusalsBelow(refusals, field);
  return (
    <div className={changed ? "field-row changed" : "field-row"} data-path={field.path}>
      <label htmlFor={id} title={field.path}>{field.title}</label>
      <div className="field-control">
        <Control field={field} id={id} value={value} otherwise={valueAt(resolved, field.path) ?? field.default} change={(next) => set(field.path, next)} invalid={refused !== null} described={`${id}-help`} />
        {changed && <button type="button" className="plain" onClick={() => set(field.path, valueAt(base, field.path))} aria-label={`${field.title}: as it was`} title={`As it was: ${written(valueAt(base, field.path)) || "default"}`}>↺</button>}
      </div>
      <div className="field-help meta" id={`${id}-help`}>
        {refused !== null && <div className="bad">{refused}</div>}
        {help(field, value)}
      </div>
    </div>
  );
}

function isChanged({ path, shape }: Field, base: unknown, config: unknown): boolean {
  const [before, after] = [valueAt(base, path), valueAt(config, path)];
  if (shape.form === "object") return (before == null) !== (after == null);
  if (shape.form !== "union") return !same(before, after);
  const kind = (of: unknown) => (of as { kind?: unknown } | undefined)?.kind ?? shape.choices[0]?.kind;
  return kind(before) !== kind(after);
}

function Control(props: Parameters<typeof TypedControl>[0]) {
  const { field, id, value, change, invalid, described } = props;
  const { names } = useContext(FormContext)!;
  const { shape } = field;
  const listed = names.get(field.path);
  if (shape.form === "union") {
    const kind = (value as { kind?: string } | undefined)?.kind ?? shape.choices[0]?.kind;
    return (
      <select id={id} value={kind} aria-invalid={invalid} aria-describedby={described} onChange={(event) => change({ kind: event.target.value })} disabled={shape.choices.length < 2}>
        {shape.choices.map((choice) => <option key={choice.kind} value={choice.kind}>{choice.kind}</option>)}
      </select>
    );
  }
  if (shape.form === "object") {
    return <label><input id={id} type="checkbox" checked={value != null} aria-invalid={invalid} aria-describedby={described} onChange={(event) => change(event.target.checked ? defaults(shape.fields) : null)} /> {value != null ? "yes" : "no"}</label>;
  }
  if (listed) {
    const all = typeof value === "string" && !listed.includes(value) ? [value, ...listed] : listed;
    return <select id={id} value={typeof value === "string" ? value : ""} aria-invalid={invalid} aria-describedby={described} onChange={(event) => change(event.target.value)}>{all.map((name) => <option key={name}>{name}</option>)}</select>;
  }
  if (shape.form === "choice") return <ChoiceControl {...props} />;
  if (shape.form === "switch") return <SwitchControl {...props} />;
  return <TypedControl {...props} />;
}

const defaults = (fields: readonly Field[]): Record<string, unknown> => Object.fromEntries(fields.flatMap(({ path, default: value }) => (value === undefined ? [] : [[path.split(".").at(-1)!, value]])));

function help(field: Field, value: unknown): string {
  if (field.shape.form !== "union") return field.limits && !/\d/.test(field.help) ? `${field.help} (${field.limits})` : field.help;
  const choice = chosen(field.shape.choices, (value as { kind?: unknown } | undefined)?.kind);
  return choice?.help ? `${field.help}; ${choice.kind}: ${choice.help}` : field.help;
}

function Refusal({ path }: { path: string }) {
  const { refusals } = useContext(FormContext)!;
  const words = refusals.get(path);
  return words ? <div className="bad">{words}</div> : null;
}

/** A list's or a word's refusals stand below its path; a union's at the kind that was asked for. */
function refusalsBelow(refusals: ReadonlyMap<string, string>, { path, shape }: Field): string | null {
  const here = refusals.get(path) ?? refusals.get(`${path}.kind`);
  if (here !== undefined) return here;
  if (shape.form !== "list" && shape.form !== "json") return null;
  return [...refusals].find(([other]) => other.startsWith(`${path}.`))?.[1] ?? null;
}
