import { describe, expect, it } from "vitest";
import { type Link, type Rerun, sealOf, sealWords, timeline, waiting } from "./proof";

const verdict = (outcome: "identical" | "different" | "not_comparable", judged_at: string, stale = false) =>
  ({ run: judged_at, state: "finished", verdict: { outcome, judged_at, stale } }) as unknown as Rerun;
const unjudged = (state: string) => ({ run: "x", state, verdict: null }) as Rerun;
const link = (step: number, weights = "w", buffers = "b"): Link => ({ step, weights, buffers, optimizer: "o", rng: "r", order: "p" });
const digests = { data: "d", split: "s", order: "o", initial: "i", final: "f" };

describe("the seal", () => {
  it.each([
    [[], "never", "Never rerun"],
    [[unjudged("running")], "never", "Never rerun"],
    [[verdict("identical", "1"), verdict("identical", "2")], "identical", "Reproduced 2 of 2"],
    [[verdict("identical", "1"), verdict("different", "2")], "different", "Different in 1 of 2 reruns"],
    [[verdict("not_comparable", "1")], "not_comparable", "Rerun, but not comparable"],
    [[verdict("identical", "1"), verdict("not_comparable", "2")], "identical", "Reproduced 1 of 1"],
    [[verdict("identical", "1"), verdict("identical", "2", true)], "stale", "Reproduced 2 of 2"],
  ] as const)("of %j is %s: %s", (reruns, kind, words) => {
    expect([sealOf(reruns as readonly Rerun[]), sealWords(reruns as readonly Rerun[])]).toEqual([kind, words]);
  });
});

describe("waiting", () => {
  it("leaves out what is judged and what was cancelled", () => {
    expect(waiting([verdict("identical", "1"), unjudged("queued"), unjudged("cancelled")]).map(({ state }) => state)).toEqual(["queued"]);
  });
});

describe("timeline", () => {
  it("of the same bits has no first difference", () => {
    const made = timeline({ digests, chain: [link(9), link(19)] }, { digests, chain: [link(9), link(19)] });

    expect([made.first, made.cells.map(({ label }) => label)]).toEqual([-1, ["data", "split", "order", "initial", "9", "19", "final"]]);
  });

  it("marks the first link that differs and says in what", () => {
    const made = timeline({ digests, chain: [link(9), link(19), link(29)] }, { digests: { ...digests, final: "g" }, chain: [link(9), link(19, "w", "c"), link(29, "v")] });

    expect([made.first, made.cells[made.first]?.words]).toEqual([5, "behind step 19: the buffers (running statistics) not the same"]);
  });

  it("lets neighbours share a cell when there are many, and loses no difference", () => {
    const chain = Array.from({ length: 1000 }, (_, step) => link(step));
    const made = timeline({ digests, chain }, { digests, chain: chain.map((each) => (each.step === 517 ? { ...each, weights: "z" } : each)) }, 50);

    expect(made.cells).toHaveLength(55);
    expect(made.cells[made.first]).toMatchObject({ from: 500, to: 519, words: "behind step 517: the weights not the same" });
  });

  it("says what is not on record", () => {
    const made = timeline({ digests: null, chain: [] }, { digests, chain: [] });

    expect(new Set(made.cells.map(({ kind }) => kind))).toEqual(new Set(["missing"]));
  });
});
