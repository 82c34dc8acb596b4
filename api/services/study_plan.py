"""From what a study asks for to its plan: every variant with a name, the config it is trained with, and what it changes against the baseline."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis import diff
from analysis.sentences import reach_words
from analysis.study import Vary
from api.problems import InvalidValue, Problem
from api.schemas.studies import NewChange, NewStudy
from api.services.study_changes import changed, spread_out
from store.study_plans import PlannedVariant, StudyPlan
from trainer.config import RunConfig
from trainer.memory import TooMuchMemory, check_memory

MOST_VARIANTS = 101
MOST_RUNS = 10_000
LONGEST_NAME = 200
MOST_FLAGGED = 5  # by name


def planned(new: NewStudy, takes_many: bool) -> StudyPlan:
    """The plan, the baseline its first variant; `takes_many` lets several factors pass. Raises InvalidValue, Problem too-many-changes."""
    if len(set(new.seeds)) < len(new.seeds):
        raise InvalidValue("/seeds", "takes each seed once")
    if new.metric.startswith("test/") and new.baseline.dataset.test_size == 0:
        raise InvalidValue("/metric", f"takes {new.metric} only where the baseline has a dataset.test_size; it has none")
    goal = new.goal or ("max" if new.metric.endswith("accuracy") else "min")
    plan = StudyPlan(
        metric=new.metric,
        use=new.use,
        goal=goal,
        vary=new.vary,
        seeds=tuple(new.seeds),
        variants=(PlannedVariant("baseline", new.baseline.model_dump(mode="json")),),
        primary=None if new.primary is None else tuple(dict.fromkeys(new.primary)),
        threshold=None if new.threshold is None else float(new.threshold),
    )
    return must_fit(with_changes(plan, new.baseline, new.changes, takes_many))


def with_changes(plan: StudyPlan, baseline: RunConfig, changes: Sequence[NewChange], takes_many: bool) -> StudyPlan:
    """The plan with these variants besides. Raises InvalidValue, Problem too-many-changes."""
    variants = list(plan.variants)
    for number, change in enumerate(changes):
        variants += _variants(plan.vary, baseline, number, change, takes_many or change.factors == "many")
    names = [each.name for each in variants]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidValue("/changes", f'takes variants with names of their own, also after grids are spread out; got "{twice[0]}" twice')
    return StudyPlan(**{**vars(plan), "variants": tuple(variants)})


def must_fit(plan: StudyPlan) -> StudyPlan:
    """The plan, when it is not too large. Raises InvalidValue."""
    if len(plan.variants) > MOST_VARIANTS:
        raise InvalidValue("/changes", f"takes at most {MOST_VARIANTS - 1} variants; got {len(plan.variants) - 1}")
    if plan.runs > MOST_RUNS:
        sizes = f"{len(plan.variants)} variants, the baseline among them, of {len(plan.seeds)} seeds"
        raise InvalidValue("/seeds", f"a study takes at most {MOST_RUNS:,} runs; got {plan.runs:,}: {sizes}")
    names = [each.name for each in plan.variants[1:]]
    if unknown := sorted(set(plan.primary or ()) - set(names)):
        raise InvalidValue("/primary", f'takes names of variants, of {", ".join(names)[:1000]}; got "{unknown[0]}"')
    return plan


def must_fit_memory(configs: Sequence[RunConfig], limit_mb: int, pointer: str) -> None:
    """Raises InvalidValue."""
    for config in configs:
        try:
            check_memory(config, limit_mb)
        except TooMuchMemory as error:
            raise InvalidValue(pointer, f"{error} (most of it for {error.pointer.removeprefix('/config/').replace('/', '.')})") from error


def warnings(plan: StudyPlan) -> list[str]:
    """What keeps the study from a conclusion, or from what it could say, whatever comes of it; empty when nothing does."""
    told = reach_words(plan.contrasts, len(plan.seeds))
    return [*([] if told is None else [told]), *_flagged(plan)]


def _flagged(plan: StudyPlan) -> list[str]:
    many = [(each.name, factors) for each in plan.variants if len(factors := diff.factors_of(each.change, plan.vary)) > 1]
    told = [f'"{name}" changes {diff.many_words(factors)}.' for name, factors in many[:MOST_FLAGGED]]
    more = len(many) - len(told)
    return [*told, f"{more} more variants change several factors at once."] if more else told


def _variants(vary: Vary, baseline: RunConfig, number: int, change: NewChange, takes_many: bool) -> Iterator[PlannedVariant]:
    where = f"/changes/{number}/set"
    sets = list(spread_out(baseline, change.set, where))
    for values in sets:
        config = changed(baseline, values, where)
        factors = diff.changed_factors(baseline, config, vary)
        if not factors and len(sets) > 1:
            continue  # the value of a grid that the baseline has already
        if not factors:
            raise InvalidValue(where, f"takes a change of at least one factor; {_untouched(baseline, config)}")
        if len(factors) > 1 and not takes_many:
            raise _too_many(number, factors, baseline, config)
        words = diff.change_words(baseline, config)
        name = words if change.name is None else change.name if len(sets) == 1 else f"{change.name} ({words})"
        found = [item.document() for item in diff.config_changes(baseline, config)]
        yield PlannedVariant(name[:LONGEST_NAME], config.model_dump(mode="json"), found)


def _untouched(baseline: RunConfig, config: RunConfig) -> str:
    only = ", ".join(each.path for each in diff.config_changes(baseline, config))
    return f"{only} is free to differ and none" if only else "this leaves the baseline as it is"


def _too_many(number: int, factors: Sequence[str], baseline: RunConfig, config: RunConfig) -> Problem:
    detail = f'Change {number} touches {len(factors)} factors, {", ".join(factors)}; one at a time can be told apart, or say "factors": "many".'
    change: list[Mapping[str, Any]] = [item.document() for item in diff.config_changes(baseline, config)]
    return Problem(422, detail, type="too-many-changes", title="Too many changes", factors=list(factors), change=change)
