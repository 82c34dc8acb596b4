"""From what a study asks for to its variants: each with a name, the config it begins from, and what it changes against the baseline."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from analysis import diff
from analysis.significance import seeds_needed
from analysis.study import Vary
from api.problems import InvalidValue, Problem
from api.schemas.studies import NewChange, NewStudy
from trainer.config import RunConfig

MOST_VARIANTS = 101
MOST_RUNS = 1_000
LONGEST_NAME = 256


@dataclass(frozen=True)
class Planned:
    """A variant, the baseline being the first; its seeds' configs come from `seeded`."""

    name: str
    config: RunConfig


def plan(new: NewStudy) -> list[Planned]:
    """The variants, the baseline first. Raises InvalidValue, Problem too-many-changes."""
    if len(set(new.seeds)) < len(new.seeds):
        raise InvalidValue("/seeds", "takes each seed once")
    variants = [Planned("baseline", new.baseline)]
    for number, change in enumerate(new.changes):
        variants += _variants(new, number, change)
    names = [each.name for each in variants]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidValue("/changes", f'takes variants with names of their own, also after grids are spread out; got "{twice[0]}" twice')
    if len(variants) > MOST_VARIANTS:
        raise InvalidValue("/changes", f"takes at most {MOST_VARIANTS - 1} variants; got {len(variants) - 1}")
    if len(variants) * len(new.seeds) > MOST_RUNS:
        raise InvalidValue("/seeds", f"a study takes at most {MOST_RUNS:,} runs; got {len(variants)} variants of {len(new.seeds)} seeds")
    if unknown := sorted(set(new.primary or ()) - set(names[1:])):
        raise InvalidValue("/primary", f'takes names of variants, of {", ".join(names[1:])}; got "{unknown[0]}"')
    return variants


def seeded(config: RunConfig, seed: int, vary: Vary) -> RunConfig:
    """The config with this seed where the study's seeds go."""
    document = config.model_dump(mode="json", exclude_unset=True)
    if vary in ("seed", "both"):
        document["seed"] = seed
    if vary in ("split", "both"):
        document.setdefault("dataset", config.model_dump(mode="json")["dataset"])["split_seed"] = seed
    return RunConfig.model_validate(document)


def warnings(variants: int, primary: Sequence[str] | None, seeds: int) -> list[str]:
    """What keeps the study from a conclusion, in words; empty when nothing does."""
    contrasts = len(set(primary)) if primary else variants
    needed = seeds_needed(contrasts)
    if seeds >= needed:
        return []
    return [f"With {contrasts} contrasts no conclusion can be reached under {needed} seeds; this study has {seeds}."]


def _variants(new: NewStudy, number: int, change: NewChange) -> Iterator[Planned]:
    where = f"/changes/{number}/set"
    sets = list(_spread(new.baseline, change.set, where))
    for values in sets:
        config = changed(new.baseline, values, where)
        factors = diff.changed_factors(new.baseline, config, new.vary)
        words = diff.change_words(new.baseline, config)
        if not factors and len(sets) > 1:
            continue  # the value of a grid that the baseline has already
        if not factors:
            raise InvalidValue(where, "takes a change of at least one factor; this leaves the baseline as it is")
        if len(factors) > 1 and change.factors == "one":
            named = ", ".join(factors)
            detail = f'Change {number} touches {len(factors)} factors, {named}; one at a time can be told apart, or say "factors": "many".'
            raise Problem(422, detail, type="too-many-changes", title="Too many changes", factors=factors)
        name = words if change.name is None else change.name if len(sets) == 1 else f"{change.name} ({words})"
        yield Planned(name[:LONGEST_NAME], config)


def _spread(baseline: RunConfig, values: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """The changes of a grid one by one; what has no grid gives itself."""
    full = baseline.model_dump(mode="json")
    grids = [path for path, value in values.items() if _is_grid(value, _at(full, path))]
    if len(grids) > 1:
        raise InvalidValue(where, f"takes a grid over one path; got {', '.join(grids)}")
    if not grids:
        yield dict(values)
    for value in values[grids[0]] if grids else ():
        yield {**values, grids[0]: value}


def _is_grid(value: Any, held: Any) -> bool:
    return isinstance(value, list) and bool(value) and (not isinstance(held, list) or isinstance(value[0], list))


def changed(baseline: RunConfig, values: Mapping[str, Any], where: Literal["/set"] | str) -> RunConfig:
    """The baseline with these values by path. A `kind` alone replaces the whole union with that kind's defaults. Raises InvalidValue."""
    document, full = baseline.model_dump(mode="json", exclude_unset=True), baseline.model_dump(mode="json")
    for path, value in values.items():
        *folders, last = path.removesuffix(".kind").split(".")
        _put(document, full, folders, last, {"kind": value} if path.endswith(".kind") else copy.deepcopy(value))
    try:
        return RunConfig.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidValue(where, f"gives a config that is refused at {place}: {first['msg']}") from error


def _put(document: dict[str, Any], full: Any, folders: Sequence[str], last: str, value: Any) -> None:
    here = document
    for folder in folders:
        full = full.get(folder) if isinstance(full, dict) else None
        below = here.setdefault(folder, copy.deepcopy(full) if isinstance(full, dict) else {})
        here = below if isinstance(below, dict) else here.setdefault(folder, {})
    here[last] = value


def _at(document: Any, path: str) -> Any:
    for folder in path.split("."):
        document = document.get(folder) if isinstance(document, dict) else None
    return document
