import { type ReactNode, useEffect, useRef, useState } from "react";
import { Tabs } from "../../ui/tabs";

const LEAST = 20;
const MOST = 80;
export const NARROW = "(max-width: 760px)";

/** Two sides with a divider that is dragged, or moved by the arrow keys; either side alone; tabs where there is no room for both. */
export function Split({ at, change, left, right }: { at: string; change: (at: string) => void; left: ReactNode; right: ReactNode }) {
  const narrow = useMedia(NARROW);
  if (narrow) return <Stacked charts={at === "charts"} change={change} left={left} right={right} />;
  return (
    <div className="split">
      {at !== "charts" && <section className="split-left" aria-label="Runs" style={at === "table" ? { flex: 1 } : { width: `${share(at)}%` }}>{left}</section>}
      {at !== "charts" && at !== "table" && <Divider share={share(at)} change={change} />}
      {at !== "table" && <section className="split-right" aria-label="Charts">{right}</section>}
    </div>
  );
}

function Stacked({ charts, change, left, right }: { charts: boolean; change: (at: string) => void; left: ReactNode; right: ReactNode }) {
  return (
    <div className="split stacked">
      <Tabs
        label="Runs or charts" chosen={charts ? "charts" : "runs"} choose={(name) => change(name === "charts" ? "charts" : "")}
        tabs={[{ name: "runs", words: "Runs" }, { name: "charts", words: "Charts" }]}
      />
      {charts ? <section className="split-right" aria-label="Charts">{right}</section> : <section className="split-left" aria-label="Runs">{left}</section>}
    </div>
  );
}

function Divider({ share, change }: { share: number; change: (at: string) => void }) {
  const element = useRef<HTMLDivElement>(null);
  const placed = (x: number): number => {
    const box = element.current!.parentElement!.getBoundingClientRect();
    return clamped(((x - box.left) / box.width) * 100);
  };
  const drag = (down: React.PointerEvent) => {
    const left = element.current!.previousElementSibling as HTMLElement;
    element.current!.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent) => { left.style.width = `${placed(event.clientX)}%`; };
    const up = (event: PointerEvent) => {
      element.current?.removeEventListener("pointermove", move);
      change(String(Math.round(placed(event.clientX))));
    };
    element.current!.addEventListener("pointermove", move);
    element.current!.addEventListener("pointerup", up, { once: true });
  };
  const key = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowLeft" ? -4 : event.key === "ArrowRight" ? 4 : 0;
    if (!step) return;
    event.preventDefault();
    change(String(clamped(share + step)));
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a separator that moves is a widget (ARIA 1.2)
    <div
      ref={element} className="split-divider" role="separator" aria-orientation="vertical" aria-label="Width of the table" aria-valuenow={share} aria-valuemin={LEAST} aria-valuemax={MOST}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above
      tabIndex={0} onPointerDown={drag} onKeyDown={key}
    />
  );
}

const clamped = (share: number): number => Math.min(MOST, Math.max(LEAST, share));
const share = (at: string): number => clamped(Number(at) || 46);

/** Whether a media query holds, as it changes. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const heard = () => setHolds(media.matches);
    media.addEventListener("change", heard);
    return () => media.removeEventListener("change", heard);
  }, [query]);
  return holds;
}
