// An axis of a drawing over runs: where the value of a run lies on it, for numbers and for anything else.
import { value as written } from "./format";

export interface Axis {
  key: string;
  /** Numbers on a scale, or different values beside each other. */
  kind: "number" | "choice";
  min: number;
  max: number;
  log: boolean;
  /** All of them are integers. */
  whole: boolean;
  choices: string[];
  /** 0 to 1; null of a run without a value, or of one that has no place on a logarithmic axis. */
  place: (value: unknown) => number | null;
}

const MOST_CHOICES = 24;

export function axisOf(key: string, values: readonly unknown[], log: boolean): Axis {
  const there = values.filter((value) => value !== null && value !== undefined && value !== "");
  const numbers = there.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  if (numbers.length > 0 && numbers.length === there.filter((value) => !isOdd(value)).length) return numberAxis(key, numbers, log);
  const counted = new Map<string, number>();
  for (const value of there) counted.set(written(value), (counted.get(written(value)) ?? 0) + 1);
  const choices = [...counted].sort((a, b) => b[1] - a[1]).slice(0, MOST_CHOICES).map(([choice]) => choice).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const place = (value: unknown): number | null => {
    const at = value === null || value === undefined ? -1 : choices.indexOf(written(value));
    return at < 0 ? null : choices.length === 1 ? 0.5 : at / (choices.length - 1);
  };
  return { key, kind: "choice", min: 0, max: 1, log: false, whole: false, choices, place };
}

/** "NaN" and the infinities are values of a number that have no place. */
const isOdd = (value: unknown): boolean => value === "NaN" || value === "Infinity" || value === "-Infinity";

function numberAxis(key: string, numbers: readonly number[], wanted: boolean): Axis {
  const positive = numbers.filter((value) => value > 0);
  const log = wanted && positive.length > 0;
  const used = log ? positive : numbers;
  let min = used.reduce((a, b) => Math.min(a, b));
  let max = used.reduce((a, b) => Math.max(a, b));
  if (min === max) [min, max] = log ? [min / 2, max * 2] : [min - (Math.abs(min) / 10 || 1), max + (Math.abs(max) / 10 || 1)];
  const along = log ? Math.log : (value: number) => value;
  const place = (value: unknown): number | null => {
    if (typeof value !== "number" || !Number.isFinite(value) || (log && value <= 0)) return null;
    return (along(value) - along(min)) / (along(max) - along(min));
  };
  return { key, kind: "number", min, max, log, whole: numbers.every(Number.isInteger), choices: [], place };
}
