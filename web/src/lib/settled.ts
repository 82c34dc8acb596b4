import { useEffect, useState } from "react";

/** A value once it has not changed for so many milliseconds. */
export function useSettled<Value>(value: Value, after: number): Value {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), after);
    return () => clearTimeout(timer);
  }, [value, after]);
  return settled;
}
