// A chart as the text of an SVG: the same layers as on the canvas, real lines and real text.
import type { Band, Line } from "./line";
import { scales } from "./frame";
import { layers, signs } from "./paint";
import { type Plot, token } from "./plot";
import { SvgPen } from "./trace";

export function svgText(plot: Plot, lines: readonly Line[], bands: readonly Band[], title: string): string {
  const { left, top, width, height } = plot.offset;
  const frame = plot.frame;
  const { toX, toY } = scales(frame);
  const ink = token("--muted");
  const rule = token("--line");
  const body = layers(frame, lines, bands).map(({ look, shape }) => {
    const pen = new SvgPen();
    shape(pen);
    const dash = look.dash ? ` stroke-dasharray="${look.dash.join(" ")}"` : "";
    return `<path d="${pen.d}" fill="${look.fill ?? "none"}" stroke="${look.stroke ?? "none"}" stroke-width="${look.width ?? 0}"${dash} opacity="${look.alpha}" stroke-linejoin="bevel"/>`;
  });
  const across = plot.ticks.y.map(({ at, words }) => {
    const y = toY(at);
    return `<path d="M0 ${y}H${frame.width}" stroke="${rule}"/><text x="-8" y="${y + 4}" text-anchor="end">${escaped(words)}</text>`;
  });
  const along = plot.ticks.x.map(({ at, words }) => {
    const x = toX(at);
    return `<path d="M${x} 0V${frame.height}" stroke="${rule}"/><text x="${x}" y="${frame.height + 16}" text-anchor="middle">${escaped(words)}</text>`;
  });
  const odd = signs(frame, lines).map(({ x, y, sign, colour }) => `<text x="${x}" y="${y + 4}" text-anchor="middle" fill="${colour}">${sign}</text>`);
  const named = [...lines, ...bands].slice(0, 40);
  const names = named.map(({ name, stroke }, i) => {
    const dash = stroke.dash ? ` stroke-dasharray="${stroke.dash.join(" ")}"` : "";
    const y = height + 24 + i * 16;
    return `<path d="M${left} ${y - 4}h20" stroke="${stroke.colour}" stroke-width="2.5"${dash}/><text x="${left + 28}" y="${y}" fill="${token("--ink")}">${escaped(name)}</text>`;
  });
  const whole = height + 24 + named.length * 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 -20 ${width} ${whole + 20}" font-family="system-ui, sans-serif" font-size="11" fill="${ink}">`,
    `<title>${escaped(title)}</title><rect y="-20" width="${width}" height="${whole + 20}" fill="${token("--paper")}"/>`,
    `<text x="${left}" y="-4" font-size="13" fill="${token("--ink")}">${escaped(title)}</text>`,
    `<defs><clipPath id="c"><rect width="${frame.width}" height="${frame.height}"/></clipPath></defs>`,
    `<g transform="translate(${left} ${top})">${across.join("")}${along.join("")}<g clip-path="url(#c)">${body.join("")}${odd.join("")}</g></g>`,
    names.join(""),
    "</svg>",
  ].join("\n");
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
