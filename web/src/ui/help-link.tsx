import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** A link to the guide that tells of this: `guide` is its address below /docs, `hash` a heading of it. */
export function HelpLink({ guide, hash, children = "Help" }: { guide: string; hash?: string; children?: ReactNode }) {
  return <Link to="/docs/$" params={{ _splat: guide }} {...(hash && { hash })}>{children}</Link>;
}
