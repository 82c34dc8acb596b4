import { type ComponentType, type ReactNode, useEffect, useReducer, useState } from "react";

/** A component that is fetched when it is first drawn: "Loading…" until it has come, words when it does not come. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>, waiting: ReactNode = <p className="meta later">Loading…</p>): ComponentType<Props> {
  let Loaded: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [tries, again] = useReducer((count: number) => count + 1, 0);
    const [failed, fail] = useState(false);
    useEffect(() => {
      if (Loaded) return;
      load().then((found) => { Loaded = found; fail(false); again(); }, () => fail(true));
    }, [tries]);
    if (Loaded) return <Loaded {...props} />;
    return failed ? <p className="bad later" role="alert">This part of the page could not be fetched. <button type="button" onClick={again}>Try again</button></p> : waiting;
  };
}
