"""Documents of the HTTP interface as tables for a terminal. Nothing here asks the service for anything."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import words
from cli.terminal import printable

Document = Mapping[str, Any]
COLOURS = {"finished": "green", "failed": "red", "crashed": "red", "running": "cyan", "identical": "green", "different": "red"}
COLOURS |= {"ok": "green", "warn": "yellow", "fail": "red", "not_comparable": "yellow"}


def table(*columns: str, right: Sequence[str] = (), keep: Sequence[str] = ()) -> Table:
    """An empty table; `right` holds numbers, `keep` is never folded or cut (ids that are copied)."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True, show_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", no_wrap=column in keep or column in right, overflow="fold")
    return made


def coloured(word: str) -> Text:
    return Text(word, style=COLOURS.get(word.partition(",")[0], ""))


def plain(text: str) -> Text:
    """Text of users: never markup, never control characters."""
    return Text(printable(text))


def runs_table(runs: Sequence[Document]) -> RenderableType:
    if not runs:
        return plain("There are no runs yet. Submit one: runtwice submit FILE")
    made = table("run", "name", "state", "val/loss", "val/accuracy", "project", "age", right=("val/loss", "val/accuracy"), keep=("run", "age"))
    for run in runs:
        made.add_row(
            run["id"],
            plain(run["name"]),
            coloured(words.progress(run)),
            words.number(metric(run, "val/loss", "last")),
            words.number(metric(run, "val/accuracy", "last")),
            plain(str(run["project"])),
            age(run.get("created_at")),
        )
    return made


def metric(run: Document, name: str, what: str) -> Any:
    """A metric's summary in a run; None when the run has no such metric."""
    return ((run.get("metrics") or {}).get(name) or {}).get(what)


def age(time: Any) -> str:
    """ "3 min" since an RFC 3339 time; "-" without one."""
    if not time:
        return "-"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(str(time))).total_seconds()
    for size_s, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size_s:
            return f"{seconds // size_s:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def run_view(run: Document, artifacts: Sequence[Document]) -> RenderableType:
    parts: list[RenderableType] = [_facts(run)]
    if run.get("metrics"):
        parts.append(_metrics(run["metrics"]))
    parts.append(_config(run.get("config") or {}))
    if artifacts:
        parts.append(_artifacts(artifacts))
    return apart(parts)


def apart(parts: Sequence[RenderableType]) -> RenderableType:
    """One below the other, an empty line between."""
    spaced: list[RenderableType] = []
    for part in parts:
        spaced += [part, ""]
    return Group(*spaced[:-1])


def pairs(rows: Sequence[tuple[str, RenderableType]]) -> Table:
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, content in rows:
        made.add_row(name, content)
    return made


def _facts(run: Document) -> RenderableType:
    reproduced = run.get("reproduced")
    environment = run.get("environment") or {}
    rows: list[tuple[str, RenderableType]] = [("run", f"{run['id']}"), ("name", plain(run["name"])), ("project", plain(str(run["project"])))]
    rows.append(("state", coloured(words.progress(run))))
    optional = {
        "reason": run.get("reason"),
        "waiting for": run.get("waiting_for") if run["state"] == "queued" else None,
        "change": words.change(run.get("change") or []),
        "baseline": run.get("baseline"),
        "rerun of": run.get("rerun_of"),
        "reproduced": f"{reproduced['outcome']} ({words.counted(reproduced['reruns'], 'rerun')})" if reproduced else None,
        "took": words.duration(_took(run)) if _took(run) else None,
        "node": f"{run['node']}, attempt {run['attempt']}" if run.get("node") else None,
        "trained with": words.machine(environment),
        "tags": ", ".join(run.get("tags") or []),
        "notes": run.get("notes"),
        "config digest": run.get("config_digest"),
    }
    rows += [(name, plain(str(content))) for name, content in optional.items() if content]
    rows += [("mind", Text(printable(str(warning)), style="yellow")) for warning in run.get("warnings") or []]
    rows += [("finding", plain(str(finding["words"]))) for finding in run.get("findings") or []]
    rows += [(f"{name} digest", plain(str(digest))) for name, digest in (run.get("digests") or {}).items() if digest]
    return pairs(rows)


def _took(run: Document) -> float:
    if not run.get("started_at") or not run.get("finished_at"):
        return 0.0
    return (datetime.fromisoformat(run["finished_at"]) - datetime.fromisoformat(run["started_at"])).total_seconds()


def _metrics(metrics: Document) -> RenderableType:
    columns = {"last": "last", "min": "min", "at step": "min_step", "max": "max", "at step ": "max_step", "points": "count"}
    if any(of.get("non_finite") for of in metrics.values()):
        columns["not finite"] = "non_finite"
    made = table("metric", *columns, right=list(columns), keep=("metric",))
    for name in sorted(metrics):
        made.add_row(plain(name), *(words.number(metrics[name].get(field)) for field in columns.values()))
    return made


def _config(config: Document) -> RenderableType:
    made = table("config", "value")
    for path, leaf in leaves(config):
        made.add_row(plain(path), plain(words.value(leaf)))
    return made


