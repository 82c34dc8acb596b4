import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { projectParts } from "../../lib/address";
import { size, whole } from "../../lib/format";
import { isActive } from "../../lib/proof";
import { Dialog } from "../../ui/dialog";
import { Trouble } from "../../ui/trouble";
import { type Run, type useChanges } from "./use-run";

/** What deleting takes with it, before it is done. */
export function DeleteDialog({ run, remove, close }: { run: Run; remove: ReturnType<typeof useChanges>["remove"]; close: () => void }) {
  const navigate = useNavigate();
  const asked = useRef(false);
  const { mutate } = remove;
  const active = isActive(run.state);
  useEffect(() => {
    if (asked.current || active) return;
    asked.current = true;
    mutate(true);
  }, [mutate, active]);
  const leave = () => void navigate({ to: "/$entity/$project", params: projectParts(run.project) });
  const took = remove.data;
  return (
    <Dialog title={`Delete ${run.name}?`} close={close}>
      {active && <p>The run is {run.state}: stop it first.</p>}
      {remove.error && <Trouble error={remove.error} />}
      {took && !active && (
        <>
          <p>This takes for good: {Object.entries(took.rows).filter(([, count]) => count > 0).map(([table, count]) => `${whole(count)} ${table.replaceAll("_", " ")}`).join(", ")}; {size(took.size_bytes)} of points, logs and files.</p>
          {run.reproduced && <p className="warn">With it go the verdicts on its {run.reproduced.reruns === 1 ? "rerun" : `${run.reproduced.reruns} reruns`}. To keep them and only clear the table, archive the run instead.</p>}
        </>
      )}
      <div className="row">
        <span className="space" />
        <button type="button" onClick={close}>Keep it</button>
        <button type="button" className="danger" disabled={active || remove.isPending} onClick={() => mutate(false, { onSuccess: leave })}>Delete for good</button>
      </div>
    </Dialog>
  );
}
