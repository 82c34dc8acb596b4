import "./filter.css";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { body, client, Refused, type Schemas } from "../../api/client";
import { type Completion, completions } from "../../lib/completions";
import { type Place, placeAt } from "../../lib/filter-text";

/** The filter as text: completed while it is typed, applied by Enter; what cannot be read is marked under the character. */
export function FilterBar({ project, filter, fields, apply }: { project: string; filter: string; fields: Schemas["RunFields"] | undefined; apply: (filter: string) => void }) {
  const [draft, setDraft] = useState(filter);
  const [shownFor, showFor] = useState(filter);
  if (shownFor !== filter) { // the address changed by other ways than this bar
    showFor(filter);
    setDraft(filter);
  }
  const input = useRef<HTMLInputElement>(null);
  const [place, setPlace] = useState<Place | null>(null);
  const [chosen, choose] = useState(-1);
  const [scrolled, scrollTo] = useState(0);
  const list = useId();
  const facet = useFacet(project, place);
  const check = useCheck(project, draft.trim());
  const offered = place ? completions(place, fields, facet) : [];
  const open = offered.length > 0;
  const unfinished = open && check.column - 1 >= place!.from; // what is being typed is no mistake yet

  const look = () => {
    const element = input.current!;
    setPlace(placeAt(element.value, element.selectionStart ?? element.value.length));
    choose(-1);
  };
  const take = ({ text }: Completion) => {
    const inside = text === "'%%'";
    const { from, to } = place!;
    const gap = text.endsWith("(") || inside || draft[to] === " " ? "" : " ";
    const cursor = from + text.length + (inside ? -2 : gap.length);
    setDraft(draft.slice(0, from) + text + gap + draft.slice(to));
    requestAnimationFrame(() => {
      input.current?.setSelectionRange(cursor, cursor);
      look();
    });
  };
  const submit = () => {
    setPlace(null);
    if (!check.error) apply(draft.trim());
  };
  const key = (event: React.KeyboardEvent) => {
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose((chosen + (event.key === "ArrowDown" ? 1 : -1) + offered.length + (chosen < 0 && event.key === "ArrowUp" ? 1 : 0)) % offered.length);
    } else if (event.key === "Enter" || (event.key === "Tab" && chosen >= 0)) {
      event.preventDefault();
      const picked = offered[chosen];
      if (picked) take(picked);
      else submit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (open) setPlace(null);
      else input.current?.blur();
    }
  };

  return (
    <div className="filter">
      <div className="filter-field">
        <input
          ref={input} type="text" role="combobox" aria-label="Filter" aria-expanded={open} aria-controls={list} aria-autocomplete="list" aria-activedescendant={chosen >= 0 ? `${list}-${chosen}` : undefined}
          aria-invalid={check.error && !unfinished ? true : undefined} aria-describedby={check.error && !unfinished ? `${list}-error` : undefined} spellCheck={false} autoComplete="off" autoCapitalize="off" maxLength={16_000}
          placeholder="Filter: state = 'finished' and val/loss …" value={draft} data-key="filter"
          onChange={(event) => { setDraft(event.target.value); look(); }} onFocus={look} onClick={look} onKeyDown={key} onBlur={() => setPlace(null)}
          onKeyUp={(event) => { if (event.key === "ArrowLeft" || event.key === "ArrowRight" || event.key === "Home" || event.key === "End") look(); }} onScroll={(event) => scrollTo(event.currentTarget.scrollLeft)}
        />
        {draft.trim() !== filter && <button type="button" onMouseDown={(event) => event.preventDefault()} onClick={submit} disabled={check.error !== null}>Apply</button>}
        {draft !== "" && draft.trim() === filter && <button type="button" className="plain" aria-label="Clear the filter" onClick={() => apply("")}>✕</button>}
      </div>
      {(check.error || open) && <div className="filter-below">
      {check.error && !unfinished && (
        <div className="filter-error" id={`${list}-error`} role="alert">
          <span className="filter-caret" aria-hidden="true" style={{ marginLeft: `calc(8px + ${check.column - 1}ch - ${scrolled}px)` }}>▲</span>
          <span>{check.error}</span>
        </div>
      )}
      {open && (
        <ul id={list} role="listbox" aria-label="Completions" className="filter-list">
          {offered.map((each, at) => (
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the field has the keys
            <li key={each.text} id={`${list}-${at}`} role="option" tabIndex={-1} aria-selected={at === chosen} onMouseDown={(event) => event.preventDefault()} onClick={() => take(each)}>
              <code className="cut">{each.text}</code><span className="meta">{each.note}</span>
            </li>
          ))}
        </ul>
      )}
      </div>}
    </div>
  );
}

const COUNTED = /^(?!metrics\.)(?!.*_at$)./;

/** The values that runs have at the key whose value is wanted. */
function useFacet(project: string, place: Place | null): Schemas["RunFacet"] | undefined {
  const key = place && (place.wants === "value" || place.wants === "list") ? place.key : "";
  return useFacetOf(project, key).data;
}

export function useFacetOf(project: string, key: string) {
  return useQuery({
    queryKey: ["facet", project, key],
    queryFn: async ({ signal }) => (await body(client.GET("/api/v1/runs/facets", { params: { query: { project, of: key, limit: 50 } }, signal }))).items[0]!,
    enabled: COUNTED.test(key),
    staleTime: 30_000,
    retry: false,
  });
}

/** Why the API cannot read a filter and at which of its characters (from 1); asked once nothing was typed for a moment. */
function useCheck(project: string, filter: string): { error: string | null; column: number } {
  const [settled, settle] = useState(filter);
  useEffect(() => {
    const timer = setTimeout(() => settle(filter), 200);
    return () => clearTimeout(timer);
  }, [filter]);
  const { error } = useQuery({
    queryKey: ["filter-check", project, settled],
    queryFn: async ({ signal }) => (await body(client.GET("/api/v1/runs", { params: { query: { project, filter: settled, fields: "id", limit: 1 } }, signal }))).items.length,
    enabled: settled !== "",
    retry: false,
    staleTime: Infinity,
  });
  if (settled !== filter || !(error instanceof Refused) || error.problem.parameter !== "filter") return { error: null, column: 1 };
  return { error: error.message.replace(/^filter: /, ""), column: Number(error.problem.column) || 1 };
}
