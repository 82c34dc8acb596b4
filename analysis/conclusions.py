"""From a study's outcomes to its table. The rule is told in docs/guide/statistics.md; keep the two together."""

from collections.abc import Mapping, Sequence

from analysis import significance
from analysis.noise import noise_floor
from analysis.paired import difference, differences, is_diverged, number, pairs, spread
from analysis.sentences import row_words, study_words
from analysis.study import ALPHA, Conclusion, Difference, Outcome, Row, StudyData, StudyTable, ToThreshold, Variant
from analysis.survival import to_threshold


class StudyUnfit(ValueError):
    """The outcomes do not form a study: a name or a seed twice, a primary contrast that is no variant."""


def conclude(study: StudyData) -> StudyTable:
    """The table, the baseline first. Raises StudyUnfit."""
    _must_fit(study)
    bad, noise = (1 if study.goal == "min" else -1), noise_floor(study)
    found = {each.name: pairs(study.baseline, each) for each in study.variants}
    primary = [each.name for each in study.variants if study.primary is None or each.name in study.primary]
    family = family_p({name: differences(found[name], bad).tested for name in primary})
    rows = [_row(study, study.baseline, None, None)]
    for each in study.variants:
        paired = difference(found[each.name], bad, family.get(each.name), len(primary), noise)
        conclusion = judged(differences(found[each.name], bad).tested, family[each.name], len(primary), bad) if each.name in family else None
        rows.append(_row(study, each, paired, conclusion))
    needed = significance.seeds_needed(len(primary))
    return StudyTable(needed, len(primary), noise, tuple(rows), study_words(study, rows, needed, len(primary), noise))


def family_p(tested: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The sign-flip p of every contrast by Holm over all of them; one without any pair counts as 1 and still counts."""
    return dict(zip(tested, significance.holm([significance.sign_flip(each).value for each in tested.values()]), strict=True))


def judged(tested: Sequence[float], p_holm: float, contrasts: int, bad: int) -> Conclusion:
    """Better or worse under 0.05; else whether so many pairs could have shown anything at all."""
    if p_holm < ALPHA:
        return "worse" if sum(tested) * bad > 0 else "better"
    return "not_enough_seeds" if len(tested) < significance.seeds_needed(contrasts) else "no_difference_found"


def _row(study: StudyData, variant: Variant, paired: Difference | None, conclusion: Conclusion | None) -> Row:
    outcomes = variant.outcomes
    diverged = sum(map(is_diverged, outcomes))
    row = Row(
        name=variant.name,
        n=sum(each.finished for each in outcomes),
        diverged=diverged,
        without_number=sum(number(each) is None for each in outcomes),
        all=spread([value for each in outcomes if (value := number(each)) is not None]),
        converged=spread([value for each in outcomes if not is_diverged(each) and (value := number(each)) is not None]),
        difference=paired,
        conclusion=conclusion,
        words="",
        to_threshold=_to_threshold(study, outcomes),
    )
    return row_words(study, row)


def _to_threshold(study: StudyData, outcomes: Sequence[Outcome]) -> ToThreshold | None:
    if study.threshold is None:
        return None
    seen = [count for every in (study.baseline, *study.variants) for each in every.outcomes for count in (each.reached, each.iterations) if count]
    return to_threshold(outcomes, study.horizon or max(seen, default=0))


def _must_fit(study: StudyData) -> None:
    names = [study.baseline.name, *(each.name for each in study.variants)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise StudyUnfit(f"Variants take names of their own: {', '.join(map(repr, twice))} stands twice.")
    for each in (study.baseline, *study.variants):
        seeds = [outcome.seed for outcome in each.outcomes]
        if len(set(seeds)) < len(seeds):
            raise StudyUnfit(f"{each.name!r} takes one outcome a seed: of {len(seeds)} outcomes only {len(set(seeds))} seeds differ.")
    if unknown := sorted(set(study.primary or ()) - set(names[1:])):
        raise StudyUnfit(f"Primary contrasts take names of variants, one of {', '.join(names[1:])}; got {', '.join(unknown)}.")
    if study.primary is not None and not study.primary:
        raise StudyUnfit("Primary contrasts take at least one variant; got none. Leave them out to conclude upon every variant.")
