import { number } from "../../lib/format";
import { histograms } from "../../lib/tensor";

const BINS = 60;
const [WIDTH, HEIGHT] = [600, 160];

/** How often which values come, before and after, on one axis. `log`: heights by the logarithm, so that a spike hides nothing. */
export function Histogram({ before, after, log }: { before: Float64Array; after: Float64Array; log: boolean }) {
  const { low, high, shares } = histograms([before, after], BINS);
  const peak = Math.max(...shares.map((found) => Math.max(...found)));
  const least = 1 / Math.max(before.length, after.length, 2);
  const tall = (share: number) => (log ? (share ? Math.log(share / least + 1) / Math.log(peak / least + 1) : 0) : share / (peak || 1)) * (HEIGHT - 4);
  const outline = (found: Float64Array) => `M0 ${HEIGHT}${[...found].map((share, bin) => `V${(HEIGHT - tall(share)).toFixed(1)}H${(((bin + 1) / BINS) * WIDTH).toFixed(1)}`).join("")}V${HEIGHT}`;
  return (
    <figure className="lab-histogram">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`Histograms of before and after, from ${number(low)} to ${number(high)}`}>
        <path d={outline(shares[0]!)} className="before" />
        <path d={outline(shares[1]!)} className="after" />
      </svg>
      <figcaption className="meta row"><span>{number(low, 3)}</span><span className="space" /><span className="lab-key before">before</span><span className="lab-key after">after</span><span>peak {number(100 * peak, 3)} % of the values</span><span className="space" /><span>{number(high, 3)}</span></figcaption>
    </figure>
  );
}
