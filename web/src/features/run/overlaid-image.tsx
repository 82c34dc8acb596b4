import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { refused, type Schemas } from "../../api/client";
import { type Box, boxesOf, classesIn, colourOf, isDrawn, painted } from "../../lib/overlays";
import { Trouble } from "../../ui/trouble";

type Overlay = Schemas["OverlayShown"];
interface Size { width: number; height: number }
/** What an overlay turned out to hold. */
interface Read { classes: string[]; mask?: ImageData; boxes?: Box[] }

const LARGEST_PX = 420;
const SMALLEST_PX = 260;

/** An image with its masks and boxes, each of which, and each of whose classes, can be taken off. */
export function OverlaidImage({ src, name, size, overlays }: { src: string; name: string; size: Size; overlays: readonly Overlay[] }) {
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const flip = (what: string) => setOff((before) => (before.has(what) ? new Set([...before].filter((each) => each !== what)) : new Set([...before, what])));
  const wide = Math.min(Math.max(size.width, SMALLEST_PX), (LARGEST_PX * size.width) / size.height);
  return (
    <div className="stack">
      <div className="run-overlaid" style={{ aspectRatio: `${size.width} / ${size.height}`, width: `min(100%, ${wide}px)` }}>
        <img src={src} alt={name} loading="lazy" />
        {overlays.map((overlay) => !off.has(idOf(overlay)) && <Over key={idOf(overlay)} overlay={overlay} size={size} off={off} />)}
      </div>
      {overlays.map((overlay) => <Choice key={idOf(overlay)} overlay={overlay} size={size} off={off} flip={flip} />)}
    </div>
  );
}

const idOf = ({ kind, name }: Overlay): string => `${kind} ${name}`;

function useOverlay({ kind, content }: Overlay, { width, height }: Size) {
  return useQuery({
    queryKey: ["overlay", content, width, height],
    queryFn: ({ signal }) => (kind === "mask" ? readMask(content!, signal) : readBoxes(content!, { width, height }, signal)),
    enabled: content !== null,
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

async function fetched(address: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw await refused(answer);
  return answer;
}

async function readMask(address: string, signal: AbortSignal): Promise<Read> {
  const picture = await createImageBitmap(await (await fetched(address, signal)).blob(), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d")!;
  context.drawImage(picture, 0, 0);
  const mask = context.getImageData(0, 0, picture.width, picture.height);
  return { mask, classes: classesIn(mask.data) };
}

async function readBoxes(address: string, { width, height }: Size, signal: AbortSignal): Promise<Read> {
  const boxes = boxesOf(await (await fetched(address, signal)).json(), width, height);
  return { boxes, classes: [...new Set(boxes.map((box) => box.class))].sort((one, other) => Number(one) - Number(other)) };
}

/** What of an overlay is drawn: classes are taken off, and those that mean nothing put on, by a click. */
const drawnOf = (overlay: Overlay, classes: readonly string[], off: ReadonlySet<string>): Set<string> =>
  new Set(classes.filter((number) => isDrawn(number, overlay.labels) !== off.has(`${idOf(overlay)} ${number}`)));

function Over({ overlay, size, off }: { overlay: Overlay; size: Size; off: ReadonlySet<string> }) {
  const { data } = useOverlay(overlay, size);
  const drawn = useMemo(() => drawnOf(overlay, data?.classes ?? [], off), [overlay, data, off]);
  if (data?.mask) return <Mask mask={data.mask} drawn={drawn} />;
  return (data?.boxes ?? []).filter((box) => drawn.has(box.class)).map((box, place) => (
    <div key={place} className="run-box" style={{ left: percent(box.left), top: percent(box.top), width: percent(box.width), height: percent(box.height), borderColor: colourOf(box.class) }}>
      <span style={{ background: colourOf(box.class) }}>{box.words || (overlay.labels[box.class] ?? box.class)}</span>
    </div>
  ));
}

const percent = (share: number): string => `${share * 100}%`;

function Mask({ mask, drawn }: { mask: ImageData; drawn: ReadonlySet<string> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current?.getContext("2d", { willReadFrequently: true })?.putImageData(new ImageData(painted(mask.data, drawn), mask.width, mask.height), 0, 0), [mask, drawn]);
  return <canvas ref={canvas} width={mask.width} height={mask.height} aria-hidden="true" />;
}

function Choice({ overlay, size, off, flip }: { overlay: Overlay; size: Size; off: ReadonlySet<string>; flip: (what: string) => void }) {
  const { data, error } = useOverlay(overlay, size);
  const id = idOf(overlay);
  const drawn = drawnOf(overlay, data?.classes ?? [], off);
  return (
    <div className="row wrap meta" role="group" aria-label={`${overlay.kind === "mask" ? "Mask" : "Boxes"} ${overlay.name}`}>
      <label><input type="checkbox" checked={!off.has(id)} disabled={overlay.content === null} onChange={() => flip(id)} /> {overlay.kind} {overlay.name}</label>
      {overlay.content === null && <span>its file has not arrived yet</span>}
      {error && <Trouble error={error} />}
      {(data?.classes ?? []).slice(0, 40).map((number) => (
        <button key={number} type="button" className="chip run-class" aria-pressed={drawn.has(number)} onClick={() => flip(`${id} ${number}`)}>
          <span style={{ background: colourOf(number) }} aria-hidden="true" />{overlay.labels[number] ?? `class ${number}`}
        </button>
      ))}
    </div>
  );
}
