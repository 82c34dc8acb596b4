"""What the end of a training process means for its run."""

from collections.abc import Sequence
from dataclasses import dataclass
from signal import Signals
from typing import Literal

from trainer.events import Ended
from worker.children import Exited


@dataclass(frozen=True)
class Ending:
    """`finish` it for good in `state`; or the attempt is a `lose`, to be tried again; or `release` it for another worker to take."""

    verb: Literal["finish", "lose", "release"]
    state: str
    reason: str | None


def ending(exited: Exited, ended: Ended | None, *, cancelled: bool, stopping: bool, last_words: Sequence[str] = ()) -> Ending:
    """What training itself says counts. A signal is bad luck and worth another try; an exception would only come again."""
    if ended is not None and ended.state == "finished" and exited.code == 0:
        return Ending("finish", "finished", None)
    if cancelled:
        return Ending("finish", "cancelled", "cancelled while it ran")
    if stopping:
        return Ending("release", "queued", "its worker was stopped")
    if ended is not None and ended.state == "failed":
        return Ending("finish", "failed", ended.reason)
    if exited.refusal:
        return Ending("lose", "queued", f"the training process could not be started: {exited.refusal}")
    if exited.code is None:
        return Ending("lose", "queued", "the process that watched the training process died")
    if exited.code < 0:
        return Ending("lose", "queued", f"the training process was ended by {signal_name(-exited.code)}")
    said = next((line for line in reversed(last_words) if line.strip()), "")
    return Ending("finish", "failed", f"the training process left with exit code {exited.code}" + (f"; its last words: {said}" if said else ""))


def signal_name(number: int) -> str:
    try:
        name = Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"{name} (as when the machine runs out of memory)" if name == "SIGKILL" else name
