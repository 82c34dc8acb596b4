// A sweep's points as rows that can be put in order, and as a curve of what each gave.
import type { Schemas } from "../api/client";

export type Point = Schemas["SweepShown"]["points"][number];

/** What a run tried for a parameter, "lr" or "net.width"; undefined where it has none. */
export function tried({ values }: Pick<Point, "values">, key: string): unknown {
  if (key in values) return values[key];
  return key.split(".").reduce<unknown>((inner, name) => (typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[name] : undefined), values);
}

/** Points in the order of a column ("value", "place", or a parameter), those without one last; "-value" from the largest down. */
export function ordered(points: readonly Point[], by: string): Point[] {
  const down = by.startsWith("-");
  const column = down ? by.slice(1) : by;
  const held = (point: Point): unknown => (column === "place" ? point.place : column === "value" ? point.value : tried(point, column));
  return [...points].sort((one, other) => {
    const [a, b] = [held(one), held(other)];
    if (a === null || a === undefined || b === null || b === undefined) return Number(a === null || a === undefined) - Number(b === null || b === undefined);
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(JSON.stringify(a)).localeCompare(String(JSON.stringify(b)));
    return down ? -order : order;
  });
}

/** What the runs gave, by their order, and the best so far; runs without a value are left out. */
export function progress(points: readonly Point[], goal: "minimize" | "maximize"): { x: Float64Array; values: Float64Array; best: Float64Array } {
  const valued = ordered(points, "place").filter(({ value }) => value !== null);
  const better = goal === "minimize" ? Math.min : Math.max;
  let best = goal === "minimize" ? Infinity : -Infinity;
  return {
    x: Float64Array.from(valued, ({ place }) => place),
    values: Float64Array.from(valued, ({ value }) => value!),
    best: Float64Array.from(valued, ({ value }) => (best = better(best, value!))),
  };
}
