// Smoothing that does not depend on how many points a curve happens to have.

const PARTS_OF_RANGE = 1000;

/**
 * An exponential moving average weighted by distance in x: `weight` (0 to below 1) is what is kept of the average over a thousandth of the range. It begins
 * without bias (Kingma and Ba 2015, section 3); what is no number is passed over and stays one.
 */
export function smoothed(x: Float64Array, y: Float64Array, weight: number): Float64Array {
  const range = x.length ? x[x.length - 1]! - x[0]! : 0;
  const kept = Math.min(Math.sqrt(weight), 0.999);
  let average = 0;
  let mass = 0;
  let before = NaN;
  return y.map((value, i) => {
    if (!Number.isFinite(value)) return NaN;
    const far = before === before && range > 0 ? ((x[i]! - before) / range) * PARTS_OF_RANGE : 1;
    const keep = kept ** Math.max(far, 0);
    average = average * keep + value * (1 - keep);
    mass = mass * keep + (1 - keep);
    before = x[i]!;
    return mass > 0 ? average / mass : value;
  });
}
