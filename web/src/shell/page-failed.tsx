import type { ErrorComponentProps } from "@tanstack/react-router";
import { Trouble } from "../ui/trouble";

export function PageFailed({ error, reset }: ErrorComponentProps) {
  return (
    <main className="page">
      <Trouble error={error} again={reset} />
    </main>
  );
}
