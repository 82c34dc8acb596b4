import { Link } from "@tanstack/react-router";
import { stroke } from "../../lib/colours";
import { projectParts } from "../../lib/address";
import type { RunHead } from "../../lib/run-heads";
import { Menu } from "../../ui/menu";
import { Seal, sealOf } from "../../ui/seal";
import { State } from "../../ui/state";

/** What can be done with a run's column; each is given the run's id. */
export interface ColumnWays {
  makeBase: (run: string) => void;
  shift: (run: string, by: -1 | 1) => void;
  dropOn: (run: string, target: string) => void;
  remove: (run: string) => void;
}

/** The head of a run's column: colour, name, seal, state; dragged onto another column's head, it takes that one's place. */
export function ColumnHead({ head, place, base, first, last, ways }: { head: RunHead; place: number; base: boolean; first: boolean; last: boolean; ways: ColumnWays }) {
  const { entity, project } = projectParts(head.project);
  const keys = (event: React.KeyboardEvent) => {
    const by = event.altKey && event.key === "ArrowLeft" ? -1 : event.altKey && event.key === "ArrowRight" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    ways.shift(head.id, by);
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- what dragging does, the menu and Alt with the arrows do too
    <div
      className="compare-head" draggable onKeyDown={keys}
      onDragStart={(event) => { event.dataTransfer.setData("text/runtwice-run", head.id); event.dataTransfer.effectAllowed = "move"; }}
      onDragOver={(event) => { if (event.dataTransfer.types.includes("text/runtwice-run")) event.preventDefault(); }}
      onDrop={(event) => { event.preventDefault(); ways.dropOn(event.dataTransfer.getData("text/runtwice-run"), head.id); }}
    >
      <div className="row">
        <span className="compare-swatch" style={{ background: stroke(place).colour }} />
        <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: head.id }} className="cut" title={head.name} draggable={false}>{head.name}</Link>
        <span className="space" />
        <Menu label="⋯" name={`What to do with ${head.name}`} right className="plain">
          {!base && <button type="button" onClick={() => ways.makeBase(head.id)}>Make it the base</button>}
          {!first && <button type="button" onClick={() => ways.shift(head.id, -1)}>Move left</button>}
          {!last && <button type="button" onClick={() => ways.shift(head.id, 1)}>Move right</button>}
          <button type="button" onClick={() => ways.remove(head.id)}>Remove from the comparison</button>
        </Menu>
      </div>
      <div className="row meta"><Seal kind={sealOf(head)} reruns={head.reproduced?.reruns ?? 0} /><State state={head.state} />{base && <span className="chip">base</span>}</div>
    </div>
  );
}
