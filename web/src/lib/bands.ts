// A group's curves as one: the mean, how far its members lie around it, and of how many members that is.
import { t975 } from "./statistics";

export type Spread = "sd" | "se" | "ci" | "minmax" | "none";

export const SPREADS: Record<Spread, string> = { sd: "± sd", se: "± SE", ci: "95 % interval", minmax: "min to max", none: "mean alone" };

export interface Member { x: Float64Array; y: Float64Array; low?: Float64Array; high?: Float64Array }
export interface Around { x: Float64Array; mid: Float64Array; low: Float64Array; high: Float64Array; n: Float64Array }

const MOST_PLACES = 1500;

/**
 * Mean and spread at each x that any member has a point at (a part of them when there are very many). Between two points of a member its value is on the
 * line between them; before its first, after its last and next to a NaN it has none, and n says how many have one. sd is of a sample (n - 1); of one member
 * there is no spread: low and high are the mean. 95 %: Student's t times the standard error, of the mean.
 */
export function around(members: readonly Member[], spread: Spread): Around {
  const x = places(members);
  const at = members.map((member) => interpolated(member.x, member.y, x));
  const lows = spread === "minmax" ? members.map((member) => (member.low ? interpolated(member.x, member.low, x) : null)) : [];
  const highs = spread === "minmax" ? members.map((member) => (member.high ? interpolated(member.x, member.high, x) : null)) : [];
  const found: Around = { x, mid: new Float64Array(x.length), low: new Float64Array(x.length), high: new Float64Array(x.length), n: new Float64Array(x.length) };
  for (let i = 0; i < x.length; i += 1) {
    let n = 0, mean = 0, squares = 0, least = Infinity, greatest = -Infinity;
    for (let k = 0; k < at.length; k += 1) {
      const value = at[k]![i]!;
      if (value !== value) continue;
      n += 1;
      const far = value - mean;
      mean += far / n;
      squares += far * (value - mean);
      least = Math.min(least, lows[k]?.[i] ?? value);
      greatest = Math.max(greatest, highs[k]?.[i] ?? value);
    }
    found.n[i] = n;
    found.mid[i] = n ? mean : NaN;
    const half = n > 1 ? halfWidth(spread, Math.sqrt(squares / (n - 1)), n) : 0;
    found.low[i] = n === 0 ? NaN : spread === "minmax" ? least : mean - half;
    found.high[i] = n === 0 ? NaN : spread === "minmax" ? greatest : mean + half;
  }
  return found;
}

function halfWidth(spread: Spread, sd: number, n: number): number {
  if (spread === "sd") return sd;
  if (spread === "se") return sd / Math.sqrt(n);
  return spread === "ci" ? (t975(n - 1) * sd) / Math.sqrt(n) : 0;
}

/** All x of all members, ascending, each once. */
function places(members: readonly Member[]): Float64Array {
  const all = new Float64Array(members.reduce((sum, { x }) => sum + x.length, 0));
  let at = 0;
  for (const { x } of members) {
    all.set(x, at);
    at += x.length;
  }
  all.sort();
  const distinct = all.filter((value, i) => i === 0 || value !== all[i - 1]);
  if (distinct.length <= MOST_PLACES) return distinct;
  const every = (distinct.length - 1) / (MOST_PLACES - 1);
  return Float64Array.from({ length: MOST_PLACES }, (_, i) => distinct[Math.round(i * every)]!);
}

/** y at each of `wanted` (ascending), NaN where it has no value. */
export function interpolated(x: Float64Array, y: Float64Array, wanted: Float64Array): Float64Array {
  let left = 0;
  return wanted.map((at) => {
    if (!x.length || at < x[0]! || at > x[x.length - 1]!) return NaN;
    while (left + 1 < x.length && x[left + 1]! <= at) left += 1;
    if (x[left] === at || left + 1 >= x.length) return y[left]!;
    return y[left]! + ((y[left + 1]! - y[left]!) * (at - x[left]!)) / (x[left + 1]! - x[left]!);
  });
}
