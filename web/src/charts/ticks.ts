/** Round numbers between two, about as many as wanted; powers of ten (and their halves and fifths when few) for a logarithmic axis. */
export function ticks(min: number, max: number, wanted: number, log: boolean): number[] {
  if (!(max > min)) return [min];
  if (log) {
    const found: number[] = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1) {
      for (const times of Math.log10(max / min) < 2 ? [1, 2, 5] : [1]) found.push(Number(`${times}e${power}`));
    }
    const inside = found.filter((value) => value >= min && value <= max);
    const every = Math.ceil(inside.length / Math.max(2, wanted));
    return inside.filter((_, i) => i % every === 0);
  }
  const rough = (max - min) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough)!;
  const first = Math.ceil(min / step);
  return Array.from({ length: Math.max(0, Math.floor(max / step) - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
