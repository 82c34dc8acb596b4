import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useAddress } from "../../lib/address";
import { download } from "../../lib/download";
import { findLines, pieces, plainLine } from "../../lib/find-lines";
import { whole } from "../../lib/format";
import { isActive } from "../../lib/proof";
import { Trouble } from "../../ui/trouble";
import { MOST_LINES, useLog } from "./use-log";
import { type Run } from "./use-run";

const LINE_PX = 18;

/** The run's output, searched as one types; it follows the end while the run goes on, until somebody scrolls up. */
export function Log({ run }: { run: Run }) {
  const log = useLog(run);
  const [search, change] = useAddress();
  const [follows, setFollows] = useState(isActive(run.state));
  const [at, setAt] = useState(-1);
  const lines = useMemo(() => log.lines.map(plainLine), [log.lines]);
  const text = search.find ?? "";
  const isRegex = search.regex === "1";
  const [wanted, regex] = [useDeferredValue(text), useDeferredValue(isRegex)];
  const found = useMemo(() => findLines(lines, wanted, regex), [lines, wanted, regex]);
  const go = (by: number) => {
    if (found.lines.length === 0) return;
    setFollows(false);
    setAt((before) => (before < 0 && by < 0 ? found.lines.length - 1 : (before + by + found.lines.length) % found.lines.length));
  };
  const current = found.lines[Math.min(at, found.lines.length - 1)] ?? -1;
  if (log.error && lines.length === 0) return <Trouble error={log.error} again={log.again} />;
  if (log.whole && lines.length === 0) return <p className="muted">{isActive(run.state) ? "Nothing was printed yet; lines appear here by themselves." : "The run printed nothing."}</p>;
  return (
    <div className="run-log">
      <div className="row wrap">
        <input
          type="search" aria-label="Find in the log" placeholder="Find in the log" value={text} aria-invalid={found.trouble !== null}
          onChange={(event) => { setAt(-1); change({ find: event.target.value }); }}
          onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); go(event.shiftKey ? -1 : 1); } }}
        />
        <label><input type="checkbox" checked={isRegex} onChange={(event) => { setAt(-1); change({ regex: event.target.checked ? "1" : undefined }); }} /> regular expression</label>
        <button type="button" disabled={found.lines.length === 0} onClick={() => go(-1)} aria-label="Match before">↑</button>
        <button type="button" disabled={found.lines.length === 0} onClick={() => go(1)} aria-label="Next match">↓</button>
        <span className="meta" role="status">
          {found.trouble ? <span className="bad">{found.trouble}</span> : wanted ? matches(at, found.lines.length, found.more) : `${whole(lines.length)} ${lines.length === 1 ? "line" : "lines"}${log.whole ? "" : " so far"}`}
        </span>
        <span className="space" />
        {isActive(run.state) && <label><input type="checkbox" checked={follows} onChange={(event) => setFollows(event.target.checked)} /> follow</label>}
        <button type="button" onClick={() => download(`${run.name}.log`, new Blob([`${log.lines.join("\n")}\n`], { type: "text/plain" }))}>Download</button>
      </div>
      {lines.length >= MOST_LINES && <p className="meta">The first {whole(MOST_LINES)} lines; all of them are in the run&apos;s zip (More, Download everything).</p>}
      <Lines lines={lines} wanted={found.trouble ? "" : wanted} regex={regex} current={current} follows={follows} leave={() => setFollows(false)} />
    </div>
  );
}

function matches(at: number, count: number, more: boolean): string {
  if (count === 0) return "no line matches";
  const all = `${whole(count)}${more ? " and more" : ""}`;
  return at < 0 ? `${all} ${count === 1 ? "line matches" : "lines match"}` : `${whole(Math.min(at, count - 1) + 1)} of ${all}`;
}

function Lines({ lines, wanted, regex, current, follows, leave }: { lines: readonly string[]; wanted: string; regex: boolean; current: number; follows: boolean; leave: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is used in this component alone
  const rows = useVirtualizer({ count: lines.length, getScrollElement: () => place.current, estimateSize: () => LINE_PX, overscan: 20 });
  useEffect(() => { if (follows && lines.length) rows.scrollToIndex(lines.length - 1, { align: "end" }); }, [follows, lines.length, rows]);
  useEffect(() => { if (current >= 0) rows.scrollToIndex(current, { align: "center" }); }, [current, rows]);
  const digits = String(lines.length).length;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so keys must reach it
    <div ref={place} className="run-lines mono" tabIndex={0} role="log" aria-label="Log" aria-live="off" onWheel={(event) => { if (event.deltaY < 0) leave(); }}>
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map(({ index, start }) => (
          <div key={index} className={index === current ? "run-line current" : "run-line"} style={{ transform: `translateY(${start}px)` }}>
            <span className="run-line-number" style={{ width: `${digits + 1}ch` }}>{index}</span>
            <span>{marked(lines[index]!, wanted, regex)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

const marked = (line: string, wanted: string, regex: boolean): React.ReactNode =>
  wanted ? pieces(line, wanted, regex).map((piece, place) => (place % 2 ? <mark key={place}>{piece}</mark> : piece)) : line;