def leaves(tree: Document, before: str = "") -> list[tuple[str, Any]]:
    """Dotted paths and their values, in the document's order."""
    found: list[tuple[str, Any]] = []
    for name, below in tree.items():
        path = f"{before}{name}"
        found += leaves(below, f"{path}.") if isinstance(below, Mapping) and below else [(path, below)]
    return found


def _artifacts(artifacts: Sequence[Document]) -> RenderableType:
    made = table("artifact", "name", "size", "sha256", right=("size",), keep=("artifact",))
    for artifact in artifacts:
        made.add_row(artifact["id"], plain(artifact["name"]), words.bytes_(artifact["size_bytes"]), artifact["sha256"][:16] + "...")
    return made


def comparison(compared: Document, runs: Sequence[str]) -> RenderableType:
    """Metrics first, then what differs in config and environment: a row a path, a column a run."""
    metrics = table("metric", *runs, right=runs)
    for row in compared["metrics"]:
        if row["metric"].startswith("system/"):
            continue
        for what in ("last", "min") if row["metric"].endswith("loss") else ("last", "max") if row["metric"].endswith("accuracy") else ("last",):
            cells = [words.number((row["values"].get(run) or {}).get(what)) for run in runs]
            metrics.add_row(plain(f"{row['metric']} {what}"), *cells)
    parts: list[RenderableType] = [metrics, _differences("config", compared["config"]["different"], runs)]
    if compared["environment"]["different"]:
        parts.append(_differences("environment", compared["environment"]["different"], runs))
    if compared.get("factors"):
        parts.append(plain(f"Changed factors: {', '.join(compared['factors'])}"))
    parts += [Text(printable(f"Mind: {warning}"), style="yellow") for warning in compared.get("warnings") or []]
    return apart(parts)


def _differences(what: str, rows: Sequence[Document], runs: Sequence[str]) -> RenderableType:
    if not rows:
        return plain(f"The {what}s are the same in every field.")
    made = table(what, *runs)
    for row in rows:
        made.add_row(plain(row["path"]), *(plain(words.value(row["values"][run]) if run in row["values"] else "-") for run in runs))
    return made


def dry_run(planned: Document) -> RenderableType:
    changed = words.change(planned.get("change") or [])
    lines = [f"Config digest {planned['config_digest']}"]
    lines += [f"Change against the baseline: {changed}"] if changed else []
    lines += [f"Changed factors: {', '.join(planned['factors'])}"] if planned.get("factors") else []
    lines += [f"Mind: {warning}" for warning in planned.get("warnings") or []]
    lines += [f"It is likely to take {words.duration(planned['estimate_s'])}."] if planned.get("estimate_s") is not None else []
    return Group(_config(planned["config"]), plain("\n".join([*lines, "Nothing was submitted."])))


def keys_table(keys: Sequence[Document]) -> RenderableType:
    made = table("key", "name", "begins with", "role", "entity", "expires", keep=("key", "begins with"))
    for key in keys:
        made.add_row(
            key["id"], plain(key["name"]), key["prefix"], key["role"], plain(str(key.get("entity") or "any")), str(key.get("expires_at") or "never")
        )
    return made


def settings_list(settings: Sequence[Document]) -> RenderableType:
    """Each with its meaning below it: the names alone fill half of a narrow terminal."""
    parts: list[RenderableType] = []
    for setting in settings:
        value = Text(printable(setting["value"]), style="" if setting["is_default"] else "bold cyan")
        parts += [Text(f"{setting['name']}=", style="bold") + value, Padding(plain(setting["description"]), (0, 0, 0, 4))]
    return Group(*parts)


def checks_table(checks: Sequence[Document]) -> RenderableType:
    made = Table.grid(padding=(0, 2))
    for check in checks:
        found = Text(check["found"])
        if check["todo"]:
            found.append(f"\n{check['todo']}", style="bold")
        made.add_row(coloured(check["status"]), plain(check["what"]), found)
    return made


def demo_table(rows: Sequence[Document]) -> RenderableType:
    """One row a run; the best of each column stands out."""
    numbers = {
        "val/loss\nfinal": ("val_loss", min),
        "val/loss\nbest": ("best_val_loss", min),
        "val/acc\nfinal": ("val_accuracy", max),
        "iterations\nto 0.90": ("iterations_to_accuracy", min),
    }
    made = table("\nrun", *numbers, "what changed\nagainst the baseline", right=list(numbers), keep=("\nrun",))
    values = {field: [row[field] for row in rows if isinstance(row[field], int | float)] for field, _ in numbers.values()}
    best = {field: better(values[field]) if values[field] else None for field, better in numbers.values()}
    for row in rows:
        cells = [_marked(row[field], best[field], "never" if field == "iterations_to_accuracy" else "-") for field, _ in numbers.values()]
        changed = words.change(row["change"]) or "-"
        made.add_row(plain(row["name"]), *cells, plain(changed if row["state"] == "finished" else f"{changed}; {row['state']}"))
    return made


def _marked(value: Any, best: Any, none: str) -> Text:
    shown = f"{value:#.4g}" if isinstance(value, float) and math.isfinite(value) else words.number(value, 4)  # zeros kept: columns line up
    return Text(none if value is None else shown, style="bold green" if value is not None and value == best else "")
