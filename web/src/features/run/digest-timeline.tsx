import { useAddress } from "../../lib/address";
import { type Cell, type Timeline } from "../../lib/proof";
import { ScrollX } from "../../ui/scroll-x";

const SIGN = { same: "", different: "≠", missing: "?" } as const;

/** Two rows of cells, one a digest: what was the same in both runs, where they part first, and what is on record of one only. */
export function DigestTimeline({ timeline, names }: { timeline: Timeline; names: [string, string] }) {
  const [search, change] = useAddress();
  const { cells, first } = timeline;
  const asked = Number(search.cell ?? NaN);
  const chosen = Number.isInteger(asked) && asked >= 0 && asked < cells.length ? asked : first;
  const steps = cells.filter(({ group }) => group === "steps");
  const known = cells.some(({ kind }) => kind !== "missing");
  if (!known) return <p className="muted">No digests are on record of both runs.</p>;
  const choose = (place: number) => change({ cell: String(place) });
  const isMarked = (place: number) => place === first;
  return (
    <section className="stack" aria-label="Digests">
      <div className="row wrap">
        <h2>Digests, in the order of training</h2>
        <span className="meta">{steps.length > 0 ? `behind ${steps.length} ${steps.some(({ from, to }) => from !== to) ? "stretches of " : ""}steps` : "no digest chain on record: only beginning and end"}</span>
      </div>
      <ScrollX label="Digests">
        <table className="run-digests">
          <thead>
            <tr>
              <td />
              {cells.map((cell, place) => <th key={place} scope="col" className={cell.group}>{isMarked(place) ? <span className="run-first">▼<span className="hidden-text"> first difference</span></span> : null}{headOf(cell, place, cells)}</th>)}
            </tr>
          </thead>
          <tbody>
            {(["original", "rerun"] as const).map((side, row) => (
              <tr key={side}>
                <th scope="row" title={names[row]}>{side}</th>
                {cells.map((cell, place) => (
                  <td key={place} className={cell.group}>
                    <button
                      type="button" tabIndex={row === 0 ? 0 : -1} aria-label={cell.words} title={cell.words} aria-pressed={place === chosen}
                      className={`run-cell ${cell[side] === null ? "missing" : cell.kind}`} onClick={() => choose(place)}
                    >
                      {row === 1 || cell[side] === null ? SIGN[cell[side] === null ? "missing" : cell.kind] : ""}
                    </button>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {first < 0 ? <p className="good">Every digest that both runs have is the same.</p> : <p className="bad">They part first <b>{cells[first]!.words}</b>.{first > 0 ? " All before it is the same or not on record of both." : ""}</p>}
      {cells[chosen] && <CellRead cell={cells[chosen]} />}
    </section>
  );
}

/** Stages by name; of the steps only some, so that the numbers have room. */
function headOf(cell: Cell, place: number, cells: readonly Cell[]): string {
  if (cell.group !== "steps") return cell.label;
  const start = cells.findIndex(({ group }) => group === "steps");
  const count = cells.filter(({ group }) => group === "steps").length;
  const every = Math.max(1, Math.ceil(count / 10));
  return (place - start) % every === 0 ? String(cell.to) : "";
}

function CellRead({ cell }: { cell: Cell }) {
  return (
    <dl className="run-list run-cell-read">
      <div><dt>Chosen</dt><dd>{cell.words}</dd></div>
      <div><dt>Original</dt><dd><code className="run-digest">{cell.original ?? "not on record"}</code></dd></div>
      <div><dt>Rerun</dt><dd><code className="run-digest">{cell.rerun ?? "not on record"}</code></dd></div>
    </dl>
  );
}
