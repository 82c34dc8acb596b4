import "./palette.css";
import { Dialog } from "../ui/dialog";
import { PLACES } from "./go-to";

const GROUPS: readonly { title: string; keys: readonly (readonly [string, string])[] }[] = [
  { title: "Anywhere", keys: [["Ctrl K or ⌘ K", "go to anything"], ["?", "these keys"], ["Esc", "back, or close what is open"]] },
  { title: "Run table", keys: [["/", "filter"], ["j k", "down, up"], ["x", "tick"], ["e", "show on the charts, or hide"], ["c", "compare what is ticked"], ["r", "rerun"], ["g", "group"]] },
  { title: "A run", keys: [["r", "rerun"], ["Esc", "back"]] },
  { title: "Charts", keys: [["drag", "zoom into a window"], ["double click", "all again"], ["Ctrl and wheel", "zoom"]] },
  { title: "Comparison", keys: [["n p", "next, previous difference"]] },
];

/** All keys there are. */
export default function KeysHelp({ close }: { close: () => void }) {
  const open = { title: "Open (o, then)", keys: [...PLACES.map(({ key, words }) => [key!, words] as const), ["r u w v", "runs, studies, sweeps, reproducibility of the project"] as const] };
  return (
    <Dialog title="Keys" close={close} wide>
      <div className="keys-help">
        {[...GROUPS, open].map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>{keys.map(([key, words]) => [<dt key={`${key} key`}><kbd>{key}</kbd></dt>, <dd key={key}>{words}</dd>])}</dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
