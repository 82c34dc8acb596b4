import { describe, expect, it } from "vitest";
import { stroke } from "../lib/colours";
import { caption } from "./caption";
import type { Series } from "./columns";
import { xRange, yRange } from "./frame";
import { type Band, before, type Line, line, nearest } from "./line";
import { layers } from "./paint";
import { around, readings } from "./readings";
import { alone, SvgPen, trace } from "./trace";

const of = (...values: number[]) => Float64Array.from(values);
const named = { name: "baseline", stroke: stroke(0) };
const exact = (steps: number[], values: number[]): Series => ({ run: "a", metric: "loss", count: steps.length, steps: of(...steps), values: of(...values) });
const bucketed: Series = {
  run: "b", metric: "loss", count: 400, steps: of(0, 100), mean: of(1, 2), min: of(0.5, -7), max: of(1.5, 90), first: of(1, NaN), last: of(1, 2), counts: of(200, 200), non_finite: of(0, 3),
};

describe("line", () => {
  it("keeps values that are no numbers out of the curve and as signs", () => {
    const made = line(exact([0, 1, 2], [1, NaN, -Infinity]), named);

    expect([...made.y]).toEqual([1, NaN, NaN]);
    expect(made.odd).toEqual([{ x: 1, kind: "NaN" }, { x: 2, kind: "-Infinity" }]);
  });

  it("keeps the extremes of buckets, and says which held something that is no number", () => {
    const made = line(bucketed, named);

    expect([...made.low!, ...made.high!]).toEqual([0.5, -7, 1.5, 90]);
    expect(made.odd).toEqual([{ x: 100, kind: "NaN" }]);
  });
});

describe("ranges", () => {
  it("take in the extremes of buckets", () => {
    const y = yRange([line(bucketed, named)], [], { min: 0, max: 100 }, false, true);

    expect(y.min).toBeLessThan(-7);
    expect(y.max).toBeGreaterThan(90);
  });

  it("without outliers fit the middle and count what lies outside", () => {
    const steps = Array.from({ length: 1000 }, (_, i) => i);
    const y = yRange([line(exact(steps, steps.map((i) => (i === 500 ? 1e6 : Math.sin(i)))), named)], [], { min: 0, max: 999 }, false, false);

    expect(y.max).toBeLessThan(2);
    expect(y.hidden).toBe(1);
  });

  it("of a logarithmic axis count what has no place on it", () => {
    const lines = [line(exact([0, 1, 2], [0, 0.1, 10]), named)];

    expect(yRange(lines, [], { min: 0, max: 2 }, true, true)).toMatchObject({ unlogged: 1 });
    expect(xRange(lines, [], true).min).toBe(1);
  });

  it("are something when there is nothing, and when all is the same", () => {
    expect(yRange([], [], { min: 0, max: 1 }, false, true)).toMatchObject({ min: 0, max: 1 });
    expect(yRange([line(exact([0], [3]), named)], [], { min: 0, max: 1 }, false, true).min).toBeLessThan(3);
  });
});

describe("places", () => {
  it.each([[-1, -1, 0], [0, 0, 0], [4, 0, 0], [6, 0, 1], [10, 1, 1], [99, 1, 1]])("before and nearest to %s are %s and %s", (at, left, near) => {
    expect([before([0, 10], at), nearest([0, 10], at)]).toEqual([left, near]);
  });
});

describe("readings", () => {
  it("are sorted by value, and leave out who has no point there", () => {
    const lines = [line(exact([0, 10], [1, 2]), named), line({ ...exact([0, 10], [5, 6]), run: "b" }, named), line({ ...exact([90, 100], [7, 8]), run: "c" }, named)];

    expect(readings(lines, [], 9).map(({ run, value }) => [run, value])).toEqual([["b", 6], ["a", 2]]);
  });

  it("of many show those around one, and how many stand above and below", () => {
    const all = Array.from({ length: 100 }, (_, i) => ({ run: `${i}`, ...named, value: 100 - i }));
    const { shown, above, below } = around(all, "50", 10);

    expect(shown.map(({ run }) => run)).toContain("50");
    expect([shown.length, above + below]).toEqual([10, 90]);
  });
});

describe("trace", () => {
  const frame = { x: { min: 0, max: 2999 }, y: { min: 0, max: 100 }, logX: false, logY: false, width: 100, height: 100 };
  const drawn = (x: Float64Array, y: Float64Array) => {
    const pen = new SvgPen();
    trace(pen, x, y, frame);
    return pen.d;
  };

  it("hides no spike when it packs many points into a pixel", () => {
    const x = Float64Array.from({ length: 3000 }, (_, i) => i);
    const path = drawn(x, x.map((i) => (i === 1234 ? 100 : 50)));

    expect(path).toContain("L41 0");
    expect(path.length).toBeLessThan(5000);
  });

  it("breaks at NaN and keeps a point that stands alone", () => {
    expect(drawn(of(0, 1, 2, 2999), of(0, NaN, 50, 100))).toBe("M0 100L0 100M0.07 50L100 0");
  });
});

describe("a point that stands alone", () => {
  const frame = { x: { min: 0, max: 4 }, y: { min: 0, max: 4 }, logX: false, logY: false, width: 100, height: 100 };
  const none = { run: "r", name: "r", stroke: named.stroke, odd: [], count: 1, drawn: 1 };
  const shapes = (lines: Line[], bands: Band[]) => layers(frame, lines, bands).filter(({ look }) => look.fill === named.stroke.colour && look.alpha === 1).map(({ shape }) => {
    const pen = new SvgPen();
    shape(pen);
    return pen.d;
  });

  it("is drawn as a disc, and those that have neighbours are not", () => {
    expect(alone(of(0, 1, 2, 3), of(1, NaN, 1, 1), frame)).toEqual([0]);
    expect(shapes([{ ...none, x: of(2), y: of(2) }], [])[0]).toContain("M53.5 50");
    expect(shapes([{ ...none, x: of(2, 3), y: of(2, 2) }], [])).toEqual([]);
  });

  it("of a group has its spread beside it", () => {
    const band = { ...none, x: of(2), mid: of(2), low: of(1), high: of(3), n: of(2), of: 2 };

    expect(shapes([], [band])).toHaveLength(1);
    const pen = new SvgPen();
    for (const { shape } of layers(frame, [], [band])) shape(pen);
    expect(pen.d).toContain("M50 75L50 25");
  });

  it("stands in the middle of x", () => expect(xRange([{ ...none, x: of(7), y: of(1) }], [], false)).toEqual({ min: 6.5, max: 7.5 }));
});

describe("caption", () => {
  it("says how many points of how many", () => {
    expect(caption([line(bucketed, named)], [], { hidden: 0, unlogged: 0 })).toBe("2 of 400 points, extremes kept · 1 not finite (× ▲ ▼)");
    expect(caption([line(exact([0, 1], [1, 2]), named)], [], { hidden: 1, unlogged: 0 })).toBe("2 points, all of them · 1 outlier lies outside");
  });
});
