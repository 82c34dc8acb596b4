// Colours for numbers, for pictures of many numbers at once.

export interface HeatScale {
  low: number;
  high: number;
  log: boolean;
}

/** From the least to the greatest finite value; logarithmic over the positive ones when they span more than two powers of ten. */
export function scaleOf(values: Iterable<number | null>, fixed?: [number, number]): HeatScale | null {
  if (fixed) return { low: fixed[0], high: fixed[1], log: false };
  let [low, high, positive] = [Infinity, -Infinity, Infinity];
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (value > 0) positive = Math.min(positive, value);
  }
  if (low > high) return null;
  const log = low >= 0 && positive < Infinity && high / positive > 100;
  return { low: log ? positive : low, high, log };
}

/** Where a value lies on the scale, 0 to 1; below it 0, above it 1. */
export function share(value: number, { low, high, log }: HeatScale): number {
  if (high <= low) return 0.5;
  const at = log ? (value <= 0 ? 0 : Math.log(value / low) / Math.log(high / low)) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, at));
}

// Viridis (van der Walt and Smith, 2015) at nine places: even to the eye, in print and to colour-blind eyes.
const VIRIDIS = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [144, 215, 67], [253, 231, 37]] as const;

/** The colour of a share of 1, as red, green and blue. */
export function heat(at: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, at)) * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(place));
  const rest = place - index;
  const [one, other] = [VIRIDIS[index]!, VIRIDIS[index + 1]!];
  return [0, 1, 2].map((part) => Math.round(one[part]! + (other[part]! - one[part]!) * rest)) as [number, number, number];
}
