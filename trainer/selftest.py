"""Whether recipes can be killed and resumed without a trace: each is trained undisturbed, then killed by SIGKILL again and again and resumed.

python -m trainer.selftest CONFIG... [--kills N] [--seed N]      one JSON object a line; exit code 0 when every resumed run is exact, else 1

The kills fall at random: at a step before, amid or after its update, inside the write of a checkpoint, or right after it. A process that has
loaded everything forks for each attempt, so that an attempt begins in milliseconds.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainer.config import RunConfig
from trainer.events import ArtifactWritten, CheckpointWritten, Digests, Ended, Event, Points, Started, decode, encode

CHECKPOINTS = 10  # about so many a run, by steps: most recipes are over before the first second is
MOMENTS = ("before a step", "amid a step", "after a step", "inside a checkpoint write", "after a checkpoint write")
EXACT, NOT_EXACT, REFUSED = 0, 1, 2


@dataclass
class Record:
    """What attempts at one run have told, all together."""

    metrics: dict[str, dict[int, str]] = field(default_factory=dict)  # by step, values by their bits
    links: dict[int, dict[str, str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    end: tuple[str, str | None, int | None] | None = None
    resumed_from: int | None = None
    contradictions: list[str] = field(default_factory=list)

    def add(self, event: Event) -> None:
        match event:
            case Started(known, _, _, resumed_from):
                self.digests.update(known)
                self.resumed_from = resumed_from
            case Points(steps, _, metrics):
                for name, column in metrics.items():
                    for step, value in zip(steps, column, strict=True):
                        if value is not None and not name.startswith("system/"):
                            self._keep(self.metrics.setdefault(name, {}), step, value.hex(), name)
            case Digests(step, parts):
                self._keep(self.links, step, dict(parts), "digest chain")
            case ArtifactWritten():
                self.files[event.name] = event.sha256
            case Ended(state, reason, step, digests):
                self.end = (state, reason, step)
                self.digests.update(digests)

    def _keep(self, held: dict[int, Any], step: int, value: Any, name: str) -> None:
        if held.setdefault(step, value) != value:
            self.contradictions.append(f"{name} at step {step}")

    def differs_from(self, whole: "Record") -> list[str]:
        """In what this run, killed and resumed, is not the undisturbed one; empty when it is."""
        found = [f"attempts contradict each other: {each}" for each in self.contradictions[:3]]
        for name in sorted({*whole.metrics, *self.metrics}):
            found += _first(name, whole.metrics.get(name, {}), self.metrics.get(name, {}))
        found += _first("digest chain", whole.links, self.links)
        alike = {"digests": (whole.digests, self.digests), "files": (whole.files, self.files), "end": (whole.end, self.end)}
        return found + [f"{name}: {ours} in place of {theirs}" for name, (theirs, ours) in alike.items() if ours != theirs]


@dataclass(frozen=True)
class Kill:
    """One kill and what came of it; `resumed_from` null when no checkpoint was there yet."""

    step: int
    moment: str
    resumed_from: int | None
    exact: bool
    differences: list[str]


@dataclass(frozen=True)
class Fate:
    """Where an attempt is killed: at that step, or in or after the first checkpoint from that step on, of whose bytes `share` are written."""

    step: int
    moment: str
    share: float

    def strike(self, moment: str, step: int) -> None:
        if moment == self.moment and step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def resume(config: RunConfig, kills: int, chance: random.Random, folder: Path) -> Iterator[Kill]:
    """Each kill of the recipe, as it is done."""
    whole = Record()
    attempt(config, folder / "whole", whole)
    if whole.end is None or whole.end[2] is None:
        raise RuntimeError(f"the recipe cannot be trained here: {whole.end[1] if whole.end else 'its process died'}")
    last = whole.end[2]
    for number in range(kills):
        fate = Fate(chance.randint(0, last), chance.choice(MOMENTS), chance.random())
        if "checkpoint" in fate.moment:  # there is none behind the last steps
            fate = Fate(int(fate.step * 0.7), fate.moment, fate.share)
        record, place = Record(), folder / str(number)
        attempt(config, place, record, fate)
        attempt(config, place, record)
        differences = record.differs_from(whole)
        yield Kill(fate.step, fate.moment, record.resumed_from, not differences, differences)


def attempt(config: RunConfig, place: Path, record: Record, fate: Fate | None = None) -> None:
    """Train in a process of its own, from the newest checkpoint in the place on, until it ends or meets its fate."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os._exit(_train(config, place, writing, fate))
    os.close(writing)
    with os.fdopen(reading, "rb") as events:
        for line in events:
            if line.endswith(b"\n"):
                record.add(decode(line))
    os.waitpid(pid, 0)


