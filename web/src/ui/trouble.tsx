import { Refused } from "../api/client";

/** What went wrong, in the words of whoever refused, and a way to try again. */
export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const refused = error instanceof Refused ? error : null;
  const sentence = error instanceof Error ? error.message : String(error);
  const fields = refused?.problem.errors ?? [];
  return (
    <div className="panel stack" role="alert">
      <div>
        <strong>{refused?.status === 404 ? "Not found" : refused?.status === 403 ? "Not allowed" : refused?.status === 0 ? "Not connected" : "This did not work"}</strong>
        <div>{sentence}</div>
      </div>
      {fields.length > 0 && (
        <ul>{fields.map(({ pointer, detail }) => <li key={pointer + detail}><code>{pointer}</code> {detail}</li>)}</ul>
      )}
      {again && <div><button type="button" onClick={again}>Try again</button></div>}
    </div>
  );
}
