// What a chart says of itself: how many points it shows of how many, and what it leaves out.
import { whole } from "../lib/format";
import type { Band, Line } from "./line";

export function caption(lines: readonly Line[], bands: readonly Band[], left: { hidden: number; unlogged: number }): string {
  const count = lines.reduce((sum, { count }) => sum + count, 0);
  const drawn = lines.reduce((sum, { drawn }) => sum + drawn, 0);
  const odd = lines.reduce((sum, { odd }) => sum + odd.length, 0);
  const said: string[] = [];
  if (bands.length) said.push(`mean of ${bands.length} ${bands.length === 1 ? "group" : "groups"}, ${members(bands)}`);
  if (lines.length) said.push(drawn < count ? `${whole(drawn)} of ${whole(count)} points, extremes kept` : `${whole(count)} ${count === 1 ? "point" : "points"}, all of them`);
  if (odd) said.push(`${whole(odd)} not finite (× ▲ ▼)`);
  if (left.unlogged) said.push(`${whole(left.unlogged)} at or below 0 have no place on a log axis`);
  if (left.hidden) said.push(`${whole(left.hidden)} ${left.hidden === 1 ? "outlier lies" : "outliers lie"} outside`);
  return said.join(" · ");
}

/** "n = 6", "n = 5 of 6 at the least". */
function members(bands: readonly Band[]): string {
  const words = bands.map(({ n, of }) => {
    const least = n.length ? n.reduce((a, b) => Math.min(a, b)) : 0;
    return least < of ? `n = ${least} of ${of} at the least` : `n = ${of}`;
  });
  return [...new Set(words)].slice(0, 3).join(", ") + (new Set(words).size > 3 ? ", …" : "");
}
