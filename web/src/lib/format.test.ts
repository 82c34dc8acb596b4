import { describe, expect, it } from "vitest";
import { ago, duration, number, signed, size } from "./format";

describe("number", () => {
  it.each([
    [0, "0"], [1.5410000001, "1.541"], [0.00001234, "1.234e-5"], [102344, "102,344"], [123456789, "1.2346e+8"], [0.1, "0.1"], [-2.5, "-2.5"],
    [null, "–"], ["NaN", "NaN"], [Infinity, "Infinity"], [12345.678, "12346"], [1e-7, "1e-7"],
  ])("%s is written %s", (given, words) => expect(number(given)).toBe(words));
});

describe("signed", () => {
  it.each([[0.012, "+0.012"], [-0.4, "−0.4"], [0, "±0"]])("%s is written %s", (given, words) => expect(signed(given)).toBe(words));
});

describe("duration", () => {
  it.each([[0.44, "0.4 s"], [12, "12 s"], [59.9, "1 min"], [200, "3 min 20 s"], [7500, "2 h 5 min"], [3599.9, "1 h"], [273600, "3 d 4 h"]])(
    "%s s is %s",
    (given, words) => expect(duration(given)).toBe(words),
  );
});

describe("size", () => {
  it.each([[512, "512 B"], [1200, "1.2 kB"], [34_000_000, "34 MB"], [999_600, "1.0 MB"]])("%s is %s", (given, words) => expect(size(given)).toBe(words));
});

describe("ago", () => {
  const now = Date.parse("2026-01-20T12:00:00Z");
  it.each([
    ["2026-01-20T11:59:50Z", "just now"], ["2026-01-20T11:56:00Z", "4 min ago"], ["2026-01-20T10:00:00Z", "2 h ago"], ["2026-01-17T12:00:00Z", "3 d ago"],
    ["2025-01-01T00:00:00Z", "2025-01-01"],
  ])("%s was %s", (at, words) => expect(ago(at, now)).toBe(words));
});
