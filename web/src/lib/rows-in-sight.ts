// Which rows of a long table are in sight, where all have one height: so many can be drawn as there are, for the price of a screenful.
import { type RefObject, useEffect, useState, useSyncExternalStore } from "react";

const BEYOND = 8;
const TOGETHER = 4;

/** The first row to draw and the one after the last: what is seen of the rows, and some beyond, in whole handfuls so that few scrolls change it. */
export function inSight(scrolled: number, room: number, height: number, count: number): { first: number; end: number } {
  const first = Math.max(0, Math.floor((scrolled / height - BEYOND) / TOGETHER) * TOGETHER);
  const end = Math.min(count, Math.ceil(((scrolled + room) / height + BEYOND) / TOGETHER) * TOGETHER);
  return { first: Math.min(first, end), end };
}

/** Where to scroll so that a row is seen whole between `top` pixels that stay above the rows and the bottom; null when it is. */
export function scrollFor(row: number, scrolled: number, room: number, height: number, top: number): number | null {
  if (row * height < scrolled) return row * height;
  const least = (row + 1) * height + top - room;
  return least > scrolled ? least : null;
}

/** Follows an element that scrolls over `count` rows of `height` pixels; `show` brings one into sight, with `top` pixels above the rows that stay. */
export function useRowsInSight(scroller: RefObject<HTMLElement | null>, count: number, height: number) {
  const [sight] = useState(() => new Sight());
  useEffect(() => sight.follow(scroller.current!), [sight, scroller]);
  const at = useSyncExternalStore(sight.heard, () => sight.at);
  return { ...inSight(at.scrolled, at.room, height, count), show: sight.show };
}

/** How far an element is scrolled and how much room it has; told at once, so that rows are drawn in the frame that shows them. */
class Sight {
  at = { scrolled: 0, room: 0 };
  private element: HTMLElement | null = null;
  private readonly listeners = new Set<() => void>();

  readonly heard = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly show = (row: number, height: number, top: number): void => {
    if (!this.element) return;
    const to = scrollFor(row, this.element.scrollTop, this.element.clientHeight, height, top);
    if (to !== null) this.element.scrollTop = to;
  };

  follow(element: HTMLElement): () => void {
    this.element = element;
    const look = () => {
      const scrolled = Math.floor(element.scrollTop / 32) * 32; // less than a row changes nothing
      const room = element.clientHeight;
      if (scrolled === this.at.scrolled && room === this.at.room) return;
      this.at = { scrolled, room };
      for (const listener of this.listeners) listener();
    };
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", look);
    };
  }
}
