"""The tries at a run."""

from api.answers import rfc3339, rfc3339_or_null
from api.schemas.runs import AttemptShown
from store.tables import Attempt


def attempt_shown(attempt: Attempt) -> AttemptShown:
    return {
        "number": attempt.number,
        "node": attempt.node,
        "started_at": rfc3339(attempt.started_at),
        "ended_at": rfc3339_or_null(attempt.ended_at),
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "resumed_from": attempt.resumed_from,
    }
