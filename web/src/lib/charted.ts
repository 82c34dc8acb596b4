// Which metrics are drawn as charts, as it stands in the address: names with commas and percent signs escaped, "val/loss,lr".

const FIRST = ["val/loss", "val/accuracy", "train/loss"];

/** The metrics to draw: those the address names, else the usual ones that are there, else the first three that are no system's. */
export function charted(text: string | undefined, there: readonly string[]): string[] {
  if (text === "none") return [];
  if (text) return text.split(",").flatMap((piece) => unescaped(piece) ?? []).filter((metric) => there.includes(metric)).slice(0, 12);
  const usual = FIRST.filter((metric) => there.includes(metric));
  return usual.length ? usual : there.filter((metric) => !metric.startsWith("system/")).slice(0, 3);
}

export const chartedText = (metrics: readonly string[]): string => metrics.map((each) => each.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",") || "none";

function unescaped(piece: string): string | undefined {
  try {
    return decodeURIComponent(piece);
  } catch {
    return undefined;
  }
}

/** A stretch of x in the address, "100~250"; null for all of it. */
export function windowOf(text: string | undefined): { min: number; max: number } | null {
  const [from, to] = (text ?? "").split("~").map(Number);
  return from !== undefined && to !== undefined && Number.isFinite(from) && Number.isFinite(to) && from < to ? { min: from, max: to } : null;
}