def _train(config: RunConfig, place: Path, writing: int, fate: Fate | None) -> int:
    from trainer.checkpoint import Checkpoint, CheckpointFolder
    from trainer.job import Checkpoints, run

    class Doomed(CheckpointFolder):
        """Where the process dies, if that is its fate."""

        def write(self, checkpoint: Checkpoint) -> CheckpointWritten:
            self.is_due = fate is not None and checkpoint.state.step > fate.step
            written = super().write(checkpoint)
            if fate is not None and self.is_due:
                fate.strike("after a checkpoint write", fate.step)
            return written

        def _fill(self, unfinished: Path, content: bytes) -> None:
            is_last = fate is not None and self.is_due and fate.moment == "inside a checkpoint write"
            super()._fill(unfinished, content[: int(fate.share * len(content))] if fate is not None and is_last else content)
            if fate is not None and is_last:
                fate.strike(fate.moment, fate.step)

    def emit(event: Event) -> None:
        line = f"{encode(event)}\n".encode()
        while line:
            line = line[os.write(writing, line) :]

    every = max(1, config.total_iterations // CHECKPOINTS)
    written = [0]

    def due(step: int) -> bool:
        is_due = step - written[0] >= every
        written[0] = step if is_due else written[0]
        return is_due

    kept = CheckpointFolder(place / "checkpoints") if fate is None else Doomed(place / "checkpoints")
    return run(config, place, emit, 0, Checkpoints(kept, kept.files(), due), [Executioner(fate)] if fate is not None else [])


class Executioner:
    """Looks on, and strikes when the time has come."""

    def __init__(self, fate: Fate) -> None:
        self._fate, self._step = fate, -1

    def begin(self, step: int) -> None:
        self._step = step
        self._fate.strike("before a step", step)

    def after_backward(self) -> None:
        self._fate.strike("amid a step", self._step)

    def after_step(self) -> None:
        self._fate.strike("after a step", self._step)


def _first(name: str, whole: dict[int, Any], ours: dict[int, Any]) -> list[str]:
    """Where the columns part first."""
    steps = sorted(step for step in {*whole, *ours} if whole.get(step) != ours.get(step))
    return [f"{name} from step {steps[0]} on"] if steps else []


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trainer.selftest", description="Kill and resume recipes, and say whether that is exact.")
    parser.add_argument("configs", type=Path, nargs="+", help="JSON or YAML files")
    parser.add_argument("--kills", type=int, default=5, help="kills of each recipe (default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="chooses where the kills fall (default: 0)")
    asked = parser.parse_args()
    from trainer.__main__ import read
    from trainer.preload import preload

    configs = {}
    for file in asked.configs:
        try:
            configs[file] = RunConfig.model_validate(read(file))
        except ValidationError as refused:
            first = refused.errors(include_url=False)[0]
            _tell({"config": str(file), "error": f"/{'/'.join(str(each) for each in first['loc'])}: {first['msg']}"})
            return REFUSED
        except (OSError, ValueError) as error:
            _tell({"config": str(file), "error": str(error)})
            return REFUSED
    preload()
    exact = True
    for file, config in configs.items():
        with tempfile.TemporaryDirectory(prefix="runtwice-selftest-") as folder:
            try:
                chance = random.Random(f"{asked.seed} {config.digest()}")  # noqa: S311  it chooses steps
                kills = list(resume(config, asked.kills, chance, Path(folder)))
            except RuntimeError as error:
                _tell({"config": str(file), "error": str(error)})
                return NOT_EXACT
        exact = exact and all(kill.exact for kill in kills)
        _tell({"config": str(file), "exact": all(kill.exact for kill in kills), "kills": [asdict(kill) for kill in kills]})
    return EXACT if exact else NOT_EXACT


def _tell(said: dict[str, Any]) -> None:
    print(json.dumps(said), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
