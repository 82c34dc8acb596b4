"""Whether a rerun reproduced its original, bit for bit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis import causes, points
from analysis.leaves import Change, changes
from analysis.points import Column, FirstDifference

__all__ = ["Column", "Evidence", "Verdict", "compare", "not_judged"]

Outcome = Literal["identical", "different", "not_comparable"]
Check = Literal["same", "different", "missing"]

# In the order in which training makes them. `code` is not among them: other code that gives the same bits has reproduced the run.
CHECKED_DIGESTS = ("data", "split", "order", "initial", "final")
WORDS = {
    "split": "the split into training and validation images",
    "order": "the order of the batches",
    "initial": "the initial weights",
    "final": "the final weights",
}


@dataclass(frozen=True)
class Evidence:
    """What a run left behind. A client run has no config digest and no digests."""

    run_id: str
    state: str
    reason: str | None
    config: Mapping[str, Any]
    config_digest: str | None
    digests: Mapping[str, str | None]
    environment: Mapping[str, Any]
    series: Mapping[str, Column]
    chain: Mapping[int, Mapping[str, str]] = field(default_factory=dict)  # behind a step, the digest of each part


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    reason: str
    original: str
    rerun: str
    checked: dict[str, Check]
    points_compared: int
    first_difference: FirstDifference | None
    causes: list[causes.Cause]
    environment: list[Change]

    def document(self) -> dict[str, Any]:
        """The verdict as the HTTP interface shows it, without when it was judged."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "original": self.original,
            "rerun": self.rerun,
            "checked": self.checked,
            "points_compared": self.points_compared,
            "first_difference": None if self.first_difference is None else self.first_difference.document(),
            "causes": [cause.document() for cause in self.causes],
            "environment": [{"path": change.path, "original": change.from_, "rerun": change.to} for change in self.environment],
        }


def compare(original: Evidence, rerun: Evidence) -> Verdict:
    """Everything both runs hold, compared by bits: every point outside `system/` and every digest.

    not_comparable when either run is not finished, or when configs or data differ; what could be compared is compared all the same.
    """
    ours, theirs = points.judged(original.series), points.judged(rerun.series)
    both, first = points.compared(ours, theirs)
    digests: dict[str, Check] = {name: _digest_check(original, rerun, name) for name in CHECKED_DIGESTS}
    checked: dict[str, Check] = {
        **{name: digests[name] for name in ("data", "split", "order", "initial")},
        "points": "missing" if not (ours and theirs) else "same" if first is None else "different",
        "final": digests["final"],
    }
    config = _config_changes(original, rerun)
    environment = _environment_changes(original, rerun)
    outcome, reason = _outcome(original, rerun, checked, both, first, config)
    parted = _parted(original, rerun, checked, first, config)
    return Verdict(
        outcome=outcome,
        reason=reason,
        original=original.run_id,
        rerun=rerun.run_id,
        checked=checked,
        points_compared=both,
        first_difference=first,
        causes=causes.found(checked, config, environment, original.digests, rerun.digests) if parted else [],
        environment=environment,
    )


def not_judged(original: str, rerun: str, reason: str) -> Verdict:
    """The verdict on two runs that nothing could be said about."""
    checked: dict[str, Check] = dict.fromkeys(("data", "split", "order", "initial", "points", "final"), "missing")
    return Verdict("not_comparable", reason, original, rerun, checked, 0, None, [], [])


def _outcome(
    original: Evidence, rerun: Evidence, checked: Mapping[str, Check], both: int, first: FirstDifference | None, config: list[Change]
) -> tuple[Outcome, str]:
    obstacle = _unfinished(original, "original") or _unfinished(rerun, "rerun") or _other_question(checked, config)
    if obstacle is not None:
        return "not_comparable", obstacle
    broken = [WORDS[name] for name in WORDS if checked[name] == "different"]
    if first is not None:
        return "different", f"{_first_in_words(first)}{'; not the same either: ' + _listed(broken) if broken else ''}."
    if broken:
        points_words = f"All {both:,} points are the same" if both else "There are no points to compare"
        return "different", f"{points_words}; not the same: {_listed(broken)}."
    held = [name for name in CHECKED_DIGESTS if checked[name] == "same"]
    if not both and "final" not in held:
        return "not_comparable", "There is nothing to compare: the runs hold no points and no digest of their final weights."
    return "identical", f"{both:,} points and {len(held)} digests compared, every bit the same."


def _unfinished(run: Evidence, role: str) -> str | None:
    if run.state == "finished":
        return None
    return f"The {role} {run.run_id} is {run.state}, not finished{': ' + run.reason.rstrip('.') if run.reason else ''}."


def _other_question(checked: Mapping[str, Check], config: list[Change]) -> str | None:
    if config:
        named = ", ".join(change.path for change in config[:5])
        return f"The configs differ in {named}{f' and {len(config) - 5} more' if len(config) > 5 else ''}."
    return "The runs were trained on different data." if checked["data"] == "different" else None


def _parted(original: Evidence, rerun: Evidence, checked: Mapping[str, Check], first: FirstDifference | None, config: list[Change]) -> bool:
    """Whether there is anything to find a cause of. A run that ended early lacks its later points: that alone is no difference in the training."""
    if config or any(checked[name] == "different" for name in CHECKED_DIGESTS):
        return True
    ended_early = original.state != "finished" or rerun.state != "finished"
    return first is not None and not (ended_early and first.is_one_sided)


def _first_in_words(first: FirstDifference) -> str:
    if first.is_one_sided:
        holder, other = ("rerun", "original") if first.original is None else ("original", "rerun")
        return f"The {holder} holds a point of {first.metric} at step {first.step}, the {other} does not"
    return f"{first.metric} differs first, at step {first.step}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _digest_check(original: Evidence, rerun: Evidence, name: str) -> Check:
    ours, theirs = original.digests.get(name), rerun.digests.get(name)
    if not ours or not theirs:
        return "missing"
    return "same" if ours == theirs else "different"


def _config_changes(original: Evidence, rerun: Evidence) -> list[Change]:
    """What makes the configs two; their digests decide where both runs have one."""
    if original.config_digest and original.config_digest == rerun.config_digest:
        return []
    found = changes(original.config, rerun.config)
    if not (original.config_digest and rerun.config_digest):
        return found
    if not found:
        return [Change("config_digest", original.config_digest, rerun.config_digest)]
    return [change for change in found if not _leaves_the_device_open(change)]


def _leaves_the_device_open(change: Change) -> bool:
    """`auto` asks for no device in particular; which one was in force stands in the environment."""
    return change.path == "device" and "auto" in (change.from_, change.to)


def _environment_changes(original: Evidence, rerun: Evidence) -> list[Change]:
    """Where the records of the two machines part, the training code being one of the records."""
    ours, theirs = ({"code": run.digests.get("code"), **run.environment} for run in (original, rerun))
    return changes(ours, theirs)
