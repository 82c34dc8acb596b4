"""A study's rows in words, for a researcher in a hurry."""

from collections.abc import Sequence
from dataclasses import replace

from analysis.significance import seeds_needed
from analysis.study import Noise, Row, StudyData


def row_words(study: StudyData, row: Row) -> Row:
    """The row with its sentence filled in."""
    if row.difference is None:
        words = f"The baseline: {study.metric} {_shown(row.all.mean)} on average over {_seeds(row.all.n)}."
    else:
        words = _against_baseline(study, row)
    return replace(row, words=" ".join(filter(None, (words, _diverged_words(study, row)))))


def study_words(study: StudyData, rows: Sequence[Row], needed: int, contrasts: int, noise: Noise) -> str:
    """What the study as a whole can say and what it rests on."""
    fewest = min((row.difference.pairs for row in rows if row.difference and row.conclusion), default=0)
    told = [f"{_taking(contrasts)} {_seeds(needed)} at least, at a level of 5 %."]
    if contrasts and fewest < needed:
        told.append(f"The smallest contrast has {_seeds(fewest)}: {needed - fewest} more would let it be concluded upon.")
    told.append({"seed": "Seeds vary the initial weights, the batch order and dropout; the split is the same.",
                 "split": "Seeds vary the split alone; the initial weights are the same.",
                 "both": "Seeds vary the split, the initial weights, the batch order and dropout."}[study.vary])  # fmt: skip
    if noise.machine is not None:
        told.append("Exact reruns were identical." if noise.machine == 0 else f"Exact reruns differ by {_shown(noise.machine)} (sd).")
    return " ".join(told)


def _against_baseline(study: StudyData, row: Row) -> str:
    paired, conclusion = row.difference, row.conclusion
    assert paired is not None
    if not paired.pairs:
        return f"No seed has ended in both {row.name} and the baseline."
    size = f"{study.metric} {_signed(paired.mean)} on average over {_seeds(paired.valued)}"
    size += f" (95 % interval {_signed(paired.ci95[0])} to {_signed(paired.ci95[1])})" if paired.ci95 else ""
    p = f"p {_p(paired.p)}" + (f", {_p(paired.p_holm)} over all contrasts" if paired.p_holm is not None else "")
    if conclusion in ("better", "worse"):
        return f"{conclusion.capitalize()} than the baseline: {size}; {p}."
    if conclusion == "not_enough_seeds":
        contrasts = len(study.variants if study.primary is None else study.primary)
        return f"Not enough seeds to say: {size}; {_taking(contrasts)} {seeds_needed(contrasts)} at least, {paired.pairs} have ended."
    if conclusion is None:
        return f"Not a primary contrast, nothing is concluded: {size}; p {_p(paired.p)}."
    told = f"No difference found: {size}; {p}."
    if paired.detectable is not None:
        told += f" A difference of {_shown(paired.detectable)} would have been shown four times in five."
    if paired.seeds_for_observed is not None and paired.seeds_for_observed > paired.pairs:
        told += f" One as large as this takes about {paired.seeds_for_observed} seeds."
    return told


def _diverged_words(study: StudyData, row: Row) -> str:
    if not row.diverged:
        return ""
    ended = row.all.n + row.without_number
    told = f"{row.diverged} of {_seeds(ended)} diverged"
    if row.without_number:
        told += f", {row.without_number} without a number: in the test as bad as the largest difference seen"
    told += f"; mean {_shown(row.all.mean)} and median {_shown(row.all.median)} with them"
    return f"{told}, {_shown(row.converged.mean)} and {_shown(row.converged.median)} without."


def reach_words(contrasts: int, seeds: int) -> str | None:
    """Before a study runs: why so few seeds cannot conclude. None when they can."""
    needed = seeds_needed(contrasts)
    if seeds >= needed:
        return None
    smallest = f"the smallest p is 2 / 2^{seeds} = {_p(2.0 ** (1 - seeds))}, times {contrasts} it is not under 0.05"
    return f"{_seeds(seeds)} cannot conclude anything about {_counted(contrasts, 'contrast')}: {smallest}. Take {needed}, or fewer primary contrasts."


def _taking(contrasts: int) -> str:
    return f"{_counted(contrasts, 'contrast')} take{'s' if contrasts == 1 else ''}"


def _seeds(count: int) -> str:
    return _counted(count, "seed")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.3g}"


def _p(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2g}"
