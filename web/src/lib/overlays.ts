// What lies over a logged image: masks, whose pixels are classes, and boxes, as the wandb SDK writes them.
import { stroke } from "./colours";

/** A box in shares of the image's width and height. */
export interface Box { left: number; top: number; width: number; height: number; class: string; words: string }

const MOST_BOXES = 2_000;
const NOTHING = /^(background|none|nothing|void|unlabell?ed|ignore)$/i;

/** Whether a class is drawn before anybody chose: all but what is called nothing, or is 0 without a name. */
export const isDrawn = (number: string, labels: Readonly<Record<string, string>>): boolean => !NOTHING.test(labels[number] ?? (number === "0" ? "none" : ""));

/** A class's colour, the same in every mask and box. */
export const colourOf = (number: string): string => stroke(Math.abs(Math.trunc(Number(number))) || 0).colour;

/** The boxes of the SDK's file, those that say where they are; positions in pixels become shares of an image of that size. */
export function boxesOf(file: unknown, width: number, height: number): Box[] {
  const data = typeof file === "object" && file !== null && "box_data" in file && Array.isArray(file.box_data) ? (file.box_data as unknown[]) : [];
  return data.slice(0, MOST_BOXES).flatMap((each) => boxOf(each, width, height) ?? []);
}

interface Given {
  position?: { minX?: unknown; maxX?: unknown; minY?: unknown; maxY?: unknown; middle?: unknown; width?: unknown; height?: unknown };
  domain?: unknown;
  class_id?: unknown;
  box_caption?: unknown;
}

function boxOf(given: unknown, width: number, height: number): Box | null {
  if (typeof given !== "object" || given === null) return null;
  const { position, domain, class_id, box_caption } = given as Given;
  if (!position) return null;
  const [unitX, unitY] = domain === "pixel" ? [width, height] : [1, 1];
  const middle = Array.isArray(position.middle) ? (position.middle as unknown[]).map(Number) : null;
  const [wide, high] = middle ? [Number(position.width), Number(position.height)] : [Number(position.maxX) - Number(position.minX), Number(position.maxY) - Number(position.minY)];
  const [left, top] = middle ? [middle[0]! - wide / 2, middle[1]! - high / 2] : [Number(position.minX), Number(position.minY)];
  const box = { left: left / unitX, top: top / unitY, width: wide / unitX, height: high / unitY };
  if (!Object.values(box).every(Number.isFinite)) return null;
  return { ...box, class: String(Number(class_id ?? 0)), words: typeof box_caption === "string" ? box_caption : "" };
}

/** The classes that a mask's pixels (RGBA, all three colours the class) hold, ascending. */
export function classesIn(pixels: Uint8ClampedArray): string[] {
  const seen = new Set<number>();
  for (let at = 0; at < pixels.length; at += 4) seen.add(pixels[at]!);
  return [...seen].sort((one, other) => one - other).map(String);
}

/** The pixels of a mask in the colours of its classes, half seen through; those of no drawn class are clear. */
export function painted(pixels: Uint8ClampedArray, drawn: ReadonlySet<string>): Uint8ClampedArray<ArrayBuffer> {
  const colours = Array.from({ length: 256 }, (_, number) => (drawn.has(String(number)) ? channels(colourOf(String(number))) : null));
  const made = new Uint8ClampedArray(pixels.length);
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = colours[pixels[at]!];
    if (colour) made.set([...colour, 128], at);
  }
  return made;
}

const channels = (colour: string): [number, number, number] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)) as [number, number, number];
