// Curves as the API sends them in binary: a line of JSON, then float64 columns. No number is parsed twice.

export const COLUMNS = "application/vnd.runtwice.columns";

/** A metric's points in one run: each of them, or what lies in each bucket. NaN in `mean`, `min` and `max` is a bucket without a finite value. */
export interface Series {
  run: string;
  metric: string;
  /** Points in the window that was asked for, non-finite ones included. */
  count: number;
  steps: Float64Array;
  /** Seconds since the run began, where they were asked for. */
  times?: Float64Array;
  values?: Float64Array;
  mean?: Float64Array;
  min?: Float64Array;
  max?: Float64Array;
  first?: Float64Array;
  last?: Float64Array;
  counts?: Float64Array;
  non_finite?: Float64Array;
}

type Column = Exclude<keyof Series, "run" | "metric" | "count">;
interface Described { run: string; metric: string; count: number; columns: { name: Column; length: number }[] }

/** The curves of an answer of the type COLUMNS, in its order. The columns lie in the answer's own bytes. */
export function decoded(answer: ArrayBuffer): Series[] {
  const bytes = new Uint8Array(answer);
  const end = bytes.indexOf(10);
  const { series } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as { series: Described[] };
  let at = end + 1;
  return series.map(({ run, metric, count, columns }) => {
    const found: Series = { run, metric, count, steps: new Float64Array() };
    for (const { name, length } of columns) {
      found[name] = new Float64Array(answer, at, length);
      at += length * 8;
    }
    return found;
  });
}
