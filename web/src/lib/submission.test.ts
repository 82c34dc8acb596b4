import { describe, expect, it } from "vitest";
import { asCommand, asCurl, asPython, python } from "./submission";

const URL = "http://127.0.0.1:8800";
const BODY = { project: "acme/digits", config: { dataset: { name: "digits" }, grad_clip: null }, name: "it's wide" };

describe("the same submission", () => {
  it("for curl has its body between quotes that hold", () => {
    expect(asCurl(URL, BODY)).toContain("it'\\''s wide");
  });

  it("for the command line from a run sets what was changed, kinds first", () => {
    const changes = [{ path: "optimizer", value: { lr: 0.01, kind: "adam" } }, { path: "model.hidden", value: [64, 64] }];

    const text = asCommand(URL, { ...BODY, baseline: "k3v9" }, { run: "k3v9", changes });

    expect(text).toContain("submit --from k3v9 --set optimizer.kind=adam --set optimizer.lr=0.01 --set 'model.hidden=[64, 64]' --project acme/digits");
    expect(text).not.toContain("--baseline");
  });

  it("for the command line from nothing is a file on its input", () => {
    expect(asCommand(URL, BODY, null)).toContain("runtwice submit - --project acme/digits --name 'it'\\''s wide' <<'END'\ndataset:\n  name: digits\n");
  });

  it("for Python is a program", () => {
    expect(asPython(URL, BODY)).toContain('"grad_clip": None,');
    expect(python({ a: [true, 1e-8, "x"] })).toBe('{\n    "a": [True, 1e-8, "x"],\n}');
  });
});
