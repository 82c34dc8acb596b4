import { useQuery } from "@tanstack/react-query";
import { refused, type Schemas } from "../../api/client";
import { number, size, value, whole } from "../../lib/format";
import { Trouble } from "../../ui/trouble";
import { Bars } from "./bars";
import { OverlaidImage } from "./overlaid-image";

export type Shown = Schemas["MediumShown"];

/** One thing that was logged, drawn by its kind; what cannot be drawn here can be taken along. */
export function Medium({ item }: { item: Shown }) {
  return (
    <figure className="run-medium">
      <Drawn item={item} />
      {item.caption && <figcaption className="meta">{item.caption}</figcaption>}
    </figure>
  );
}

function Drawn({ item }: { item: Shown }) {
  const { kind, content, histogram, caption, key, step } = item;
  const name = caption ?? `${key} at step ${step}`;
  if (histogram) return <Bars edges={histogram.edges} counts={histogram.counts} label={`Histogram ${name}`} />;
  if (!content) return <p className="muted">{item.path ? "Its file has not arrived yet." : "There is nothing to show."}</p>;
  if (kind === "image" && item.overlays.length > 0 && sizeOf(item)) return <OverlaidImage src={content} name={name} size={sizeOf(item)!} overlays={item.overlays} />;
  if (kind === "image") return <img src={content} alt={name} loading="lazy" />;
  // eslint-disable-next-line jsx-a11y/media-has-caption -- what programs log comes without
  if (kind === "audio") return <audio controls preload="metadata" src={content} aria-label={name} />;
  // eslint-disable-next-line jsx-a11y/media-has-caption -- what programs log comes without
  if (kind === "video") return /\.gif$/i.test(item.path ?? "") ? <img src={content} alt={name} loading="lazy" /> : <video controls preload="metadata" src={content} aria-label={name} />;
  if (kind === "table") return <Table item={item} content={content} />;
  if (kind === "html") return <iframe title={name} src={content.replace(/content$/, "html")} sandbox="allow-scripts" loading="lazy" referrerPolicy="no-referrer" />;
  return <p className="muted">{kind} cannot be drawn here. <a href={content} download>Download</a>{item.size_bytes === null ? "" : ` (${size(item.size_bytes)})`}</p>;
}

/** An image's width and height, which whoever logged it told. */
function sizeOf({ details: { width, height } }: Shown): { width: number; height: number } | null {
  return typeof width === "number" && typeof height === "number" && width > 0 && height > 0 ? { width, height } : null;
}

interface LoggedTable { columns: unknown[]; data: unknown[][] }

const LARGEST_TABLE = 20_000_000;
const ROWS = 200;
const COLUMNS = 60;

function Table({ item, content }: { item: Shown; content: string }) {
  const isLarge = (item.size_bytes ?? 0) > LARGEST_TABLE;
  const asked = useQuery({ queryKey: ["artifact", item.artifact, "table"], queryFn: ({ signal }) => readTable(content, signal), staleTime: Infinity, enabled: !isLarge });
  if (isLarge) return <p>The table has {size(item.size_bytes ?? 0)}, too much to show here. <a href={content} download>Download</a></p>;
  if (asked.error) return <Trouble error={asked.error} />;
  if (!asked.data) return <p className="muted">Loading …</p>;
  const { columns, data } = asked.data;
  const beyond = [data.length > ROWS && `${ROWS} of ${whole(data.length)} rows`, columns.length > COLUMNS && `${COLUMNS} of ${columns.length} columns`].filter(Boolean).join(", ");
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so keys must reach it */}
      <div className="run-media-table" tabIndex={0} role="region" aria-label={`Table ${item.key}`}>
        <table className="plain">
          <thead><tr>{columns.slice(0, COLUMNS).map((column, place) => <th key={place} scope="col">{value(column)}</th>)}</tr></thead>
          <tbody>{data.slice(0, ROWS).map((row, place) => <tr key={place}>{row.slice(0, COLUMNS).map((cell, column) => <td key={column} className={typeof cell === "number" ? "number" : undefined}>{cellText(cell)}</td>)}</tr>)}</tbody>
        </table>
      </div>
      <p className="meta">{beyond ? `${beyond}. ` : ""}<a href={content} download>Download the table</a></p>
    </>
  );
}

/** A cell's value; of media in a cell, its kind and file. */
function cellText(cell: unknown): string {
  if (typeof cell === "object" && cell !== null && "_type" in cell) return `${String(cell._type)}${"path" in cell ? ` ${String(cell.path)}` : ""}`;
  return typeof cell === "number" ? number(cell, 8) : value(cell).slice(0, 1000);
}

/** Raises Refused, or an Error when the file is no table. */
async function readTable(address: string, signal: AbortSignal): Promise<LoggedTable> {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw await refused(answer);
  const read = JSON.parse(await answer.text()) as Partial<LoggedTable>;
  if (!Array.isArray(read.columns) || !Array.isArray(read.data)) throw new Error("The file is no table as the wandb SDK writes them.");
  return { columns: read.columns, data: read.data.filter(Array.isArray) };
}
