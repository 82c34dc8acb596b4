import type { ReactNode } from "react";
import { Refused } from "../api/client";
import { Trouble } from "./trouble";

/** A page whose run, study or sweep (`what`) could not be had: that there is none, or why it was not loaded; `children` lead elsewhere. */
export function NotThere({ what, id, error, again, children }: { what: string; id: string; error: unknown; again: () => void; children: ReactNode }) {
  const isGone = error instanceof Refused && error.status === 404;
  return (
    <main className="page stack">
      <h1>{isGone ? `There is no such ${what}` : `The ${what} could not be loaded`}</h1>
      {isGone ? <p>No {what} has the id <code>{id}</code>. It may have been deleted, or be in a project that you may not see.</p> : <Trouble error={error} again={again} />}
      <p>{children}</p>
    </main>
  );
}
