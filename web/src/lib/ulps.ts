// How far apart two floats are, counted in floats between them.

const view = new DataView(new ArrayBuffer(8));

/** Steps between two values, in float32 when both are exact in it, else in float64; null when either is no finite number. */
export function ulps(one: number, other: number): { ulps: bigint; of: "float32" | "float64" } | null {
  if (!Number.isFinite(one) || !Number.isFinite(other)) return null;
  const of = Math.fround(one) === one && Math.fround(other) === other ? "float32" : "float64";
  const apart = place(one, of) - place(other, of);
  return { ulps: apart < 0n ? -apart : apart, of };
}

/** The place of a float among all floats in their order, 0 for both zeros. */
function place(value: number, of: "float32" | "float64"): bigint {
  if (of === "float32") {
    view.setFloat32(0, value);
    const bits = BigInt(view.getInt32(0));
    return bits < 0n ? -(bits & 0x7fffffffn) : bits;
  }
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}

/** A float with every digit it takes to tell it from its neighbours. */
export function exact(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return Object.is(value, -0) ? "-0" : String(value);
}
