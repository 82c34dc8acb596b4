// A project's activity: how many runs came on each of the last days.

/** Runs of each of the last `days` days (of the local calendar), the last one today's. */
export function perDay(moments: readonly string[], days: number, now: number): number[] {
  const counts = new Array<number>(days).fill(0);
  const today = midnight(now);
  for (const moment of moments) {
    const back = Math.round((today - midnight(Date.parse(moment))) / 86_400_000); // days that daylight saving made shorter or longer, too
    if (back >= 0 && back < days) counts[days - 1 - back]! += 1;
  }
  return counts;
}

function midnight(moment: number): number {
  const date = new Date(moment);
  date.setHours(0, 0, 0, 0);
  return date.getTime();
}
