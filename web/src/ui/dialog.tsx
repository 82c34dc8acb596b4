import "./dialog.css";
import { type ReactNode, useEffect, useRef } from "react";

/** A modal dialog: focus stays in it, Esc and a click beside it close it, focus goes back. */
export function Dialog({ title, close, children, wide = false }: { title: string; close: () => void; children: ReactNode; wide?: boolean }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events -- Esc closes it by the element's own way
    <dialog
      ref={element}
      className={wide ? "dialog wide" : "dialog"}
      aria-label={title}
      onCancel={(event) => { event.preventDefault(); close(); }}
      onClick={(event) => { if (event.target === element.current) close(); }}
    >
      <div className="dialog-body stack">
        <div className="row"><h2>{title}</h2><span className="space" /><button type="button" className="plain" onClick={close} aria-label="Close">✕</button></div>
        {children}
      </div>
    </dialog>
  );
}
