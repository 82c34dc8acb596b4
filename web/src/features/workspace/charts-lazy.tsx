import { type ReactNode, useEffect, useRef, useState } from "react";

/** What is inside only while it is on the screen or near it; else room of the height it had. */
export function Lazy({ height, children }: { height: number; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const [had, setHad] = useState(height);
  useEffect(() => {
    const watch = new IntersectionObserver(([entry]) => {
      if (!entry!.isIntersecting && entry!.boundingClientRect.height > 40) setHad(entry!.boundingClientRect.height);
      setNear(entry!.isIntersecting);
    }, { rootMargin: "300px" });
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, []);
  return <div ref={place} className="charts-slot" style={near ? undefined : { height: had }}>{near && children}</div>;
}
