// Values of a tensor as pictures need them: flat, laid out in tiles, counted on one axis.

export type Value = number | null;

/** Nested lists as one, in row-major order; "NaN" and infinities as they are named become numbers. */
export function flat(values: unknown): Float64Array {
  const found: number[] = [];
  const walk = (inner: unknown): void => {
    if (Array.isArray(inner)) inner.forEach(walk);
    else found.push(inner === null ? NaN : Number(inner));
  };
  walk(values);
  return Float64Array.from(found);
}

/** Tiles in rows and columns, each of height by width; `at` is the flat index of a picture's pixel, -1 in the gaps between tiles. */
export interface Layout {
  rows: number;
  columns: number;
  height: number;
  width: number;
  at: (x: number, y: number) => number;
}

/** How a tensor is laid out: a matrix as it is, maps of [samples, channels, height, width] as a tile each, rows that are images as square tiles. */
export function layout(shape: readonly number[], images: boolean): Layout {
  const [samples = 1, channels = 1, ...pixels] = shape;
  if (pixels.length === 2) return tiles(samples, channels, pixels[0]!, pixels[1]!, samples * channels);
  if (pixels.length === 1) return tiles(1, 1, samples * channels, pixels[0]!, 1);
  const side = Math.round(Math.sqrt(channels));
  if (!images || side * side !== channels || side < 4) return tiles(1, 1, samples, channels, 1);
  const across = Math.ceil(Math.sqrt(samples));
  return tiles(Math.ceil(samples / across), across, side, side, samples);
}

function tiles(rows: number, columns: number, height: number, width: number, count: number): Layout {
  const [down, across] = [height + 1, width + 1];
  const at = (x: number, y: number) => {
    const tile = Math.floor(y / down) * columns + Math.floor(x / across);
    const inner = [y % down, x % across] as const;
    return inner[0] === height || inner[1] === width || tile >= count ? -1 : tile * height * width + inner[0] * width + inner[1];
  };
  return { rows, columns, height: rows * down - 1, width: columns * across - 1, at };
}

/** The indices of a flat index: [2, 0, 5]. */
export function indices(place: number, shape: readonly number[]): number[] {
  const found: number[] = [];
  for (const size of [...shape].reverse()) {
    found.unshift(place % size);
    place = Math.floor(place / size);
  }
  return found;
}

/** Shares of values in equal bins from low to high, the same for each series; what is not finite is left out. */
export function histograms(series: readonly Float64Array[], bins: number): { low: number; high: number; shares: Float64Array[] } {
  let [low, high] = [Infinity, -Infinity];
  for (const values of series) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const shares = series.map((values) => {
    const counts = new Float64Array(bins);
    let total = 0;
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]! += 1;
      total += 1;
    }
    return total ? counts.map((count) => count / total) : counts;
  });
  return { low, high, shares };
}

/** The absolute value that all but one in a hundred finite values stay below: one outlier must not pale all others. 1 when there is none above 0. */
export function reach(series: readonly Float64Array[]): number {
  const sizes = Float64Array.from(series.flatMap((values) => [...values].filter(Number.isFinite).map(Math.abs))).sort();
  return sizes[Math.floor(sizes.length * 0.99)] || sizes.at(-1) || 1;
}
