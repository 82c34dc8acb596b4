import type { Schemas } from "../../api/client";
import { keyLabel, pieces } from "../../lib/run-keys";
import { later } from "../../ui/later";
import { Menu } from "../../ui/menu";

export const SEEDS = "all_but:seed";
const GroupChoice = later(async () => (await import("./group-choice")).GroupChoice);

/** What the table is grouped by: nothing, everything but the seed, or some keys. */
export function GroupMenu({ group, fields, change, opener }: { group: string; fields: Schemas["RunFields"] | undefined; change: (group: string) => void; opener?: string }) {
  const words = group === "" ? "Group" : group === SEEDS ? "Group: all but seed" : `Group: ${pieces(group).map(keyLabel).join(", ")}`;
  return (
    <Menu label={<span className="cut" style={{ maxWidth: 220 }}>{words}</span>} name={words} closes={false} className={opener}>
      {(close) => <GroupChoice group={group} fields={fields} change={change} close={close} />}
    </Menu>
  );
}
