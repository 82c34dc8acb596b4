// Controls for one value of a config each. What cannot be read as a value is kept as it was typed: the service says what it takes.
import { useState } from "react";
import type { Field } from "../lib/json-schema";

export interface ControlProps {
  field: Field;
  id: string;
  value: unknown;
  /** What holds while nothing is said. */
  otherwise: unknown;
  change: (value: unknown) => void;
  invalid: boolean;
  described: string;
}

const same = { autoComplete: "off", spellCheck: false } as const;

export function TypedControl({ field, id, value, otherwise, change, invalid, described }: ControlProps) {
  const [text, setText] = useState(() => written(value));
  const [shown, setShown] = useState(value);
  if (!Object.is(shown, value) && JSON.stringify(shown) !== JSON.stringify(value)) {
    setShown(value);
    setText(written(value));
  }
  const words = field.shape.form === "number" ? field.shape.words : field.shape.form === "text" ? field.shape.examples : [];
  const typed = (next: string) => {
    const read = next.trim() === "" ? undefined : parsed(field, next.trim());
    setText(next);
    setShown(read);
    change(read);
  };
  return (
    <>
      <input
        {...same} id={id} value={text} placeholder={written(otherwise) || (field.nullable ? "none" : "")} aria-invalid={invalid} aria-describedby={described}
        inputMode={field.shape.form === "number" && !words.length ? "decimal" : undefined} list={words.length ? `${id}-words` : undefined}
        onChange={(event) => typed(event.target.value)}
      />
      {words.length > 0 && <datalist id={`${id}-words`}>{words.map((word) => <option key={word} value={word} />)}</datalist>}
      {field.nullable && field.default !== null && (
        <label><input type="checkbox" checked={value === null} onChange={(event) => change(event.target.checked ? null : undefined)} /> none</label>
      )}
    </>
  );
}

export function ChoiceControl({ field, id, value, otherwise, change, invalid, described }: ControlProps) {
  const known = field.shape.form === "choice" ? field.shape.of : [];
  const standard = written(otherwise ?? field.default);
  return (
    <select id={id} value={value === undefined ? "" : written(value)} aria-invalid={invalid} aria-describedby={described} onChange={(event) => change(event.target.value || undefined)}>
      <option value="">{standard ? `${standard} (default)` : "default"}</option>
      {known.map((name) => <option key={name} value={name}>{name}</option>)}
      {typeof value === "string" && !known.includes(value) && <option value={value}>{value}</option>}
    </select>
  );
}

export function SwitchControl({ id, value, otherwise, change, invalid, described }: ControlProps) {
  const on = (value ?? otherwise) === true;
  return <label><input id={id} type="checkbox" checked={on} aria-invalid={invalid} aria-describedby={described} onChange={(event) => change(event.target.checked)} /> {on ? "yes" : "no"}</label>;
}

/** A value as it is typed: lists by commas, all else as JSON has it. */
export function written(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(written).join(", ");
  return JSON.stringify(value);
}

function parsed(field: Field, text: string): unknown {
  switch (field.shape.form) {
    case "number": return numeric(text);
    case "list": return text.replace(/^\[|\]$/g, "").split(/[,\s]+/).filter(Boolean).map(numeric);
    case "json": try { return JSON.parse(text) as unknown; } catch { return text; }
    default: return text;
  }
}

const numeric = (text: string): number | string => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text);
