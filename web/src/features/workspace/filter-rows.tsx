import { useState } from "react";
import type { Schemas } from "../../api/client";
import { operators } from "../../lib/completions";
import { type Condition, conditions, joined, OPERATORS, takesValue, written } from "../../lib/conditions";
import { useFacetOf } from "./filter-bar";

const NEW: Condition = { text: "", key: "", operator: "=", values: [] };

/** The conditions, one a row, picked from what the project has. */
export function FilterRows({ project, filter, fields, apply }: { project: string; filter: string; fields: Schemas["RunFields"] | undefined; apply: (filter: string) => void }) {
  const [all, setAll] = useState<Condition[]>(() => { const found = conditions(filter); return found.length > 0 ? found : [NEW]; });
  const keys = fields ? [...fields.metrics.flatMap(({ key }) => [key, `${key}.min`, `${key}.max`]), ...fields.config.map(({ key }) => key), ...fields.fields.map(({ key }) => key), "tags"] : [];
  const whole = all.filter(({ text }) => text !== "");
  const change = (place: number, changed: Condition) => {
    const complete = changed.key !== "" && (!takesValue(changed.operator) || changed.values.length > 0);
    setAll(all.map((each, at) => (at === place ? { ...changed, text: complete ? written(changed) : "" } : each)));
  };
  return (
    <form className="filter-rows" onSubmit={(event) => { event.preventDefault(); apply(joined(whole)); }}>
      <span className="meta">Runs must meet all of these; write “or” in the bar.</span>
      <datalist id="filter-keys">{keys.map((key) => <option key={key} value={key} />)}</datalist>
      {all.map((each, place) => (
        <div key={place} className="filter-row">
          {each.operator === ""
            ? <code className="cut space" title={each.text}>{each.text}</code>
            : <ConditionRow project={project} place={place} condition={each} fields={fields} change={(changed) => change(place, changed)} />}
          <button type="button" className="plain" aria-label={`Remove condition ${place + 1}`} onClick={() => setAll(all.filter((_, at) => at !== place))}>✕</button>
        </div>
      ))}
      <div className="row">
        <button type="button" onClick={() => setAll([...all, NEW])}>Add a condition</button>
        <span className="space" />
        <button type="submit" className="primary" disabled={joined(whole) === filter}>Apply</button>
      </div>
    </form>
  );
}

function ConditionRow({ project, place, condition, fields, change }: {
  project: string;
  place: number;
  condition: Condition;
  fields: Schemas["RunFields"] | undefined;
  change: (changed: Condition) => void;
}) {
  const { key, operator, values } = condition;
  const facet = useFacetOf(project, fields && (key === "tags" || [...fields.config, ...fields.fields].some((field) => field.key === key)) ? key : "");
  const fitting = operators(key, fields).map((each) => each.replace(" (", ""));
  const many = operator.endsWith("in");
  return (
    <>
      <input className="filter-key" aria-label={`Key of condition ${place + 1}`} list="filter-keys" placeholder="key" value={key} onChange={(event) => change({ ...condition, key: event.target.value.trim() })} />
      <select aria-label={`Comparison of condition ${place + 1}`} value={operator} onChange={(event) => change({ ...condition, operator: event.target.value })}>
        {OPERATORS.filter((each) => each === operator || !key || fitting.includes(each)).map((each) => <option key={each}>{each}</option>)}
      </select>
      {takesValue(operator) && (
        <>
          <input
            aria-label={`Value of condition ${place + 1}`} list={`filter-values-${place}`} placeholder={many ? "values by commas" : "value"} value={values.join(", ")}
            onChange={(event) => change({ ...condition, values: many ? event.target.value.split(",").map((each) => each.trim()).filter(Boolean) : event.target.value === "" ? [] : [event.target.value] })}
          />
          <datalist id={`filter-values-${place}`}>{facet.data?.values.map(({ value }) => <option key={String(value)} value={String(value)} />)}</datalist>
        </>
      )}
    </>
  );
}
