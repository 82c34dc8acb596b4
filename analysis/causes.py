"""Why two runs may have parted, said from their records alone: the likely ones first, each in the order in which training meets them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis import circumstances
from analysis.evidence import Check, Evidence
from analysis.leaves import Change
from analysis.parting import Parting, Stage


@dataclass(frozen=True)
class Cause:
    """Something that differs between the records. `likely` is false where what was compared speaks against it."""

    what: str
    original: Any
    rerun: Any
    likely: bool
    why: str

    def document(self) -> dict[str, Any]:
        return {"what": self.what, "original": self.original, "rerun": self.rerun, "likely": self.likely, "why": self.why}


# What only decides things that are known to have come out the same, or not; anything else in a config may break updates.
DRAWS: dict[str, tuple[Stage, ...]] = {"dataset": ("data", "split"), "seed": ("initial", "order", "random")}
WITHOUT_EFFECT = ("best_metric", "eval_every", "checkpoint_every_s", "digest_every", "diagnostics")
PARTS = {"random": "rng", "schedule": "schedule", "optimizer": "optimizer", "buffers": "buffers", "update": ""}
LOST = {
    "rng": "the state of the random generator was not put back, so that dropout drew other masks",
    "schedule": "the scheduler was not put back, so that other learning rates were used",
    "optimizer": "what the optimizer holds (momentum, moments) was not put back",
    "buffers": "the running statistics of batch norm were not put back: training does not read them, validation does",
    "": "something that the next steps depend on was not put back",
}
ALONE: dict[str, tuple[str, str]] = {
    "split": ("split", "The images were split otherwise into training and validation images: another seed in force, or another way to permute."),
    "order": ("order", "The images came in another order: another seed in force, or another sampler."),
    "random": ("random_stream", "Dropout drew other masks from the same seed: something else drew from the generator, or it began elsewhere."),
    "schedule": ("schedule", "The learning rates part before any loss does: the scheduler went another way."),
    "buffers": ("buffers", "Weights and training went the same way; the buffers did not, such as the running statistics of batch norm."),
    "optimizer": ("optimizer_state", "The weights are the same; what the optimizer holds of them (momentum, moments) is not."),
}


def found(
    original: Evidence,
    rerun: Evidence,
    checked: Mapping[str, Check],
    config: Sequence[Change],
    environment: Sequence[Change],
    parting: Parting | None,
) -> list[Cause]:
    """Every cause on record. None that is likely means that nothing on record explains the difference."""
    causes = [*_of_data(original, rerun, checked), *_of_config(config, parting)]
    asked = any(cause.likely for cause in causes)
    if parting is not None and checked["data"] != "different":
        met = circumstances.differing(original.environment, rerun.environment, environment, config, parting)
        around = [_of_circumstance(each, parting) for each in met]
        code = [cause for cause in around if cause.what == "code"]
        rest = [cause for cause in around if cause.what != "code"]
        explained = asked or any(cause.likely for cause in rest)
        causes += [*rest, *_of_stage(original, rerun, parting, explained), *code]
    return sorted(causes, key=lambda cause: not cause.likely)


def _of_data(original: Evidence, rerun: Evidence, checked: Mapping[str, Check]) -> Iterator[Cause]:
    if checked["data"] == "different":
        yield Cause("data", original.digests["data"], rerun.digests["data"], True, "The runs were trained on other images or labels.")


def _of_config(config: Sequence[Change], parting: Parting | None) -> Iterator[Cause]:
    for change in config:
        likely, why = _effect(change.path, parting)
        yield Cause(f"config.{change.path}", change.from_, change.to, likely, why)


def _effect(path: str, parting: Parting | None) -> tuple[bool, str]:
    if path.partition(".")[0] in WITHOUT_EFFECT:
        return False, "The configs differ here, but not in a way that changes how a step is computed."
    breaks = DRAWS.get(path.partition(".")[0])
    if breaks is not None and parting is not None and parting.stage not in ("data", *breaks):
        return False, "The configs ask for different things, but what this decides came out the same."
    return True, "The configs ask for different things."


def _of_circumstance(found: circumstances.Found, parting: Parting) -> Cause:
    why = found.why
    if found.can and parting.initial is not None:
        why = f"{why} {_sentence(parting.initial.words())}"
    return Cause(found.what, found.change.from_, found.change.to, found.can, why)


def _of_stage(original: Evidence, rerun: Evidence, parting: Parting, explained: bool) -> Iterator[Cause]:
    """What the comparison itself tells, when it tells more than that something is different."""
    if parting.at_a_resume and parting.stage in PARTS:
        part = PARTS[parting.stage]
        name = f"checkpoint.{part}" if part else "checkpoint"
        yield Cause(name, *parting.resumed, not explained, f"The runs part where a checkpoint was taken up, as if {LOST[part]}.")
    elif parting.stage == "initial" and not explained:
        yield Cause("initial", original.digests["initial"], rerun.digests["initial"], True, _of_first_weights(parting))
    elif parting.stage in ALONE and not explained:
        what, why = ALONE[parting.stage]
        yield Cause(what, *_held(original, rerun, parting), True, why)


def _of_first_weights(parting: Parting) -> str:
    if parting.initial is None:
        return "The runs began at other weights."
    words = _sentence(parting.initial.words())
    if parting.initial.is_rounding:
        return f"The same weights were drawn and rounded otherwise, as by another processor or build. {words}"
    return f"Other weights were drawn: another seed in force, or something drew from the generator before the model was built. {words}"


def _held(original: Evidence, rerun: Evidence, parting: Parting) -> tuple[Any, Any]:
    """What the records hold of that stage: digests where there are any."""
    if parting.stage in ("split", "order") and original.digests.get(parting.stage) != rerun.digests.get(parting.stage):
        return original.digests.get(parting.stage), rerun.digests.get(parting.stage)
    if parting.by_chain is not None:
        step, part = parting.by_chain.step, parting.by_chain.parts[0]
        return original.chain[step].get(part), rerun.chain[step].get(part)
    return (original.digests.get("final"), rerun.digests.get("final")) if parting.stage == "buffers" else (None, None)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
