import { useEffect, useState } from "react";

/** A button that copies a text and says so. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [said, say] = useState("");
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => say(""), 1500);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () => navigator.clipboard.writeText(text).then(() => say("Copied"), () => say("Select and copy by hand"));
  return <button type="button" className="plain" onClick={() => void copy()} aria-live="polite">{said || label}</button>;
}
