"""Studies as tables for a terminal. Nothing here asks the service for anything."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cli import words
from cli.study_follow import progress
from cli.views import age, apart, coloured, pairs, plain, table

Document = Mapping[str, Any]
CONCLUSIONS = {
    "better": Text("better", style="bold green"),
    "worse": Text("worse", style="bold red"),
    "no_difference_found": Text("no difference found"),
    "not_enough_seeds": Text("not enough seeds", style="yellow"),
    None: Text("-"),
}
NUMBERS = ("n", "mean ± sd", "median", "difference", "95 % interval", "p", "p (Holm)")


def queued(found: Document) -> str:
    told = f"Study {found['id']}, {found['name']}: {progress(found['progress'])}."
    told += "".join(f"\nMind: {warning}" for warning in found["warnings"])
    return f"{told}\nWatch it: runtwice study show {found['id']} --watch"


def dry_run(planned: Document) -> RenderableType:
    variants = [plain(f"  {name}") for name in planned["variants"]]
    estimate = f"{words.duration(planned['estimate_s'])} ({words.duration(planned['train_s'])} of training"
    estimate += (
        f", by how long {words.counted(planned['estimated_from'], 'past run')} took)" if planned["estimated_from"] else ", by arithmetic alone)"
    )
    rows: list[tuple[str, RenderableType]] = [
        ("to train", plain(words.counted(planned["runs"], "run"))),
        ("there already", plain(words.counted(planned["reused"], "run"))),
        ("takes about", plain(estimate)),
        ("seeds needed", plain(f"{planned['seeds_needed']} to conclude anything")),
    ]
    warned = [Text(f"Mind: {warning}", style="yellow") for warning in planned["warnings"]]
    return apart([*variants[:1], *variants[1:], pairs(rows), *warned, plain("Nothing was queued.")])


def study(found: Document) -> RenderableType:
    """The table first, then what it means, a sentence a variant."""
    parts: list[RenderableType] = [_head(found), _table(found)]
    told = [Text.assemble((f"{variant['name']}  ", "bold"), words_of(variant)) for variant in found["variants"]]
    parts += [_joined(told), plain(found["words"])]
    parts += [Text(f"Mind: {warning}", style="yellow") for warning in found["warnings"]]
    return apart(parts)


def studies(items: Sequence[Document]) -> RenderableType:
    if not items:
        return plain("There are no studies here yet. Queue one: runtwice study run FILE")
    made = table("study", "name", "state", "variants", "seeds", "metric", "runs", "age", right=("variants", "seeds"), keep=("study", "age"))
    for item in items:
        counts = f"{item['progress']['ended']} of {item['progress']['total']}"
        cells = (coloured(item["state"]), str(len(item["variant_names"]) - 1), str(len(item["seeds"])), plain(item["metric"]), counts)
        made.add_row(item["id"], plain(item["name"]), *cells, age(item["created_at"]))
    return made


def words_of(variant: Document) -> str:
    return str(plain(variant["words"]))


def _head(found: Document) -> RenderableType:
    of = {"last": "the last", "best": "the best"}[found["use"]]
    judged = f"{of} {found['metric']}, {'less' if found['goal'] == 'min' else 'more'} is better"
    rows: list[tuple[str, RenderableType]] = [
        ("study", plain(f"{found['id']}  {found['name']}")),
        ("project", plain(found["project"])),
        ("state", plain(f"{found['state']}: {progress(found['progress'])}")),
        ("judged by", plain(judged)),
        ("seeds", plain(f"{len(found['seeds'])}, {found['seeds_needed']} are needed to conclude anything")),
    ]
    return pairs(rows)


def _table(found: Document) -> RenderableType:
    threshold = found["threshold"] is not None
    columns = ["variant", *NUMBERS, "diverged", *([f"iterations to {found['threshold']:g}"] if threshold else []), "conclusion"]
    made = table(*columns, right=[name for name in columns if name not in ("variant", "conclusion")])
    for variant in found["variants"]:
        cells = [str(variant["n"]), _with_sd(variant), words.number(variant["median"], 4), *_difference(variant["difference"])]
        cells += [str(variant["diverged"]) if variant["diverged"] else "-"]
        cells += [_to_threshold(variant["to_threshold"])] if threshold else []
        made.add_row(plain(variant["name"]), *cells, CONCLUSIONS[variant["conclusion"]])
    return made


def _with_sd(variant: Document) -> str:
    mean = words.number(variant["mean"], 4)
    return mean if variant["sd"] is None else f"{mean} ± {words.number(variant['sd'], 2)}"


def _difference(paired: Document | None) -> list[str]:
    if paired is None or paired["mean"] is None:
        return ["-"] * 4
    interval = "-" if paired["ci95"] is None else f"{paired['ci95'][0]:+.3g} to {paired['ci95'][1]:+.3g}"
    return [f"{paired['mean']:+.3g}", interval, words.number(paired["p"], 2), words.number(paired["p_holm"], 2)]


def _to_threshold(found: Document) -> str:
    """The median; "never" where fewer than half of the seeds got there, and how many did."""
    middle = "never" if found["median"] is None else f"{found['median']:g}"
    return f"{middle} ({found['reached']}/{found['reached'] + found['censored']})"


def _joined(lines: Sequence[Text]) -> Text:
    return Text("\n").join(lines)
