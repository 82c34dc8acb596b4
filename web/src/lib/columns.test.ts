import { describe, expect, it } from "vitest";
import { moved, readColumns, standardColumns, writeColumns } from "./columns";

describe("columns in the address", () => {
  it("come back as they were written", () => {
    const text = 'name!,state:90,metrics."a,b:1".min:200';

    expect(writeColumns(readColumns(text))).toBe(text);
  });

  it("always hold the name, and no key twice", () => {
    expect(readColumns("state,state,tags").map(({ key }) => key)).toEqual(["name", "state", "tags"]);
  });

  it("keep widths within what can be drawn", () => {
    expect(readColumns("name:1,state:9999").map(({ width }) => width)).toEqual([48, 900]);
  });
});

describe("moved", () => {
  const columns = readColumns("name!,a,b,c");

  it.each([
    ["c", "a", "name,c,a,b"], ["a", "c", "name,b,c,a"], ["a", "name", "a,name,b,c"], ["b", "nothing", "name,a,b,c"],
  ])("%s onto %s gives %s", (key, onto, order) => expect(moved(columns, key, onto).map((column) => column.key).join()).toBe(order));
});

describe("standardColumns", () => {
  it("prefer what was validated, the least loss and the greatest accuracy", () => {
    const metrics = ["train/loss", "lr", "system/memory", "val/loss", "val/accuracy"].map((metric) => ({ key: `metrics."${metric}"`, parts: [] }));

    const keys = standardColumns({ fields: [], config: [{ key: "config.total_iterations", numbers: 1, texts: 0 }], metrics, tags: [] }).map(({ key }) => key);

    expect(keys).toEqual(["name", "state", "change", 'metrics."val/loss".min', 'metrics."val/accuracy".max', 'metrics."train/loss"', "duration", "created_at", "tags"]);
  });
});
