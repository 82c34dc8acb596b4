// A curve minus another one's.
interface Curve { steps: ArrayLike<number>; values?: ArrayLike<number>; mean?: ArrayLike<number> }

export interface Difference {
  x: Float64Array;
  y: Float64Array;
  /** Both came whole: each point is of a step that both have. Else means of buckets were compared, the base's between its own along a straight line. */
  exact: boolean;
}

/** The curve minus the base at each of its steps where the base has a value; without those where either is not finite. */
export function difference(curve: Curve, base: Curve): Difference {
  const exact = curve.values !== undefined && base.values !== undefined;
  const mine = curve.values ?? curve.mean ?? [];
  const of = exact ? held(base) : between(base);
  const points = Array.from(curve.steps, (step, place) => [step, mine[place]! - of(step)] as const).filter(([, apart]) => Number.isFinite(apart));
  return { x: Float64Array.from(points, ([step]) => step), y: Float64Array.from(points, ([, apart]) => apart), exact };
}

/** The base's value at a step; NaN where it has none. */
function held({ steps, values = [] }: Curve): (step: number) => number {
  const known = new Map(Array.from(steps, (step, place) => [step, values[place]!]));
  return (step) => known.get(step) ?? NaN;
}

/** The base's value on the straight line between the points before and after; NaN outside of them. Steps are asked for in ascending order. */
function between({ steps, values, mean }: Curve): (step: number) => number {
  const y = values ?? mean ?? [];
  let at = 0;
  return (step) => {
    while (at + 1 < steps.length && steps[at + 1]! <= step) at += 1;
    if (steps.length === 0 || step < steps[0]!) return NaN;
    if (steps[at] === step) return y[at]!;
    if (at + 1 >= steps.length) return NaN;
    const share = (step - steps[at]!) / (steps[at + 1]! - steps[at]!);
    return y[at]! + (y[at + 1]! - y[at]!) * share;
  };
}
