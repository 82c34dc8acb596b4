// What a live run adds to a curve that is drawn already: only that is asked for, and put behind what is there.
import type { Series } from "./columns";

/** Where to ask from: at the last thing at hand, which may be a bucket that has filled up since. In seconds where x is time. */
export function tailStart(series: Series, x: "step" | "time"): number {
  return (x === "time" ? series.times?.at(-1) : undefined) ?? series.steps.at(-1) ?? 0;
}

const OF_BUCKETS = ["mean", "min", "max", "first", "last", "counts", "non_finite"] as const;

/**
 * The curve with what came, from tailStart on, in place of its last point or bucket. Beyond `most` points it is no longer what was asked for: null, and
 * it has to be fetched anew, in wider buckets.
 */
export function extended(series: Series, tail: Series, most: number): Series | null {
  if (!series.steps.length) return tail;
  const keep = series.steps.length - 1;
  const begin = series.steps[keep]!;
  const from = tail.steps.findIndex((step) => step >= begin);
  if (from < 0) return series;
  if (from > 0 && tail.counts) return null; // a bucket reaches over the seam: time does not ascend with the steps
  const lost = series.counts ? series.counts[keep]! : 1;
  const made: Series = { run: series.run, metric: series.metric, count: series.count - lost + tail.count - from, steps: joined(series.steps, keep, tail.steps, from) };
  if (made.steps.length > 2 * most) return null;
  if (series.times && tail.times) made.times = joined(series.times, keep, tail.times, from);
  if (series.values && tail.values) return { ...made, values: joined(series.values, keep, tail.values, from) };
  const [old, added] = [inBuckets(series), inBuckets(tail)];
  for (const name of OF_BUCKETS) made[name] = joined(old[name]!, keep, added[name]!, from);
  return made;
}

/** Each point as a bucket of its own. */
function inBuckets(series: Series): Series {
  const { values } = series;
  if (!values) return series;
  const finite = values.map((value) => (Number.isFinite(value) ? value : NaN));
  return {
    ...series, mean: finite, min: finite, max: finite, first: values, last: values,
    counts: values.map(() => 1), non_finite: values.map((value) => (Number.isFinite(value) ? 0 : 1)),
  };
}

function joined(old: Float64Array, keep: number, added: Float64Array, from: number): Float64Array {
  const made = new Float64Array(keep + added.length - from);
  made.set(old.subarray(0, keep));
  made.set(added.subarray(from), keep);
  return made;
}
