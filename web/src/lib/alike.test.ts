import { expect, it } from "vitest";
import { mostAlike } from "./alike";

it("is the one with the fewest differences that matter", () => {
  const runs = [
    { id: "far", config: { lr: 1, seed: 2, eval_every: 1 } },
    { id: "near", config: { lr: 9, seed: 1, eval_every: 5 } },
  ];

  const found = mostAlike({ lr: 9, seed: 0, eval_every: 1 }, runs);

  expect([found?.run.id, found?.differences]).toEqual(["near", [{ path: "seed", mine: 0, other: 1 }]]);
  expect(mostAlike({}, [])).toBeNull();
});
