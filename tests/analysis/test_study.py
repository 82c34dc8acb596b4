"""A study's table: the same by an independent script, honest when there is nothing, and able to see what is there."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.conclusions import StudyUnfit, conclude, family_p, judged
from analysis.intervals import bootstrap, detectable_effect, power, seeds_for
from analysis.noise import pooled_sd
from analysis.paired import differences
from analysis.sentences import reach_words
from analysis.significance import holm, seeds_needed, sign_flip, smallest_p
from analysis.study import Outcome, StudyData, Variant
from analysis.survival import first_reached, to_threshold


def a_variant(name: str, values: Any) -> Variant:
    return Variant(name, tuple(Outcome(seed, None if value is None else float(value)) for seed, value in enumerate(values)))


def a_study(baseline: Any, variants: dict[str, Any], **fields: Any) -> StudyData:
    return StudyData(
        **{"metric": "val/loss", "goal": "min", **fields},
        baseline=a_variant("baseline", baseline),
        variants=tuple(a_variant(name, values) for name, values in variants.items()),
    )


def brute_force(differences: Any) -> float:
    signs = np.array(list(itertools.product([-1, 1], repeat=len(differences))))
    sums = np.abs(signs @ np.asarray(differences))
    return float(np.mean(sums >= abs(np.sum(differences)) - 1e-12))


class TestTheTable:
    def test_equals_that_of_an_independent_script(self):
        rng = np.random.default_rng(7)
        base = rng.normal(1.6, 0.01, 10)
        variants = {f"change {place}": base + rng.normal(-0.004 * place, 0.01, 10) for place in range(7)}

        rows = conclude(a_study(base, variants)).rows[1:]

        seen = {name: values - base for name, values in variants.items()}
        ps = [brute_force(each) for each in seen.values()]
        _, adjusted, _, _ = multipletests(ps, method="holm")
        for row, values, each, p, p_holm in zip(rows, variants.values(), seen.values(), ps, adjusted, strict=True):
            found = row.difference
            assert found is not None
            assert (row.n, row.diverged, row.all.min, row.all.max) == (10, 0, values.min(), values.max())
            assert (row.all.mean, row.all.sd, row.all.median) == pytest.approx((values.mean(), values.std(ddof=1), np.median(values)), rel=1e-12)
            assert (found.mean, found.sd) == pytest.approx((each.mean(), each.std(ddof=1)), rel=1e-12)
            assert found.effect == pytest.approx(each.mean() / each.std(ddof=1), rel=1e-12)
            assert found.correlation == pytest.approx(scipy.stats.pearsonr(base, values)[0], rel=1e-9)
            assert found.p_welch == pytest.approx(scipy.stats.ttest_ind(base, values, equal_var=False).pvalue, rel=1e-9)
            assert (found.p, found.p_holm) == pytest.approx((p, p_holm), rel=1e-12)
            other = scipy.stats.bootstrap((each,), np.mean, n_resamples=20_000, method="BCa", rng=1).confidence_interval
            assert found.ci95 == pytest.approx((other.low, other.high), abs=0.05 * (other.high - other.low))
            assert row.conclusion == ("no_difference_found" if p_holm >= 0.05 else "better" if each.mean() < 0 else "worse")

    def test_is_the_same_each_time(self):
        study = a_study(range(10), {"a": [1, 3, 2, 5, 4, 7, 6, 9, 8, 9.5]})

        assert conclude(study) == conclude(study)

    @pytest.mark.parametrize(("goal", "conclusion"), [("min", "worse"), ("max", "better")])
    def test_takes_the_goal_into_account(self, goal, conclusion):
        rows = conclude(a_study(range(6), {"higher": [1, 2.5, 3, 4.2, 5, 6]}, goal=goal)).rows

        assert (rows[0].conclusion, rows[1].conclusion) == (None, conclusion)
        assert rows[1].words.startswith(conclusion.capitalize())

    def test_says_that_there_are_not_enough_seeds(self):
        table = conclude(a_study(range(5), {"a": [1, 2, 3, 4, 5]}))

        assert (table.seeds_needed, table.rows[1].conclusion) == (6, "not_enough_seeds")
        assert "1 more would let it be concluded upon" in table.words

    def test_concludes_upon_primary_contrasts_alone_when_they_are_declared(self):
        better = [-1.0, 0.5, 1, 2.2, 3, 4]
        table = conclude(a_study(range(6), {"a": better, "b": better}, primary=("b",)))

        assert (table.seeds_needed, [row.conclusion for row in table.rows]) == (6, [None, None, "better"])
        assert conclude(a_study(range(6), {"a": better, "b": better})).rows[1].conclusion == "not_enough_seeds"

    def test_holds_before_any_run_has_ended(self):
        row = conclude(a_study([], {"a": []})).rows[1]

        assert (row.n, row.all.mean, row.conclusion) == (0, None, "not_enough_seeds")
        assert row.difference is not None
        assert (row.difference.p, row.difference.p_holm) == (None, 1.0)

    @pytest.mark.parametrize("primary", [("nosuch",), ()])
    def test_refuses_primary_contrasts_that_are_none(self, primary):
        with pytest.raises(StudyUnfit, match="Primary contrasts take"):
            conclude(a_study([1], {"a": [1]}, primary=primary))

    def test_refuses_a_name_twice(self):
        with pytest.raises(StudyUnfit, match="'baseline' stands twice"):
            conclude(a_study([1], {"baseline": [1]}))


class TestDivergedSeeds:
    def test_are_counted_with_and_without(self):
        outcomes = [Outcome(seed, 0.9 if seed > 1 else 0.1, diverged=seed < 2) for seed in range(10)]
        study = StudyData("val/accuracy", "max", a_variant("baseline", [0.8] * 10), (Variant("layer", tuple(outcomes)),))

        row = conclude(study).rows[1]

        assert (row.n, row.diverged, row.without_number) == (10, 2, 0)
        assert (row.all.mean, row.converged.mean, row.all.median) == pytest.approx((0.74, 0.9, 0.9))
        assert "2 of 10 seeds diverged" in row.words

    @pytest.mark.parametrize("value", [None, math.nan, math.inf, 1e300])
    def test_without_a_number_stand_in_the_test_as_the_largest_difference_against_them(self, value):
        better = [0.0, 0, 0, 0, 0, 0, 0, 0, value, value]
        study = a_study([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], {"a": better})

        row = conclude(study).rows[1]

        found = row.difference
        assert found is not None
        assert (row.diverged, row.without_number, found.pairs, found.valued) == (2, 2, 10, 8)
        assert found.p == brute_force([-1, -2, -3, -4, -5, -6, -7, -8, 8, 8])

    def test_on_both_sides_are_a_tie_and_on_the_baselines_side_speak_for_the_variant(self):
        study = a_study([None, None, 1], {"a": [None, 2, 3]})

        outcomes = [(one, other) for one, other in zip(study.baseline.outcomes, study.variants[0].outcomes, strict=True)]

        assert differences(outcomes, 1).tested == (0.0, -2.0, 2.0)


class TestInterval:
    def test_of_many_values_is_near_that_of_the_normal(self):
        values = np.random.default_rng(5).normal(3, 1, 400)

        low, high = bootstrap(list(values)) or (0, 0)

        half = 1.96 * values.std(ddof=1) / 20
        assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)

    def test_is_a_point_for_equal_values_and_none_for_two(self):
        assert bootstrap([0.5, 0.5, 0.5]) == (0.5, 0.5)
        assert bootstrap([0.1, 0.2]) is None

    def test_leans_with_the_skew(self):
        low, high = bootstrap([0.0, 0, 0, 0, 0, 0, 0, 0, 0, 10]) or (0, 0)

        assert high - 1 > 1 - low >= 0


class TestSignFlip:
    @given(st.lists(st.integers(-20, 20), max_size=11))
    def test_is_the_share_of_all_flips(self, values):
        assert sign_flip([float(value) for value in values]).value == pytest.approx(brute_force(values) if values else 1.0, abs=1e-15)

    def test_does_not_hang_on_the_unit(self):
        tenths = [0.1, 0.2, 0.3, -0.4, 0.7, 0.1]

        assert sign_flip(tenths) == sign_flip([each * 1e-12 for each in tenths]) == sign_flip([1, 2, 3, -4, 7, 1])

    def test_of_many_pairs_is_exact_up_to_32_and_never_0_beyond(self):
        assert sign_flip([1.0] * 32) == (2.0**-31, True)
        assert sign_flip([1.0] * 33) == (1 / 100_001, False)

    def test_beyond_is_near_the_binomial(self):
        values = [1.0] * 24 + [-1.0] * 16

        assert sign_flip(values).value == pytest.approx(scipy.stats.binomtest(24, 40).pvalue, abs=0.005)

    def test_cannot_go_below_what_ties_allow(self):
        assert sign_flip([0, 0, 1, 1, 1]).value == smallest_p(5, ties=2) == 0.25


class TestHolm:
    def test_equals_statsmodels(self):
        rng = np.random.default_rng(3)
        for count in range(1, 13):
            ps = list(np.round(rng.uniform(0, 0.2, count), 2))
            assert holm(ps) == pytest.approx(list(multipletests(ps, method="holm")[1]), abs=1e-12)


@pytest.mark.parametrize(("contrasts", "seeds"), [(1, 6), (2, 7), (3, 7), (4, 8), (6, 8), (7, 9), (12, 9), (13, 10)])
def test_seeds_needed(contrasts, seeds):
    assert seeds_needed(contrasts) == seeds
    assert reach_words(contrasts, seeds) is None
    assert f"Take {seeds}," in (reach_words(contrasts, seeds - 1) or "")


class TestPower:
    def test_is_that_of_the_paired_t_test(self):
        from statsmodels.stats.power import TTestPower

        for effect, seeds in ((0.5, 10), (1.5, 10), (0.2, 100), (3.0, 5)):
            assert power(effect, seeds, 0.05) == pytest.approx(TTestPower().power(effect, seeds, 0.025, alternative="larger"), abs=1e-6)

    def test_leads_to_the_smallest_effect_and_back_to_the_seeds(self):
        effect = detectable_effect(10, 7)

        assert effect is not None
        assert seeds_for(effect * 1.0001, 7) == 10
        assert detectable_effect(8, 7) is None

    def test_of_no_effect_takes_no_number_of_seeds(self):
        assert seeds_for(0.0, 1) is None
        assert seeds_for(None, 1) is None
        assert seeds_for(1e9, 7) == 9


class TestCoverage:
    """2,000 studies of 7 variants and 10 seeds, by the rule that `conclude` uses, from a fixed seed."""

    def test_without_any_difference_at_most_6_percent_conclude_one(self):
        rng, wrong = np.random.default_rng(20), 0
        for _ in range(2000):
            values = rng.normal(size=(8, 10))
            wrong += bool({"better", "worse"} & set(conclusions(values[1:] - values[0])))

        assert wrong / 2000 <= 0.06

    def test_a_single_contrast_of_1_and_a_half_sd_is_found_in_9_of_10(self):
        rng = np.random.default_rng(21)

        found = sum(conclusions(rng.normal(-1.5, 1, (1, 10))) == ["better"] for _ in range(2000))

        assert found / 2000 >= 0.9

    @pytest.mark.proof
    def test_holds_for_the_whole_table(self):
        rng, wrong = np.random.default_rng(22), 0
        for _ in range(2000):
            values = rng.normal(size=(8, 10))
            rows = conclude(a_study(values[0], {str(place): each for place, each in enumerate(values[1:])})).rows
            wrong += any(row.conclusion in ("better", "worse") for row in rows)

        assert wrong / 2000 <= 0.06


def conclusions(contrasts: Any) -> list[str]:
    family = family_p({str(place): list(each) for place, each in enumerate(contrasts)})
    return [judged(list(each), family[str(place)], len(contrasts), 1) for place, each in enumerate(contrasts)]


class TestNoise:
    def test_of_identical_reruns_is_zero_and_of_none_unknown(self):
        assert pooled_sd([[0.1, 0.1, 0.1], [0.7, 0.7]]) == 0.0
        assert pooled_sd([[0.1], []]) is None

    def test_of_reruns_is_pooled_within_their_groups(self):
        assert pooled_sd([[1, 3], [10, 12, 14]]) == pytest.approx(math.sqrt((2 + 8) / 3))

    def test_is_the_unit_of_differences(self):
        base = [0.8, 0.82, 0.84, 0.86]
        study = a_study(base, {"a": [0.9, 0.92, 0.94, 0.96]}, metric="val/accuracy", goal="max", validation_images=1000)

        table = conclude(study)

        found = table.rows[1].difference
        assert found is not None
        assert table.noise.machine is None
        assert table.noise.validation == pytest.approx(math.sqrt(0.83 * 0.17 / 1000))
        assert found.seed_noise == pytest.approx(0.1 / np.std(base, ddof=1))


class TestIterationsToAThreshold:
    def test_are_censored_not_dropped(self):
        found = to_threshold([Outcome(0, 1.0, reached=100), Outcome(1, 1.0, reached=200), Outcome(2, None), Outcome(3, 1.0)], 500)

        assert (found.reached, found.censored, found.median, found.restricted_mean) == (2, 2, 200, 325)

    def test_have_no_median_when_fewer_than_half_got_there(self):
        assert to_threshold([Outcome(0, 1.0, reached=100), Outcome(1, 1.0), Outcome(2, 1.0)], 500).median is None

    @given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=12))
    def test_equal_statsmodels(self, times):
        from statsmodels.duration.survfunc import SurvfuncRight

        outcomes = [Outcome(seed, 1.0, reached=time if there else None, iterations=time) for seed, (time, there) in enumerate(times)]
        other = SurvfuncRight([time for time, _ in times], [there for _, there in times])

        found = to_threshold(outcomes, 50)

        edges = [0, *other.surv_times, 50]
        heights = [1.0, *other.surv_prob]
        assert found.restricted_mean == pytest.approx(sum(height * (b - a) for height, a, b in zip(heights, edges, edges[1:], strict=False)))

    def test_begin_at_the_first_value_good_enough(self):
        assert first_reached([0, 9, 19], [math.nan, 0.5, 0.2], 0.5, "min") == 10
        assert first_reached([0, 9, 19], [0.1, None, 0.4], 0.5, "max") is None
