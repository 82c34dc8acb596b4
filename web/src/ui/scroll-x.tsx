import type { ReactNode } from "react";

/** What may be wider than the page, most often a table: it scrolls sideways, by keys too. */
export function ScrollX({ label, children }: { label: string; children: ReactNode }) {
  // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so keys must reach it
  return <div className="scroll-x" tabIndex={0} role="group" aria-label={label}>{children}</div>;
}
