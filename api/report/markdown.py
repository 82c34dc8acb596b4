"""A study's report as Markdown: tables and words, no pictures."""

import json
import re
from collections.abc import Iterator, Sequence

from api.report.contents import Report, numbered
from api.schemas.studies import StudyDifference, StudyVariant

SAMPLED = 8  # rows of a curve's table
SPECIAL = re.compile(r"([\\`*_\[\]<>#!|~&])")
PAIRED = "A difference is variant minus baseline, paired by seed; the interval is a bootstrap's, p is of the sign-flip test, dz is mean over sd."
HEADS = ("variant", "conclusion", "n", "mean", "sd", "median", "min", "max", "diverged", "difference", "95 % interval", "p", "p (Holm)", "dz")


def markdown(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    study = report.study
    counts = study["progress"]
    yield f"# {_plain(study['name'])}"
    yield ""
    yield f"Study {study['id']} of {_plain(study['project'])}, {study['state']}: {counts['finished']} of {counts['total']} runs have finished."
    yield f"Judged by the {study['use']} {study['metric']}, {'less' if study['goal'] == 'min' else 'more'} is better. Report of {report.made_at}."
    yield ""
    yield "## What can be concluded"
    yield ""
    yield from (f"- **{_plain(variant['name'])}**: {_plain(variant['words'])}" for variant in study["variants"])
    yield ""
    yield _plain(study["words"])
    yield from (f"\n> Mind: {_plain(warning)}" for warning in study["warnings"])
    yield ""
    yield "## Table"
    yield ""
    yield from _table(HEADS, [_row(variant) for variant in study["variants"]])
    yield ""
    yield PAIRED
    yield ""
    yield f"## {study['metric']} by seed"
    yield ""
    seeds = [[str(seed), *(_dot(variant, place) for variant in study["variants"])] for place, seed in enumerate(study["seeds"])]
    yield from _table(("seed", *(variant["name"] for variant in study["variants"])), seeds)
    yield ""
    yield "\\* diverged: the run failed, its value is not finite, or its final validation accuracy is at most twice chance."
    yield from _curves(report)
    yield from _how(report)


def _row(variant: StudyVariant) -> list[str]:
    return [variant["name"], (variant["conclusion"] or "-").replace("_", " "), *number_cells(variant)]


def number_cells(variant: StudyVariant) -> list[str]:
    """The cells of HEADS behind the first two."""
    spread = (variant["mean"], variant["sd"], variant["median"], variant["min"], variant["max"])
    return [str(variant["n"]), *map(numbered, spread), str(variant["diverged"]), *_difference_cells(variant["difference"])]


def _difference_cells(paired: StudyDifference | None) -> list[str]:
    """Mean, interval, p, corrected p and effect."""
    if paired is None:
        return ["-"] * 5
    interval = "-" if paired["ci95"] is None else f"{paired['ci95'][0]:+.3g} to {paired['ci95'][1]:+.3g}"
    mean = "-" if paired["mean"] is None else f"{paired['mean']:+.3g}"
    return [mean, interval, numbered(paired["p"], 2), numbered(paired["p_holm"], 2), numbered(paired["effect"], 3)]


def _dot(variant: StudyVariant, place: int) -> str:
    dot = variant["seeds"][place]
    shown = dot["state"] if dot["value"] is None else numbered(dot["value"], 6)
    return f"{shown}{' *' if dot['diverged'] else ''}"


def _curves(report: Report) -> Iterator[str]:
    for metric, bands in report.bands.items():
        steps = sorted({step for band in bands for step in band.steps})
        shown = sorted({steps[round(place * (len(steps) - 1) / (SAMPLED - 1))] for place in range(SAMPLED)}) if steps else []
        yield ""
        yield f"## {metric} along the training"
        yield ""
        yield "Mean over the seeds that have finished, and the least and the largest of them."
        yield ""
        rows = []
        for step in shown:
            held = [band.steps.index(step) if step in band.steps else None for band in bands]
            cells = [_cell(band.mean[at], band.low[at], band.high[at]) if at is not None else "-" for band, at in zip(bands, held, strict=True)]
            rows.append([str(step + 1), *cells])
        yield from _table(("iteration", *(variant["name"] for variant in report.study["variants"])), rows)


def _cell(mean: float, low: float, high: float) -> str:
    return f"{mean:.4g} ({low:.4g} to {high:.4g})"


def _how(report: Report) -> Iterator[str]:
    yield ""
    yield "## The baseline's config"
    yield ""
    yield "```json"
    yield json.dumps(report.study["baseline"], indent=1, ensure_ascii=False)
    yield "```"
    yield ""
    yield "## Trained with"
    yield ""
    yield from (f"- {name}: {_plain(value)}" for name, value in report.trained_with)
    yield ""
    yield "## To repeat it"
    yield ""
    yield "```sh"
    yield report.command
    yield "```"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_plain, heads))} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(map(_plain, row))} |" for row in rows)


def _plain(text: str) -> str:
    """Text of users as it is, not as Markdown or HTML."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
