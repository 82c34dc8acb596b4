// Where one can go and what one can do from anywhere: what the command palette and the keys offer.

export interface Place {
  words: string;
  to: string;
  /** After `o`, this key leads there. */
  key?: string;
  note?: string;
}

export const PLACES: readonly Place[] = [
  { words: "Projects", to: "/", key: "p" },
  { words: "Submit a run", to: "/submit", key: "s" },
  { words: "Layer lab", to: "/lab", key: "l" },
  { words: "Nodes and queue", to: "/nodes", key: "n" },
  { words: "Inbox", to: "/inbox", key: "i" },
  { words: "Settings", to: "/settings", key: "t" },
  { words: "Keys", to: "/settings#keys", key: "k" },
  { words: "Documentation", to: "/docs", key: "d" },
];

/** Places below the project, and what can be done with the run, that one looks at. */
export function placesHere(entity: string | undefined, project: string | undefined, run: string | undefined): Place[] {
  if (!entity || !project) return [];
  const at = `/${encodeURIComponent(entity)}/${encodeURIComponent(project)}`;
  const note = `${entity}/${project}`;
  return [
    ...(run ? [{ words: "Change one thing of this run", to: `/submit?from=${encodeURIComponent(run)}`, note }] : []),
    { words: "Runs", to: at, key: "r", note },
    { words: "Studies", to: `${at}/studies`, key: "u", note },
    { words: "Sweeps", to: `${at}/sweeps`, key: "w", note },
    { words: "Reproducibility", to: `${at}/reproducibility`, key: "v", note },
    { words: "Submit a run in this project", to: `/submit?project=${encodeURIComponent(note)}`, note },
    { words: "How long runs are kept", to: `/settings?project=${encodeURIComponent(note)}#retention`, note },
  ];
}

/** Those whose words hold every word that is typed, those that begin with it first. */
export function matching(places: readonly Place[], typed: string): Place[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = places.filter((place) => words.every((word) => place.words.toLowerCase().includes(word)));
  const begins = (place: Place) => Number(!place.words.toLowerCase().startsWith(words[0] ?? ""));
  return found.sort((one, other) => begins(one) - begins(other));
}
