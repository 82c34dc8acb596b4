import "./dialog.css";
import { type ReactNode, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

/** A button that opens a small panel below itself; Esc, a click elsewhere or (with `closes`) a click in it closes the panel. */
export function Menu({ label, name, right = false, closes = true, className, children }: {
  label: ReactNode;
  name?: string;
  right?: boolean;
  closes?: boolean;
  className?: string;
  children: ReactNode | ((close: () => void) => ReactNode);
}) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  useInside(list, open);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: Event) => { if (!place.current?.contains(event.target as Node)) setOpen(false); };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      opener.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", escape, true);
    };
  }, [open]);
  return (
    <div className="menu" ref={place}>
      <button ref={opener} type="button" className={className} aria-expanded={open} aria-controls={open ? id : undefined} aria-label={name} onClick={() => setOpen(!open)}>
        {label}
      </button>
      {open && (
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- what is inside takes keys; a click on any of it closes the panel
        <div ref={list} id={id} className={right ? "menu-list right" : "menu-list"} onClick={closes ? () => setOpen(false) : undefined}>
          {typeof children === "function" ? children(() => setOpen(false)) : children}
        </div>
      )}
    </div>
  );
}

const EDGE = 8;

/** Moves an open panel sideways as far as it would reach out of the window, whatever comes to stand in it. */
function useInside(panel: RefObject<HTMLDivElement | null>, open: boolean): void {
  useLayoutEffect(() => {
    const element = panel.current;
    if (!open || !element) return undefined;
    const fit = () => {
      element.style.translate = "";
      const { left, right } = element.getBoundingClientRect();
      const wide = document.documentElement.clientWidth;
      const by = right > wide - EDGE ? Math.max(EDGE - left, wide - EDGE - right) : left < EDGE ? EDGE - left : 0;
      if (by) element.style.translate = `${by}px`;
    };
    const watch = new ResizeObserver(fit);
    watch.observe(element);
    window.addEventListener("resize", fit);
    return () => {
      watch.disconnect();
      window.removeEventListener("resize", fit);
    };
  }, [panel, open]);
}
