import { describe, expect, it } from "vitest";
import { groupSort, groupSortKey } from "./group-sort";
import { readSort, writeSort } from "./sorting";

describe("a column's head over groups", () => {
  it.each([
    ["name", "all_but:seed", "n"],
    ['metrics."val/loss".min', "config.lr", 'metrics."val/loss"'],
    ["config.optimizer.lr", "all_but:seed", "config.optimizer.lr"],
    ["config.seed", "all_but:seed", ""],
    ["config.optimizer.lr", "config.optimizer.lr,state", "config.optimizer.lr"],
    ["state", "config.optimizer.lr,state", "state"],
    ["state", "all_but:seed", ""],
    ["config.optimizer.lr", "state", ""],
    ["config.model", "all_but:model.norm", ""],
  ])("%s with %s sorts by %j", (column, group, key) => expect(groupSortKey(column, group)).toBe(key));
});

describe("a sort that was made for runs", () => {
  it("keeps what groups have", () =>
    expect(writeSort(groupSort(readSort("-created_at,metrics.loss,-n,config.lr"), "config.lr"))).toBe("metrics.loss,-n,config.lr"));
});
