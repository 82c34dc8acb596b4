import type { Band, Line } from "./line";

/** What a chart shows, a row for each point, with a head. */
export function* chartRows(lines: readonly Line[], bands: readonly Band[], x: string): Generator<(string | number)[]> {
  yield ["run", "name", x, "value", "min", "max", "smoothed", "n", "of"];
  for (const { run, member, name, x, y, low, high, smooth } of lines) {
    for (let i = 0; i < x.length; i += 1) yield [member ?? run, name, x[i]!, y[i]!, low?.[i] ?? y[i]!, high?.[i] ?? y[i]!, smooth?.[i] ?? "", "", ""];
  }
  for (const { run, name, x, mid, low, high, n, of } of bands) {
    for (let i = 0; i < x.length; i += 1) yield [run, name, x[i]!, mid[i]!, low[i]!, high[i]!, "", n[i]!, of];
  }
}
