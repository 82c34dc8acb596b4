import { useEffect, useRef, useState } from "react";
import { number } from "../../lib/format";
import { indices, type Layout } from "../../lib/tensor";

const SCALES = { light: { low: [213, 94, 0], middle: [255, 255, 255], high: [0, 90, 160] }, dark: { low: [240, 128, 60], middle: [28, 28, 26], high: [86, 180, 233] } } as const;
const NOT_FINITE = [200, 0, 200] as const;

const isDark = (): boolean => getComputedStyle(document.documentElement).getPropertyValue("--paper").trim().startsWith("#14");

/** Values as colours: blue above 0, orange below, paler the nearer to 0, violet what is not finite. Its numbers stand in the table beside. */
export function HeatMap({ values, shape, layout, reach, name }: { values: Float64Array; shape: readonly number[]; layout: Layout; reach: number; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [words, say] = useState("");
  const [dark, setDark] = useState(isDark);
  useEffect(() => {
    const turned = () => setDark(isDark());
    document.addEventListener("themechange", turned);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", turned);
    return () => { document.removeEventListener("themechange", turned); system.removeEventListener("change", turned); };
  }, []);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context) context.putImageData(picture(values, layout, reach, dark), 0, 0);
  }, [values, layout, reach, dark]);
  const point = (event: React.PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = layout.at(Math.floor(((event.clientX - box.left) / box.width) * layout.width), Math.floor(((event.clientY - box.top) / box.height) * layout.height));
    say(place >= 0 && place < values.length ? `[${indices(place, shape).join(", ")}] = ${number(values[place])}` : "");
  };
  return (
    <figure className="lab-map">
      <figcaption className="row"><h3>{name}</h3><span className="space" /><span className="meta">{words || shape.join(" × ")}</span></figcaption>
      <canvas ref={canvas} width={layout.width} height={layout.height} role="img" aria-label={`${name}: heat-map of ${shape.join(" by ")} values`} onPointerMove={point} onPointerLeave={() => say("")} style={{ aspectRatio: `${layout.width} / ${layout.height}` }} />
    </figure>
  );
}

/** What the colours mean. */
export function Scale({ reach }: { reach: number }) {
  return <div className="lab-scale meta"><span>−{number(reach, 3)} or less</span><span className="lab-gradient" aria-hidden="true" /><span>0</span><span className="lab-gradient high" aria-hidden="true" /><span>{number(reach, 3)} or more</span></div>;
}

function picture(values: Float64Array, layout: Layout, reach: number, dark: boolean): ImageData {
  const scale = dark ? SCALES.dark : SCALES.light;
  const pixels = new ImageData(layout.width, layout.height);
  for (let y = 0; y < layout.height; y += 1) {
    for (let x = 0; x < layout.width; x += 1) {
      const place = layout.at(x, y);
      if (place < 0) continue; // a gap stays clear
      const value = values[place]!;
      const share = Math.min(1, Math.abs(value) / reach);
      const end = value < 0 ? scale.low : scale.high;
      const at = 4 * (y * layout.width + x);
      for (let colour = 0; colour < 3; colour += 1) pixels.data[at + colour] = Number.isFinite(value) ? scale.middle[colour]! + (end[colour]! - scale.middle[colour]!) * share : NOT_FINITE[colour]!;
      pixels.data[at + 3] = 255;
    }
  }
  return pixels;
}
