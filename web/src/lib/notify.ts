// Notifications of the browser: asked for by a click, never by themselves; remembered in this browser.

export type Notifying = "on" | "off" | "refused" | "unknown";
const KEPT = "runtwice.notify";

export function notifying(): Notifying {
  if (typeof Notification === "undefined") return "unknown";
  if (Notification.permission === "denied") return "refused";
  return Notification.permission === "granted" && localStorage.getItem(KEPT) === "on" ? "on" : "off";
}

/** Turns them on (the browser then asks its user) or off; gives what came of it. */
export async function notify(on: boolean): Promise<Notifying> {
  if (on && typeof Notification !== "undefined") await Notification.requestPermission();
  localStorage.setItem(KEPT, on ? "on" : "off");
  return notifying();
}

/** Shows one; a click on it leads to `address`. The same `id` in several tabs is one notification. */
export function tell(id: string, title: string, text: string, address: string): void {
  if (notifying() !== "on") return;
  try {
    const shown = new Notification(title, { body: text, tag: id });
    shown.onclick = () => {
      window.focus();
      location.assign(address);
    };
  } catch { /* some phones know the name and show none */ }
}
