"""`runtwice rerun RUN --here`: the run's config trained in the caller's own environment, logged as a client's run, and judged by the service."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cli.client import Service
from cli.errors import CliError
from cli.terminal import terminal

NEEDS = ("torch", "safetensors", "numpy")
SEND_EVERY_S = 1.0
MOST_STEPS = 2_000  # in one request
MOST_LINES = 1_000  # of a run's log
LINES = 5  # about the work in progress
LAST_WORDS = 2_000  # bytes of what a process that died said

Event = dict[str, Any]


def rerun_here(service: Service, run_id: str, datasets: Path | None = None) -> dict[str, Any]:
    """The verdict on a new run that was trained in this environment. Raises CliError when it cannot be trained here at all.

    `datasets` is a folder with NAME.npz of data sets that were uploaded.
    """
    original = _original(service, run_id)
    _must_have_torch()
    _must_have_images(original["config"]["dataset"], datasets)
    terminal.say(f"Training the config of run {original['id']} here ...")
    body = {
        "project": original["project"],
        "origin": "client",
        "config": original["config"],
        "name": f"rerun of {original['name']}, elsewhere"[:256],
        "tags": ["rerun-here"],
    }
    run = service.post("/runs", body)
    log = Log(service, str(run["id"]))
    try:
        with training(original["config"], datasets) as events:
            for event in events:
                log.add(event)
    except BaseException as error:
        with suppress(CliError):
            log.end("failed", "interrupted" if isinstance(error, KeyboardInterrupt) else str(error))
        raise
    log.end()
    verdict: dict[str, Any] = service.post("/verdicts", {"original": original["id"], "rerun": run["id"]})
    return verdict


def _original(service: Service, run_id: str) -> dict[str, Any]:
    """The first original of a managed run that has finished."""
    run: dict[str, Any] = service.get(f"/runs/{run_id}")
    if run.get("rerun_of"):
        run = service.get(f"/runs/{run['rerun_of']}")
    if run["origin"] != "managed":
        raise CliError(
            f"Run {run['id']} was trained by a client; its config says nothing to our trainer.", "Log it again, and compare: runtwice compare"
        )
    if run["state"] != "finished":
        raise CliError(f"Run {run['id']} is {run['state']}; only a finished run can be run again and compared.")
    return run


def _must_have_torch() -> None:
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise CliError(
            f"Nothing can be trained here: this Python ({sys.executable}) has no {' and no '.join(missing)}.",
            "Install what a worker has: pip install 'runtwice[worker]'",
        )


def _must_have_images(dataset: Mapping[str, Any], folder: Path | None) -> None:
    """Nothing to ask of a data set that every installation has."""
    if dataset.get("content") and not (folder is not None and (folder / f"{dataset['name']}.npz").is_file()):
        raise CliError(
            f"The data set {dataset['name']} was uploaded to the service, and is not here.",
            f"Name a folder with {dataset['name']}.npz in it: --datasets FOLDER",
        )


@contextmanager
def training(config: Mapping[str, Any], datasets: Path | None = None) -> Iterator[Iterator[Event]]:
    """The events of a fresh process that trains the config; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="runtwice-here-") as folder, Path(folder, "words").open("w+b") as words:
        file = Path(folder, "config.json")
        file.write_text(json.dumps(config))
        command = [sys.executable, "-m", "trainer", str(file), "--out", str(Path(folder, "out"))]
        command += ["--datasets", str(datasets.resolve())] if datasets else []
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": words}
        with subprocess.Popen(command, cwd=folder, env=_environment(), **pipes) as process:
            try:
                yield _events(process, words)
            finally:
                process.kill()


def _environment() -> dict[str, str]:
    """The caller's environment as it is, but for keys and settings of the service; the trainer is the one that came with this command."""
    ours = str(Path(__file__).parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNTWICE_") or name == "RUNTWICE_DATA_DIR"}
    return {**kept, "PYTHONPATH": os.pathsep.join([ours, *filter(None, [os.environ.get("PYTHONPATH")])])}


def _events(process: "subprocess.Popen[bytes]", words: Any) -> Iterator[Event]:
    """What the process tells; when it dies without a last word, that is told in its place."""
    assert process.stdout is not None
    ended = False
    for line in process.stdout:
        with suppress(ValueError):
            event: Event = json.loads(line)
            ended = ended or event["event"] == "ended"
            yield event
    code = process.wait()
    if not ended:
        words.seek(max(0, words.seek(0, os.SEEK_END) - LAST_WORDS))
        said = words.read().decode(errors="replace").strip().splitlines()
        reason = f"the training process ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}"
        yield {"event": "ended", "state": "failed", "reason": f"{reason}{': ' + said[-1] if said else ''}", "digests": {}}


class Log:
    """The events of a training on their way into a client's run."""

    def __init__(self, service: Service, run_id: str) -> None:
        self._service, self._run_id, self._total = service, run_id, 0
        self._waiting: list[Event] = []
        self._lines: list[str] = []
        self._sent_at = time.monotonic()
        self._said = 0
        self._told: dict[str, Any] = {"digests": {}, "environment": {}, "chain": []}
        self._ended: Event = {"state": "failed", "reason": "nothing was trained", "digests": {}}

    def add(self, event: Event) -> None:
        match event["event"]:
            case "started":
                self._told["digests"] |= event["digests"]
                self._told["environment"], self._total = event["environment"], event["total_steps"]
            case "points":
                self._waiting.append(event)
            case "digests":
                self._told["chain"].append({"step": event["step"], "parts": event["parts"]})
            case "log":
                self._lines += event["text"].splitlines()[: MOST_LINES - len(self._lines)]
            case "ended":
                self._ended = event
                self._told["digests"] |= event["digests"]
        if self._is_due:
            self._send()

    def end(self, state: str | None = None, reason: str | None = None) -> None:
        """The run's end, as the training told it unless said otherwise."""
        self._send()
        if self._lines:
            self._service.post(f"/runs/{self._run_id}/log", {"lines": self._lines})
        self._service.put(f"/runs/{self._run_id}/evidence", self._told)
        ended = {"state": state or self._ended["state"], "reason": reason or self._ended["reason"]}
        self._service.post(f"/runs/{self._run_id}/finish", ended)

    def _say_where(self, done: int) -> None:
        """A line at every fifth of the steps."""
        fifth = LINES * done // max(self._total, 1)
        if fifth > self._said:
            self._said = fifth
            terminal.say(f"{self._run_id}  {done} of {self._total}")

    @property
    def _is_due(self) -> bool:
        return time.monotonic() - self._sent_at > SEND_EVERY_S or sum(len(points["steps"]) for points in self._waiting) >= MOST_STEPS

    def _send(self) -> None:
        for points in self._waiting:
            self._service.post(f"/runs/{self._run_id}/points", {name: points[name] for name in ("steps", "times", "metrics")})
            self._say_where(points["steps"][-1] + 1)
        self._waiting.clear()
        self._sent_at = time.monotonic()
