"""`runtwice demo`: the lecture's practice on real MNIST images, through the public HTTP interface alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import lecture
from cli.child import die_with_parent
from cli.errors import NO, NotStarted
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.client import Service

PROJECT = "lecture"
STOP_WITHIN_S = 8.0


def demo(
    data_dir: Annotated[Path, typer.Option(help="Folder of the demo's own service.")] = Path("runtwice-demo"),
    as_json: Json = False,
) -> None:
    """See it all once: eight experiments on real MNIST images, and a rerun.

    Starts a service of its own in its own folder and stops it at the end. Exit code 0 only if every run finished and the rerun is identical.
    """
    from cli import words

    began = time.monotonic()
    terminal.say(f"Starting a service of the demo's own in {data_dir} ...")
    with embedded_service(data_dir) as service:
        terminal.say(f"It runs at {service.url}. Training 5,000 real MNIST images, 784-256-ReLU-10, 500 iterations of SGD, one change per run:")
        runs, rerun = _train(service)
        rows = [_row(service, run) for run in runs]
        verdict = service.get(f"/runs/{rerun['id']}/verdict") if rerun else None
    document = {"runs": rows, "verdict": verdict, "data_dir": str(data_dir), "seconds": round(time.monotonic() - began, 1)}
    terminal.answer(document, lambda: _results(rows, verdict, data_dir, time.monotonic() - began))
    if not terminal.as_json:
        terminal.text("\n".join(_next(rows, data_dir)))  # never folded: commands are copied
    unfinished = [run for run in runs if run["state"] != "finished"]
    for run in unfinished:
        terminal.say(words.ending(run))
    if unfinished or verdict is None or verdict["outcome"] != "identical":
        raise typer.Exit(NO)


@contextmanager
def embedded_service(data_dir: Path) -> "Iterator[Service]":
    """A service of `runtwice up` on a free port, with its admin key; stopped at the end. Raises NotStarted."""
    from cli.client import Service

    command = [sys.executable, "-m", "cli", "up", "--json", "--port", "0", "--data-dir", str(data_dir)]
    # The settings of some other service that happen to be in the environment must not reach this one.
    env = {name: value for name, value in os.environ.items() if not name.startswith("RUNTWICE_")} | {"PYTHONSAFEPATH": "1"}
    process = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  (this process has one thread)
    )
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped
    with process:
        try:
            url = _wait_ready(process)
            key_file = data_dir / "admin.key"
            with Service(url, key_file.read_text().strip(), str(key_file)) as service:
                yield service
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
            signal.signal(signal.SIGTERM, before)


def _wait_ready(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        told = json.loads(line)
        if told.get("event") == "ready":
            return str(told["url"])
    words = process.stderr.read().decode(errors="replace").strip()
    try:
        told = json.loads(words.splitlines()[-1])
        raise NotStarted(told["error"], told["todo"])
    except (ValueError, IndexError, KeyError):
        raise NotStarted("The service did not start.", words) from None


def _train(service: "Service") -> tuple[list[Mapping[str, Any]], Mapping[str, Any] | None]:
    """The eight runs and the baseline's rerun, all ended; no rerun of a baseline that did not finish."""
    from cli.follow import follow

    baseline: str | None = None
    names: dict[str, str] = {}
    for name, config in lecture.configs().items():
        body = {"project": PROJECT, "name": name, "config": config} | ({"baseline": baseline} if baseline else {})
        run = service.post("/runs", body)
        baseline = baseline or run["id"]
        names[run["id"]] = name

    def look() -> list[Mapping[str, Any]]:
        page = service.get("/runs", project=PROJECT, limit=len(names) + 1)
        found = {run["id"]: run for run in page["items"]}
        seen = [found[run_id] for run_id in names if run_id in found]
        if len(names) == len(lecture.CHANGES) + 1 and seen[0]["state"] == "finished":
            again = service.post(f"/runs/{baseline}/reruns", {})["items"][0]
            names[again["id"]] = "baseline again"
            seen.append(again)
        return seen

    ended = follow(look, names)
    return ended[: len(lecture.CHANGES) + 1], ended[-1] if len(ended) > len(lecture.CHANGES) + 1 else None


def _row(service: "Service", run: Mapping[str, Any]) -> dict[str, Any]:
    """What the comparison table shows of a run."""
    [accuracy] = service.get("/series", run=run["id"], metric="val/accuracy", points="all")["series"]
    metrics = run.get("metrics") or {}
    loss = metrics.get("val/loss") or {}
    return {
        "run": run["id"],
        "name": run["name"],
        "state": run["state"],
        "val_loss": loss.get("last"),
        "best_val_loss": loss.get("min"),
        "val_accuracy": (metrics.get("val/accuracy") or {}).get("last"),
        "iterations_to_accuracy": lecture.iterations_to(accuracy.get("steps", []), accuracy.get("values", [])),
        "change": run.get("change") or [],
    }


def _results(rows: list[dict[str, Any]], verdict: Mapping[str, Any] | None, data_dir: Path, seconds: float) -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    from cli import views, words

    parts = [views.demo_table(rows)]
    if verdict is not None:
        parts += [Text("\nThe baseline, trained once more:"), Text(words.verdict(verdict), style=views.COLOURS[verdict["outcome"]]), Text("")]
    parts.append(Text(f"This took {words.duration(seconds)}. The service is stopped; everything is kept in {data_dir}. Where to look next:"))
    return Group("", *parts)


def _next(rows: list[dict[str, Any]], data_dir: Path) -> list[str]:
    program = _program()
    by_name = {row["name"]: row["run"] for row in rows}
    baseline, other = by_name["baseline"], by_name["batchnorm"]
    return [
        "",
        f"  {program} up --data-dir {data_dir}",
        "",
        "keeps it running and prints a sign-in link. Then, in another terminal:",
        "",
        f"  export RUNTWICE_DATA_DIR={data_dir}",
        f"  {program} runs",
        f"  {program} compare {baseline} {other}",
        f"  {program} verify {other}",
        f"  {program} submit --from {baseline} --set model.dropout.p=0.3 --wait",
        f'  curl -H "Authorization: Bearer $(cat {data_dir}/admin.key)" http://127.0.0.1:8800/api/v1/runs/{baseline}',
    ]


def _program() -> str:
    """How the reader calls `runtwice` from here."""
    ours, found = Path(sys.executable).parent / "runtwice", shutil.which("runtwice")
    if found is not None and ours.exists() and ours.samefile(found):
        return "runtwice"
    relative = os.path.relpath(ours)
    return str(ours) if relative.startswith("..") else relative
