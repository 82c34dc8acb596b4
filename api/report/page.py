"""A study's report as one HTML page: nothing is fetched, every text is escaped, dark and light as the reader's system is."""

import json
from html import escape

from api.report import forest
from api.report.contents import Report
from api.report.markdown import HEADS, PAIRED, number_cells
from api.report.panels import panels
from api.schemas.studies import StudyVariant

POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --ground: #ffffff; --raised: #f6f8fa;
  --accent: #0a58ca; --good: #116329; --bad: #a40e26; --mind: #7a4f01; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b1; --line: #373e47; --ground: #0f1318; --raised: #191e25;
  --accent: #6cb0ff; --good: #57c76b; --bad: #ff8585; --mind: #e0b04c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 20px 60px; max-width: 1120px; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; } h2 { font-size: 18px; margin: 36px 0 10px; }
p, li, dd { overflow-wrap: anywhere; } .soft { color: var(--soft); } .mind { color: var(--mind); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); text-align: right; } th { font-weight: 600; color: var(--soft); }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
ul { padding-left: 20px; } li { margin: 4px 0; } dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; } dd { margin: 0; }
dt { color: var(--soft); } pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 12px; overflow-x: auto;
  font: 12.5px/1.5 ui-monospace, monospace; max-height: 420px; }
.better { color: var(--good); fill: var(--good); } .worse { color: var(--bad); fill: var(--bad); } td.better, td.worse { font-weight: 600; }
.not_enough_seeds { color: var(--mind); fill: var(--mind); }
.wide svg { min-width: 760px; } svg { max-width: 100%; height: auto; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg text.name { fill: var(--ink); font-size: 12px; } svg text.better { fill: var(--good); font-weight: 600; font-size: 12px; }
svg text.worse { fill: var(--bad); font-weight: 600; font-size: 12px; } svg text.not_enough_seeds { fill: var(--mind); }
svg text.bad { fill: var(--bad); font-size: 15px; } .grid { stroke: var(--line); } .zero { stroke: var(--soft); stroke-dasharray: 3 3; }
.seed { fill: var(--accent); fill-opacity: .55; } .faint { fill: var(--soft); fill-opacity: .4; } .bad { fill: var(--bad); }
.bar { stroke: var(--ink); stroke-width: 2; } .tick { fill: var(--ink); } .interval { stroke: var(--soft); stroke-width: 2.5; }
.interval.better { stroke: var(--good); } .interval.worse { stroke: var(--bad); } .interval.not_enough_seeds { stroke: var(--mind); }
.mean { fill: var(--soft); } rect.better { fill: var(--good); } rect.worse { fill: var(--bad); } rect.not_enough_seeds { fill: var(--mind); }
.curve { fill: none; stroke-width: 1.8; } .base.curve { stroke: var(--soft); } .variant.curve { stroke: var(--accent); }
.base.band { fill: var(--soft); fill-opacity: .22; } .variant.band { fill: var(--accent); fill-opacity: .22; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: 12px; }
"""
DOTS = "A dot a seed, red where it diverged; an arrow: beyond the axis; ×: it gave no number. The bar is the mean, the tip the median."
PAIRS = "A dot a seed, the square the mean difference, the line its 95 % interval. Left of the dashed line is less than the baseline."
BANDS = "Each variant in colour over the baseline in grey: the mean over the seeds that have finished, the band from the least to the largest."
CUT = "Where seeds diverged, bands are cut at the edge of what the others need."


def page(report: Report) -> str:
    study = report.study
    title = escape(study["name"])
    parts = [_head(report), _conclusions(report), _table(report), _seeds(report), *(_curves(report, metric) for metric in report.bands), _how(report)]
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    head = f"<head>{meta}{policy}<title>{title}</title><style>{STYLE}</style></head>"
    return f'<!doctype html>\n<html lang="en">{head}\n<body>{"".join(parts)}</body></html>\n'


def _head(report: Report) -> str:
    study, counts = report.study, report.study["progress"]
    state = f"Study {study['id']} of {study['project']}, {study['state']}: {counts['finished']} of {counts['total']} runs have finished."
    judged = f"Judged by the {study['use']} {study['metric']}, {'less' if study['goal'] == 'min' else 'more'} is better."
    return f'<h1>{escape(study["name"])}</h1><p class="soft">{escape(state)} {escape(judged)} Report of {escape(report.made_at)}.</p>'


def _conclusions(report: Report) -> str:
    told = "".join(f"<li><b>{escape(variant['name'])}</b>: {escape(variant['words'])}</li>" for variant in report.study["variants"])
    mind = "".join(f'<p class="mind">Mind: {escape(warning)}</p>' for warning in report.study["warnings"])
    return f"<h2>What can be concluded</h2><ul>{told}</ul><p>{escape(report.study['words'])}</p>{mind}"


def _table(report: Report) -> str:
    heads = "".join(f"<th>{head}</th>" for head in HEADS)
    rows = "".join(_row(variant) for variant in report.study["variants"])
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<h2>Table</h2><div class="wide">{table}</div><p class="soft">{PAIRED}</p>'


def _row(variant: StudyVariant) -> str:
    conclusion = variant["conclusion"] or "none"
    told = f'<td>{escape(variant["name"])}</td><td class="{conclusion}">{"-" if conclusion == "none" else conclusion.replace("_", " ")}</td>'
    return f"<tr>{told}{''.join(f'<td>{escape(cell)}</td>' for cell in number_cells(variant))}</tr>"


def _seeds(report: Report) -> str:
    metric = escape(report.study["metric"])
    return (
        f'<h2>{metric} of every seed</h2><div class="wide">{forest.seeds(report.study)}</div><p class="soft">{DOTS}</p>'
        f'<h2>Differences to the baseline</h2><div class="wide">{forest.forest(report.study)}</div><p class="soft">{PAIRS}</p>'
    )


def _curves(report: Report, metric: str) -> str:
    drawn = "".join(panels(report, metric))
    return f'<h2>{escape(metric)} along the training</h2><div class="panels">{drawn}</div><p class="soft">{BANDS} {CUT}</p>' if drawn else ""


def _how(report: Report) -> str:
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.trained_with)
    config = escape(json.dumps(report.study["baseline"], indent=1, ensure_ascii=False))
    return (
        f"<h2>The baseline's config</h2><pre>{config}</pre><h2>Trained with</h2><dl>{facts}</dl>"
        f"<h2>To repeat it</h2><pre>{escape(report.command)}</pre>"
    )
