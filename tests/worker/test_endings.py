"""What the end of a training process means: a table."""

from typing import Any

import pytest

from trainer.events import Ended
from worker.children import Exited
from worker.endings import Ending, ending

FINISHED = Ended("finished", None, 9)
DIVERGED = Ended("failed", "train/loss is NaN at step 3", 3)
OBEYED = Exited(-15)


class TestEnding:
    @pytest.mark.parametrize(
        ("exited", "ended", "circumstances", "verb", "state", "reason"),
        [
            pytest.param(Exited(0), FINISHED, {}, "finish", "finished", None, id="finished"),
            pytest.param(Exited(1), DIVERGED, {}, "finish", "failed", "train/loss is NaN at step 3", id="training says it failed"),
            pytest.param(Exited(0), FINISHED, {"cancelled": True}, "finish", "finished", None, id="finished before it was cancelled"),
            pytest.param(OBEYED, None, {"cancelled": True}, "finish", "cancelled", "cancelled while it ran", id="cancelled"),
            pytest.param(
                OBEYED, None, {"cancelled": True, "stopping": True}, "finish", "cancelled", "cancelled while it ran", id="cancelled, stopping"
            ),
            pytest.param(Exited(None), None, {"stopping": True}, "release", "queued", "its worker was stopped", id="worker stopping"),
            pytest.param(Exited(0), FINISHED, {"stopping": True}, "finish", "finished", None, id="finished as the worker stops"),
            pytest.param(Exited(-11), None, {}, "lose", "queued", "the training process was ended by SIGSEGV", id="segmentation fault"),
            pytest.param(
                Exited(-9),
                None,
                {},
                "lose",
                "queued",
                "the training process was ended by SIGKILL (as when the machine runs out of memory)",
                id="kill -9",
            ),
            pytest.param(Exited(-63), None, {}, "lose", "queued", "the training process was ended by signal 63", id="nameless signal"),
            pytest.param(Exited(-11), FINISHED, {}, "lose", "queued", "the training process was ended by SIGSEGV", id="died after its last word"),
            pytest.param(Exited(None), None, {}, "lose", "queued", "the process that watched the training process died", id="fork server died"),
            pytest.param(
                Exited(None, "no memory"), None, {}, "lose", "queued", "the training process could not be started: no memory", id="could not fork"
            ),
            pytest.param(Exited(7), None, {}, "finish", "failed", "the training process left with exit code 7", id="exit code, silent"),
            pytest.param(
                Exited(7),
                None,
                {"last_words": ["", "oh no", " "]},
                "finish",
                "failed",
                "the training process left with exit code 7; its last words: oh no",
                id="exit code, with last words",
            ),
        ],
    )
    def test_is(self, exited: Exited, ended: Ended | None, circumstances: dict[str, Any], verb: Any, state: str, reason: str | None) -> None:
        assert ending(exited, ended, **{"cancelled": False, "stopping": False, **circumstances}) == Ending(verb, state, reason)
