import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** A link to the guide that tells of this: `guide` is its address below /docs. */
export function HelpLink({ guide, children = "Help" }: { guide: string; children?: ReactNode }) {
  return <Link to="/docs/$" params={{ _splat: guide }}>{children}</Link>;
}
