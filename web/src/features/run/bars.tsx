import { number, whole } from "../../lib/format";

/** A histogram: bars between edges, which need not be even. */
export function Bars({ edges, counts, range, label }: { edges: readonly number[]; counts: readonly number[]; range?: [number, number]; label: string }) {
  const [low, high] = range ?? [edges[0] ?? 0, edges.at(-1) ?? 1];
  const most = counts.reduce((a, b) => Math.max(a, b), 0) || 1;
  const x = (value: number) => (high > low ? ((value - low) / (high - low)) * 400 : 200);
  return (
    <figure className="run-bars">
      <svg viewBox="0 0 400 100" preserveAspectRatio="none" role="img" aria-label={label}>
        {counts.map((count, place) => {
          const [from, to] = [x(edges[place]!), x(edges[place + 1]!)];
          const height = (count / most) * 98;
          return <rect key={place} x={from} y={100 - height} width={Math.max(1, to - from - 0.5)} height={height}><title>{`${number(edges[place])} to ${number(edges[place + 1])}: ${whole(count)}`}</title></rect>;
        })}
      </svg>
      <figcaption className="row meta"><span>{number(low, 3)}</span><span className="space" /><span>most {whole(most)}</span><span className="space" /><span>{number(high, 3)}</span></figcaption>
    </figure>
  );
}
