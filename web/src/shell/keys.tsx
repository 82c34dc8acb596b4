import { useParams, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { PLACES, placesHere } from "./go-to";

const Palette = lazy(() => import("./palette"));
const KeysHelp = lazy(() => import("./keys-help"));

export type Opened = "palette" | "help" | null;

/** Keys that work on every page, and what they open. `open` is also the bar's. */
export function Keys({ opened, open }: { opened: Opened; open: (what: Opened) => void }) {
  useKeys(open);
  const close = () => open(null);
  return (
    <Suspense fallback={null}>
      {opened === "palette" && <Palette close={close} />}
      {opened === "help" && <KeysHelp close={close} />}
    </Suspense>
  );
}

/** Which of the two is open. */
export const useOpened = () => useState<Opened>(null);

function useKeys(open: (what: Opened) => void): void {
  const { entity, project, run } = useParams({ strict: false });
  const router = useRouter();
  const after = useRef(0); // until when a letter is the second one after `o`
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open("palette");
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
      if (event.key === "?") open("help");
      const second = event.timeStamp < after.current;
      after.current = event.key === "o" && !second ? event.timeStamp + 1500 : 0;
      const place = second && [...PLACES, ...placesHere(entity, project, run)].find(({ key }) => key === event.key);
      if (!place) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      router.history.push(place.to);
    };
    window.addEventListener("keydown", pressed, true);
    return () => window.removeEventListener("keydown", pressed, true);
  }, [entity, project, run, router, open]);
}

const isTyping = (target: EventTarget | null): boolean => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
