import type { ErrorComponentProps } from "@tanstack/react-router";
import { Trouble } from "../ui/trouble";

const NOT_LOADED = /dynamically imported module|Importing a module script failed|Unable to preload/;

/** In the place of a page that could not be drawn. Its parts are fetched when they are first gone to: then the service may be away, or have been updated. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  if (!NOT_LOADED.test(error instanceof Error ? error.message : "")) return <main className="page"><Trouble error={error} again={reset} /></main>;
  return (
    <main className="page stack">
      <h1>This page could not be loaded</h1>
      <p>The service does not answer just now, or has been updated since this tab was opened.</p>
      <div><button type="button" className="primary" onClick={() => location.reload()}>Load it anew</button></div>
    </main>
  );
}
