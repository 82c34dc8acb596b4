// Small statistics, computed here of what is shown; those that conclusions rest on come from the API.

const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069,
  2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Student's t that 97.5 % lie below, for a two-sided 95 % interval (Abramowitz and Stegun 26.7.5 beyond 30 degrees of freedom). */
export function t975(degrees: number): number {
  return T_975[degrees - 1] ?? 1.959964 + 2.372271 / degrees + 2.822499 / degrees ** 2;
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Pearson's correlation; null when either does not vary. */
export function correlation(x: readonly number[], y: readonly number[]): number | null {
  const [mx, my] = [mean(x), mean(y)];
  let xy = 0, xx = 0, yy = 0;
  for (let i = 0; i < x.length; i += 1) {
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))) : null;
}

/** Spearman's: the correlation of ranks, equal values sharing the mean of theirs. */
export const rankCorrelation = (x: readonly number[], y: readonly number[]): number | null => correlation(ranks(x), ranks(y));

export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const found = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to += 1;
    for (let i = from; i <= to; i += 1) found[order[i]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return found;
}

/** The line of least squares through points; null when x does not vary. */
export function trend(x: readonly number[], y: readonly number[]): { slope: number; at0: number } | null {
  const [mx, my] = [mean(x), mean(y)];
  let xy = 0, xx = 0;
  for (let i = 0; i < x.length; i += 1) {
    xy += (x[i]! - mx) * (y[i]! - my);
    xx += (x[i]! - mx) ** 2;
  }
  return xx > 0 ? { slope: xy / xx, at0: my - (xy / xx) * mx } : null;
}

/**
 * The share of y's variance that knowing the group explains, less what chance alone would: epsilon squared (Kelley 1935), at least 0. Null when there
 * are as many groups as values, or one, or y does not vary.
 */
export function explained(groups: readonly string[], y: readonly number[]): number | null {
  const members = new Map<string, number[]>();
  groups.forEach((group, i) => members.set(group, [...(members.get(group) ?? []), y[i]!]));
  const all = mean(y);
  const total = y.reduce((sum, value) => sum + (value - all) ** 2, 0);
  if (members.size < 2 || members.size >= y.length || total === 0) return null;
  let within = 0;
  for (const values of members.values()) {
    const middle = mean(values);
    within += values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  }
  return Math.max(0, 1 - within / (y.length - members.size) / (total / (y.length - 1)));
}
