// A window of steps as it stands in the address: "100-250".

export interface StepWindow {
  from: number;
  to: number;
}

/** The window that a text stands for; null for none and for what is none. */
export function windowOf(text: string | undefined): StepWindow | null {
  const found = /^(\d{1,16})-(\d{1,16})$/.exec(text ?? "");
  if (!found) return null;
  const [from, to] = [Number(found[1]), Number(found[2])];
  return from < to && to <= Number.MAX_SAFE_INTEGER ? { from, to } : null;
}
