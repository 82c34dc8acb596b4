import { Link } from "@tanstack/react-router";
import { Copy } from "../../ui/copy";
import type { Block, Span } from "./blocks";

/** A guide, drawn from its blocks. */
export function Guide({ blocks }: { blocks: Block[] }) {
  return <>{blocks.map((block, place) => <BlockDrawn key={place} block={block} />)}</>;
}

function BlockDrawn({ block }: { block: Block }) {
  switch (block.is) {
    case "heading": return <Heading {...block} />;
    case "paragraph": return <p><Spans spans={block.spans} /></p>;
    case "code":
      return (
        <div className="guide-code">
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard */}
          <pre tabIndex={0}>{block.text}</pre>
          <Copy text={block.text} />
        </div>
      );
    case "quote": return <blockquote><Guide blocks={block.blocks} /></blockquote>;
    case "list": {
      const items = block.items.map((inner, place) => {
        const [first] = inner;
        return <li key={place}>{inner.length === 1 && first?.is === "paragraph" ? <Spans spans={first.spans} /> : <Guide blocks={inner} />}</li>;
      });
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard
        <div className="scroll-x" tabIndex={0} role="group" aria-label="Table">
          <table className="plain">
            {block.head.some((cell) => cell.length > 0) && <thead><tr>{block.head.map((cell, place) => (cell.length ? <th key={place} scope="col"><Spans spans={cell} /></th> : <td key={place} />))}</tr></thead>}
            <tbody>{block.rows.map((row, place) => <tr key={place}>{row.map((cell, column) => <td key={column}><Spans spans={cell} /></td>)}</tr>)}</tbody>
          </table>
        </div>
      );
    case "rule": return <hr />;
  }
}

function Heading({ depth, id, spans }: { depth: number; id: string; spans: Span[] }) {
  const inner = <><Spans spans={spans} /><a href={`#${id}`} className="guide-anchor" aria-label="Link to this section">#</a></>;
  if (depth === 1) return <h1 id={id}><Spans spans={spans} /></h1>;
  return depth === 2 ? <h2 id={id}>{inner}</h2> : <h3 id={id}>{inner}</h3>;
}

function Spans({ spans }: { spans: Span[] }) {
  return <>{spans.map((span, place) => <SpanDrawn key={place} span={span} />)}</>;
}

function SpanDrawn({ span }: { span: Span }) {
  if (typeof span === "string") return <>{span}</>;
  switch (span.is) {
    case "code": return <code>{span.text}</code>;
    case "break": return <br />;
    case "strong": return <strong><Spans spans={span.spans} /></strong>;
    case "em": return <em><Spans spans={span.spans} /></em>;
    case "link":
      if ("href" in span) return <a href={span.href} rel="noreferrer" target="_blank"><Spans spans={span.spans} /></a>;
      return <Link to="/docs/$" params={{ _splat: span.guide }} {...(span.hash && { hash: span.hash })}><Spans spans={span.spans} /></Link>;
  }
}
