"""`runtwice report`: how the runs of a project came out when they were run again."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from cli.terminal import Json, terminal

Document = Mapping[str, Any]


def report(project: Annotated[str, typer.Argument(help="The project, as ENTITY/NAME.")], as_json: Json = False) -> None:
    """Show how a project's runs came out again: counts, nodes, the runs that differ, and the canaries."""
    from cli.client import open_service
    from cli.delete import project_path

    with open_service() as service:
        found = service.get(f"/projects/{project_path(service, project)}/reproducibility/report")
    terminal.answer(found, lambda: "\n".join(lines(found)))


def lines(found: Document) -> Iterator[str]:
    from cli.words import counted

    counts = f"{found['identical']} identical, {found['different']} different, {found['not_comparable']} not comparable"
    yield f"{found['project']}: {counted(found['runs'], 'finished run')}, {found['verified']} verified: {counts}."
    if found["stale"]:
        yield f"{counted(found['stale'], 'verdict')} stale: nothing that lives has what they were judged with."
    if found["waiting"]:
        yield f"{counted(found['waiting'], 'rerun')} still to come."
    for node in found["by_node"]:
        flag = "  FLAGGED" if node["flagged"] else ""
        yield f"  node {node['node']}: {node['identical']} identical, {node['different']} different, {node['not_comparable']} not comparable{flag}"
    for run in found["different_runs"]:
        yield f"Run {run['run']} ({run['name']}) differs in rerun {run['rerun']} on node {run['node']}.{_details(run)}"
    if found["canary"]:
        yield from _canary(found["canary"])


def _canary(canary: Document) -> Iterator[str]:
    agrees = "" if canary["original_agrees"] is not False else " The nodes no longer give what it gave."
    yield f"Canary {canary['run']} ({canary['state']}), every {canary['every_hours']:g} h on every living node.{agrees}"
    for node in canary["nodes"]:
        words = {None: "not trained yet", True: "agrees", False: "FLAGGED"}[node["agrees"]]
        since = f" since {node['flag']['since']}: {node['flag']['reason']}{_details(node['flag'])}" if node["flag"] else ""
        yield f"  node {node['node']}{'' if node['alive'] else ' (does not answer)'}: {words}{since}"


def _details(found: Document) -> str:
    """The first difference and the first cause, as far as there are any."""
    from cli import words

    first, cause = found.get("first_difference"), found.get("cause")
    told = f" {words.first_difference(first)}" if first else ""
    return f"{told} {cause['what']}: {words.value(cause['original'])} → {words.value(cause['rerun'])}." if cause else told
