// Which runs (or groups) are shown on charts, as it stands in the address: ids with the place of their colour, "k3v9.0,m2x1.1"; "none" for none.
import { places } from "./colours";

export const SHOWN_AT_FIRST = 10;
export const MOST_SHOWN = 200;

/** Places by id; undefined when the address leaves it to the table. */
export function readShown(text: string | undefined): Map<string, number> | undefined {
  if (!text) return undefined;
  const read = text === "none" ? [] : text.split(",").map((piece) => piece.split(".") as [string, string?]);
  const found = new Map<string, number>();
  for (const [id, place] of read.slice(0, MOST_SHOWN)) if (id) found.set(id, Math.min(Math.max(0, Number.parseInt(place ?? "", 10) || 0), MOST_SHOWN));
  return found;
}

export const writeShown = (shown: ReadonlyMap<string, number>): string => [...shown].map(([id, place]) => `${id}.${place}`).join(",") || "none";

/** The runs shown after the eyes of some were opened or closed; colours of the others stay. */
export function toggled(shown: ReadonlyMap<string, number>, ids: readonly string[], open: boolean): Map<string, number> {
  const kept = [...shown.keys()].filter((id) => open || !ids.includes(id));
  return places([...new Set(open ? [...kept, ...ids] : kept)].slice(0, MOST_SHOWN), shown);
}
