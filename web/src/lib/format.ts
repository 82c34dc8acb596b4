// Numbers, times and sizes as people read them.

/** A number of at most `digits` significant digits; what is no number in words ("NaN", "Infinity", "–" for none). */
export function number(value: number | string | null | undefined, digits = 5): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return trimmed(value.toExponential(digits - 1));
  if (Number.isInteger(value)) return whole(value);
  return trimmed(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size)))));
}

/** A difference, its sign always said: "+0.012", "−0.4", "±0". */
export function signed(value: number, digits = 4): string {
  if (value === 0) return "±0";
  return value < 0 ? `−${number(-value, digits)}` : `+${number(value, digits)}`;
}

const trimmed = (text: string): string => text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");

/** A count with groups of three: 102,344. */
export const whole = (value: number): string => value.toLocaleString("en-US");

/** Seconds as "0.4 s", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

const pair = (large: number, one: string, small: number, other: string): string => (small ? `${large} ${one} ${small} ${other}` : `${large} ${one}`);

/** Bytes as "512 B", "1.2 kB", "34 MB" (thousands). */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** How long ago a moment was: "just now", "4 min ago", "2 h ago", "3 d ago", then its date. */
export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 14 * 86400) return `${Math.round(seconds / 86400)} d ago`;
  return at.slice(0, 10);
}

/** A value of a config as it is written there, briefly. */
export function value(given: unknown): string {
  if (given === null || given === undefined) return "–";
  if (typeof given === "string") return given;
  if (typeof given === "number") return number(given, 8);
  return JSON.stringify(given);
}
