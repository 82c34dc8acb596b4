import { describe, expect, it } from "vitest";
import { list, listed, readView, sections, writeZoom } from "./chart-view";

describe("the charts' address", () => {
  it("says nothing where all is as it is at first", () => {
    expect(readView({})).toMatchObject({ drawing: "curves", x: "step", zoom: null, smoothing: 0, spread: "sd", outliers: true, folded: undefined });
  });

  it("is read with what nobody wrote by our hands", () => {
    expect(readView({ smooth: "7", zoom: "9_3", x: "sideways", spread: "wide", draw: "x", folded: "" })).toMatchObject({ smoothing: 0.99, zoom: null, x: "step", spread: "sd", drawing: "curves", folded: [] });
  });

  it.each([[{ min: 100.04, max: 2999.7 }, "100_3000"], [{ min: 0.00012345, max: 0.0002 }, "0.00012345_0.0002"]])("keeps a zoom of %o as %s", (zoom, text) => {
    expect(writeZoom(zoom)).toBe(text);
    expect(readView({ zoom: text }).zoom).not.toBeNull();
  });

  it("keeps names with commas", () => expect(listed(list(["a,b", "50%", "c"]))).toEqual(["a,b", "50%", "c"]));
});

describe("sections", () => {
  it("stand by prefix, validation first and machines last", () => {
    expect(sections(["system/gpu", "train/loss", "val/loss", "layer10", "layer9", "zeta/a"], "")).toEqual([
      { name: "val", metrics: ["val/loss"] }, { name: "train", metrics: ["train/loss"] }, { name: "metrics", metrics: ["layer9", "layer10"] },
      { name: "zeta", metrics: ["zeta/a"] }, { name: "system", metrics: ["system/gpu"] },
    ]);
  });

  it("hold what has all words that were searched", () => expect(sections(["train/loss", "val/loss", "lr"], "loss VAL")).toEqual([{ name: "val", metrics: ["val/loss"] }]));
});
