"""`runtwice submit`: queue a run from a file, or from an earlier run with something changed."""

from typing import Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CliError
from cli.terminal import Json, terminal

DEFAULT_PROJECT = "default"


def submit(
    file: Annotated[str | None, typer.Argument(help="YAML or JSON file with a config; - reads the standard input.", show_default=False)] = None,
    from_run: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN", help="Take the config of this run, which becomes the baseline unless --baseline says otherwise."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Change a field: optimizer.lr=0.1. Setting x.kind gives the rest of x that kind's defaults."
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Project, with its entity or without.", show_default="that of --from, else " + DEFAULT_PROJECT)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.", show_default="what it changes")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag; may be given several times.")] = None,
    notes: Annotated[str | None, typer.Option(help="Notes for the team.")] = None,
    baseline: Annotated[str | None, typer.Option(metavar="RUN", help="Run that this one is compared with; only one factor may differ.")] = None,
    allow_many_changes: Annotated[bool, typer.Option("--allow-many-changes", help="Let more than one factor differ from the baseline.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the config and show what it means; submit nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Watch the run until it ends; the exit code says how.")] = False,
    as_json: Json = False,
) -> None:
    """Queue a run, from a file or from an earlier run.

    FILE holds a config, or a whole submission: {"project", "config", "name", ...}. What the options say comes first.
    """
    from cli import documents, views
    from cli.client import open_service

    if (file is None) == (from_run is None):
        raise CliError("Name a config file, or a run with --from.", "For example: runtwice submit examples/digits.yaml", WRONG_USAGE)
    with open_service() as service:
        if from_run is not None:
            original = service.get(f"/runs/{from_run}")
            body: dict[str, Any] = {"project": original["project"], "config": original["config"], "baseline": from_run}
        else:
            body = _body(documents.read_file(file or "-"))
        given = {"project": project, "name": name, "tags": tag, "notes": notes, "baseline": baseline}
        body |= {field: value for field, value in given.items() if value is not None}
        body.setdefault("project", DEFAULT_PROJECT)
        body["config"] = documents.with_settings(body["config"], set_ or [])
        if allow_many_changes:
            body["allow_many_changes"] = True
        answer = service.post("/runs", body, dry_run=True if dry_run else None)
        if dry_run:
            terminal.answer(answer, lambda: views.dry_run(answer))
        elif not wait:
            terminal.answer(answer, lambda: _submitted(answer))
        else:
            _wait(service, answer["id"])


def _body(document: dict[str, Any]) -> dict[str, Any]:
    """The file is a config, or a whole submission {"project", "config", ...}."""
    body = document if "config" in document and "dataset" not in document else {"config": document}
    if not isinstance(body["config"], dict):
        raise CliError("`config` in this file is not a mapping of fields.")
    return dict(body)


def _submitted(run: dict[str, Any]) -> str:
    from cli import words

    changed = words.change(run.get("change") or [])
    changes = f" ({changed})" if changed and changed != run["name"] else ""
    told = "".join(f"\nMind: {warning}" for warning in run.get("warnings") or [])
    return f"Run {run['id']}, {run['name']}{changes}, is {words.progress(run)}.{told}\nWatch it: runtwice watch {run['id']}"


def _wait(service: Any, run_id: str) -> None:
    from cli.watch import watch_run

    watch_run(service, run_id)
