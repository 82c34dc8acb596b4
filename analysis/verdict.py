"""Whether a rerun reproduced its original, bit for bit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis import causes, chain, initial, points
from analysis.chain import Break
from analysis.evidence import CHECKED_DIGESTS, Check, Evidence, checked_digests
from analysis.initial import Distance
from analysis.leaves import Change, changes
from analysis.parting import OF_EVALUATIONS, parting
from analysis.points import Column, FirstDifference

__all__ = ["Column", "Evidence", "Verdict", "compare", "not_judged"]

Outcome = Literal["identical", "different", "not_comparable"]
WORDS = {
    "split": "the split into training and validation images",
    "order": "the order of the batches",
    "initial": "the initial weights",
    "final": "the final weights",
}


PARTS = {"weights": "weights", "buffers": "buffers", "optimizer": "state of the optimizer", "rng": "random numbers", "order": "batches"}
UNEXPLAINED = "Nothing that is on record differs between the two: what made the difference was not recorded."
NOT_BY_THAT = "What differs between the two records does not explain it."
TOLD = "was trained elsewhere: its digests and its environment are what its client said."


@dataclass(frozen=True)
class Judged:
    """Losses and state by themselves: the points of training, those of evaluations, and the digests of what training made."""

    training: Check
    evaluation: Check
    state: Check

    def document(self) -> dict[str, Check]:
        return {"training": self.training, "evaluation": self.evaluation, "state": self.state}


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    reason: str
    original: str
    rerun: str
    checked: dict[str, Check]
    judged: Judged
    points_compared: int
    first_difference: FirstDifference | None
    links_compared: int
    first_break: Break | None
    initial: Distance | None  # None unless the initial states are not the same and samples of both are there
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
            "judged": self.judged.document(),
            "points_compared": self.points_compared,
            "first_difference": None if self.first_difference is None else self.first_difference.document(),
            "chain": {"links_compared": self.links_compared, "first_break": None if self.first_break is None else self.first_break.document()},
            "initial": None if self.initial is None else self.initial.document(),
            "causes": [cause.document() for cause in self.causes],
            "environment": [{"path": change.path, "original": change.from_, "rerun": change.to} for change in self.environment],
        }


def compare(original: Evidence, rerun: Evidence) -> Verdict:
    """Everything both runs hold, compared by bits: every point outside `system/`, every digest, every link of the digest chains.

    not_comparable when either run is not finished, or when configs or data differ; what could be compared is compared all the same.
    """
    ours, theirs = points.judged(original.series), points.judged(rerun.series)
    both, differing = points.compared(ours, theirs)
    first = differing[0] if differing else None
    links, broken = chain.compared(original.chain, rerun.chain)
    digests = checked_digests(original, rerun)
    checked: dict[str, Check] = {
        **{name: digests[name] for name in ("data", "split", "order", "initial")},
        "points": "missing" if not (ours and theirs) else "same" if first is None else "different",
        "final": digests["final"],
    }
    apart = initial.distance(*(run.digests.get("initial_sample") for run in (original, rerun))) if checked["initial"] == "different" else None
    config = _config_changes(original, rerun)
    environment = _environment_changes(original, rerun)
    why: list[causes.Cause] = []
    if _parted(original, rerun, checked, differing, broken, config):
        parts = parting(original, rerun, checked, differing, links, broken, apart)
        why = causes.found(original, rerun, checked, config, environment, parts)
    outcome, reason = _outcome(original, rerun, checked, both, first, broken, config)
    return Verdict(
        outcome=outcome,
        reason=" ".join([reason, *_remarks(original, rerun, outcome, why, environment)]),
        original=original.run_id,
        rerun=rerun.run_id,
        checked=checked,
        judged=_judged(ours, theirs, differing, checked, links, broken),
        points_compared=both,
        first_difference=first,
        links_compared=links,
        first_break=broken,
        initial=apart,
        causes=why,
        environment=environment,
    )


def not_judged(original: str, rerun: str, reason: str) -> Verdict:
    """The verdict on two runs that nothing could be said about."""
    checked: dict[str, Check] = dict.fromkeys(("data", "split", "order", "initial", "points", "final"), "missing")
    nothing = Judged("missing", "missing", "missing")
    return Verdict("not_comparable", reason, original, rerun, checked, nothing, 0, None, 0, None, None, [], [])


def _judged(
    ours: Mapping[str, Column],
    theirs: Mapping[str, Column],
    differing: Sequence[FirstDifference],
    checked: Mapping[str, Check],
    links: int,
    broken: Break | None,
) -> Judged:
    parted = {first.metric for first in differing}

    def of(evaluation: bool) -> Check:
        held = [{metric for metric in run if metric.startswith(OF_EVALUATIONS) is evaluation} for run in (ours, theirs)]
        return "missing" if not all(held) else "different" if parted & (held[0] | held[1]) else "same"

    state: Check = "different" if broken is not None else checked["final"]
    return Judged(of(evaluation=False), of(evaluation=True), "same" if state == "missing" and links else state)


def _remarks(original: Evidence, rerun: Evidence, outcome: Outcome, why: Sequence[causes.Cause], environment: Sequence[Change]) -> list[str]:
    """What belongs to the reason beside what was compared: that no cause was found, and what had to be believed."""
    told = [f"The {role} {TOLD}" for role, run in (("original", original), ("rerun", rerun)) if run.origin == "client" and run.digests]
    if outcome != "different" or any(cause.likely for cause in why):
        return told
    return [UNEXPLAINED if not environment else NOT_BY_THAT, *told]


def _outcome(
    original: Evidence,
    rerun: Evidence,
    checked: Mapping[str, Check],
    both: int,
    first: FirstDifference | None,
    broken: Break | None,
    config: list[Change],
) -> tuple[Outcome, str]:
    obstacle = _unfinished(original, "original") or _unfinished(rerun, "rerun") or _other_question(checked, config)
    if obstacle is not None:
        return "not_comparable", obstacle
    unlike = [WORDS[name] for name in WORDS if checked[name] == "different"]
    if broken is not None:
        unlike.append(f"the {_listed([PARTS.get(part, part) for part in broken.parts])} behind step {broken.step}")
    if first is not None:
        return "different", f"{_first_in_words(first)}{'; not the same either: ' + _listed(unlike) if unlike else ''}."
    if unlike:
        points_words = f"All {both:,} points are the same" if both else "There are no points to compare"
        return "different", f"{points_words}; not the same: {_listed(unlike)}."
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


def _parted(
    original: Evidence,
    rerun: Evidence,
    checked: Mapping[str, Check],
    differing: Sequence[FirstDifference],
    broken: Break | None,
    config: list[Change],
) -> bool:
    """Whether there is anything to find a cause of. A run that ended early lacks its later points: that alone is no difference in the training."""
    if config or broken is not None or any(checked[name] == "different" for name in CHECKED_DIGESTS):
        return True
    ended_early = original.state != "finished" or rerun.state != "finished"
    return any(not (ended_early and first.is_one_sided) for first in differing)


def _first_in_words(first: FirstDifference) -> str:
    if first.is_one_sided:
        holder, other = ("rerun", "original") if first.original is None else ("original", "rerun")
        return f"The {holder} holds a point of {first.metric} at step {first.step}, the {other} does not"
    return f"{first.metric} differs first, at step {first.step}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


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
