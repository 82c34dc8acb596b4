// State in the address: everything somebody can see, somebody else can be sent.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type Search = Record<string, string>;

/** The query of the address, and how to change it: undefined or "" takes a key away. `push` adds a step to the history. */
export function useAddress(): [Search, (changes: Record<string, string | undefined>, how?: { push?: boolean }) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (changes: Record<string, string | undefined>, how: { push?: boolean } = {}) => {
      void navigate({
        to: ".",
        search: ((before: Search) => Object.fromEntries(Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined && value !== ""))) as never,
        replace: !how.push,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}

/** Parts of a project's name: "acme/digits" is of the entity "acme". */
export function projectParts(project: string): { entity: string; project: string } {
  const [entity = "", name = ""] = project.split("/", 2);
  return { entity, project: name };
}

const KEPT = "runtwice.project";

/** The project that was looked at or submitted to last, in this browser. */
export const lastProject = (): string | null => localStorage.getItem(KEPT);
export const keepProject = (project: string): void => localStorage.setItem(KEPT, project);
