import { describe, expect, it } from "vitest";
import { sealOf } from "./seal";

describe("the seal of a run in a list", () => {
  it.each([
    ["never", null, false],
    ["identical", "identical", false],
    ["stale", "identical", true],
    ["different", "different", true], // that it differed once does not grow old
    ["not_comparable", "not_comparable", false],
  ] as const)("is %s", (kind, outcome, stale) => expect(sealOf({ reproduced: outcome && { outcome, reruns: 1 }, stale })).toBe(kind));
});
