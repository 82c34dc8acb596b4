import { Link } from "@tanstack/react-router";
import type { Forest, ForestRow, Unit } from "../../lib/forest";
import { number, signed } from "../../lib/format";
import { CONCLUSIONS, pWords } from "./words";

// 6 % at either side are room for what lies at, or beyond, the ends.
const x = (at: number): string => `${(6 + 88 * at).toFixed(3)}%`;

/** Differences to the baseline: one line a variant, its interval, a dot a seed, its conclusion as a word. */
export function ForestPlot({ forest, unit, metric, address }: { forest: Forest; unit: Unit; metric: string; address: { entity: string; project: string } }) {
  const left = forest.worse === 1 ? "better" : "worse";
  const right = forest.worse === 1 ? "worse" : "better";
  return (
    <div className="forest" role="table" aria-label={`Differences of ${metric} to the baseline`}>
      <div className="forest-row forest-top meta" role="row">
        <span role="columnheader">Change</span>
        <span role="columnheader" className="forest-sides"><span>← {left}</span><span>{unit === "noise" ? "difference in units of the seeds’ noise" : `difference of ${metric} to the baseline`}</span><span>{right} →</span></span>
        <span role="columnheader">Conclusion</span>
      </div>
      {forest.rows.map((row) => <Row key={row.variant.name} row={row} forest={forest} address={address} />)}
      <div className="forest-row forest-axis meta" aria-hidden="true">
        <span />
        <svg width="100%" height="18">{forest.ticks.map(({ value, at }) => <text key={value} x={x(at)} y="13" textAnchor="middle">{value === 0 ? "0" : signed(value, 3)}</text>)}</svg>
        <span />
      </div>
    </div>
  );
}

function Row({ row, forest, address }: { row: ForestRow; forest: Forest; address: { entity: string; project: string } }) {
  const { variant } = row;
  const told = variant.conclusion ? CONCLUSIONS[variant.conclusion] : { words: "Not concluded upon", look: "muted" };
  const edge = forest.worse === 1 ? "97.5%" : "2.5%";
  return (
    <div className="forest-row" role="row">
      <span role="rowheader" className="forest-name" title={variant.name}>{variant.name}</span>
      <span role="cell" className="forest-cell">
        <span className="hidden-text">{variant.words}</span>
        <svg width="100%" height="40" aria-hidden="true">
          {forest.ticks.map(({ value, at }) => <line key={value} className="forest-grid" x1={x(at)} x2={x(at)} y1="0" y2="40" />)}
          <line className="forest-zero" x1={x(forest.zero)} x2={x(forest.zero)} y1="0" y2="40" />
          {row.ends && <line className={`forest-ci ${told.look}`} x1={x(row.ends[0])} x2={x(row.ends[1])} y1="14" y2="14" />}
          {row.ends?.map((end, side) => <line key={side} className={`forest-ci ${told.look}`} x1={x(end)} x2={x(end)} y1="10" y2="18" />)}
          {row.at !== null && row.beyond === 0 && <svg x={x(row.at)} y="14" overflow="visible"><path className={`forest-mean ${told.look}`} d="M-5 0L0-5L5 0L0 5Z"><title>{`${signed(row.mean!)} on average`}</title></path></svg>}
          {row.beyond !== 0 && <Beyond side={row.beyond} words={signed(row.mean!)} />}
          {row.dots.map((dot) => (
            <SeedLink key={dot.seed} run={dot.run} address={address}>
              {dot.diverged
                ? <svg x={x(dot.at)} y="30" overflow="visible"><path className="forest-diverged" d="M0-4L4 3H-4Z"><title>{`seed ${dot.seed}, diverged: ${signed(dot.difference)}`}</title></path></svg>
                : <circle className="forest-dot" cx={x(dot.at)} cy="30" r="3"><title>{`seed ${dot.seed}: ${signed(dot.difference)}`}</title></circle>}
            </SeedLink>
          ))}
          {row.unplaced > 0 && (
            <svg x={edge} y="30" overflow="visible">
              <path className="forest-diverged" d="M0-4L4 3H-4Z"><title>{`${row.unplaced} ${row.unplaced === 1 ? "seed" : "seeds"} diverged and left no number`}</title></path>
              <text className="forest-count" x={forest.worse === 1 ? -7 : 7} y="4" textAnchor={forest.worse === 1 ? "end" : "start"}>{row.unplaced}</text>
            </svg>
          )}
        </svg>
      </span>
      <span role="cell" className="forest-told">
        <span className={told.look}>{told.words}</span>
        <span className="meta">
          {row.mean === null ? (variant.seeds.some(({ state }) => state === "queued" || state === "running") ? "no number yet" : "no number") : `${signed(row.mean)}${row.ci ? ` (${signed(row.ci[0], 3)} to ${signed(row.ci[1], 3)})` : ""}`}
        </span>
        <span className="meta">n {number(variant.n)}{variant.n + variant.diverged > 0 && <> · p {pWords(variant.difference?.p_holm ?? variant.difference?.p ?? null)}</>}{variant.diverged > 0 && <b className="bad"> · {variant.diverged} diverged</b>}</span>
      </span>
    </div>
  );
}

function Beyond({ side, words }: { side: -1 | 1; words: string }) {
  return (
    <svg x={side === 1 ? "99%" : "1%"} y="14" overflow="visible">
      <path className="forest-beyond" d={side === 1 ? "M-8-4L0 0L-8 4" : "M8-4L0 0L8 4"}><title>{`Beyond the picture: ${words} on average`}</title></path>
      <text className="forest-count" x={side === 1 ? -12 : 12} y="4" textAnchor={side === 1 ? "end" : "start"}>{words}</text>
    </svg>
  );
}

// Keys reach every seed's run in the table below; here a dot is a target for the pointer alone.
function SeedLink({ run, address, children }: { run: string | null; address: { entity: string; project: string }; children: React.ReactNode }) {
  if (!run) return children;
  return <Link to="/$entity/$project/runs/$run" params={{ ...address, run }} tabIndex={-1} preload={false}>{children}</Link>;
}
