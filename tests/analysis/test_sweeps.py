"""What a sweep tries next."""

import itertools
import json
import math
import statistics
from typing import Any

import pytest
import yaml
from scipy import stats

from analysis.sweeps import bayes
from analysis.sweeps.bayes import Told
from analysis.sweeps.beta import beta_quantile
from analysis.sweeps.choosing import arguments, grid_point, random_point
from analysis.sweeps.distributions import PlanError
from analysis.sweeps.hyperband import Hyperband
from analysis.sweeps.plan import Plan, plan_of, read

DRAWS = 2000


def plan(method: str = "random", **parameters: Any) -> Plan:
    return plan_of({"method": method, "metric": {"name": "loss"}, "parameters": parameters})


def draws(spec: dict[str, Any]) -> list[Any]:
    of_one = plan(x=spec)
    return [random_point(of_one, "seed", place)[0] for place in range(DRAWS)]


class TestGrid:
    def test_has_every_combination_once(self) -> None:
        grid = plan(
            "grid",
            a={"values": [1, 2, 3]},
            b={"value": "x"},
            c={"min": 5, "max": 8},
            d={"distribution": "q_uniform", "min": 0.1, "max": 0.3, "q": 0.1},
            e={"parameters": {"f": {"values": [True, None]}, "g": {"parameters": {"h": {"values": [[1], {"k": 2}]}}}}},
        )

        points = [arguments(grid, grid_point(grid, place)) for place in range(grid.points or 0)]

        wanted = [
            {"a": {"value": a}, "b": {"value": "x"}, "c": {"value": c}, "d": {"value": d}, "e": {"value": {"f": f, "g": {"h": h}}}}
            for a, c, d, f, h in itertools.product([1, 2, 3], [5, 6, 7, 8], [0.1, 0.2, 0.3], [True, None], [[1], {"k": 2}])
        ]
        assert points == wanted
        assert grid.points == grid.expected == 144

    def test_of_equal_values_has_one_and_tells_1_from_true(self) -> None:
        assert plan("grid", a={"values": [1, 1, True, 1.0, "1"]}).points == 4

    def test_may_be_larger_than_memory(self) -> None:
        grid = plan("grid", **{f"p{number}": {"min": 0, "max": 999} for number in range(20)})

        assert grid.points == 10**60
        assert grid_point(grid, 10**60 - 1) == [999] * 20

    def test_ends(self) -> None:
        with pytest.raises(IndexError):
            grid_point(plan("grid", a={"values": [1, 2]}), 2)

    def test_is_cut_by_run_cap(self) -> None:
        assert plan_of({"method": "grid", "run_cap": 3, "parameters": {"a": {"values": [1, 2, 3, 4]}}}).expected == 3


class TestDistributions:
    @pytest.mark.parametrize(
        ("spec", "law"),
        [
            pytest.param({"min": 0.5, "max": 2.5}, stats.uniform(0.5, 2.0), id="uniform, from bounds alone"),
            pytest.param({"distribution": "log_uniform", "min": -7, "max": -2}, stats.loguniform(math.exp(-7), math.exp(-2)), id="log_uniform"),
            pytest.param({"distribution": "log_uniform_values", "min": "1e-5", "max": 0.1}, stats.loguniform(1e-5, 0.1), id="log_uniform_values"),
            pytest.param({"distribution": "inv_log_uniform", "min": 2, "max": 7}, stats.loguniform(math.exp(-7), math.exp(-2)), id="inv_log_uniform"),
            pytest.param({"distribution": "inv_log_uniform_values", "min": 1e-5, "max": 0.1}, stats.loguniform(1e-5, 0.1), id="inv_values"),
            pytest.param({"distribution": "normal", "mu": 3, "sigma": 0.5}, stats.norm(3, 0.5), id="normal"),
            pytest.param({"distribution": "log_normal", "mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=math.e), id="log_normal"),
            pytest.param({"distribution": "beta", "a": 2, "b": 5}, stats.beta(2, 5), id="beta"),
        ],
    )
    def test_draws_follow_the_law(self, spec: dict[str, Any], law: Any) -> None:
        assert stats.kstest(draws(spec), law.cdf).pvalue > 1e-3

    @pytest.mark.parametrize(
        ("spec", "low", "high"),
        [
            pytest.param({"distribution": "q_uniform", "min": 1, "max": 10, "q": 3}, 3, 9, id="q_uniform"),
            pytest.param({"distribution": "q_log_uniform", "min": 0, "max": 4.6, "q": 4}, 4, 96, id="q_log_uniform"),
            pytest.param({"distribution": "q_log_uniform_values", "min": 16, "max": 256, "q": 8}, 16, 256, id="q_log_uniform_values"),
            pytest.param({"distribution": "q_normal", "mu": 0, "sigma": 10, "q": 2}, -math.inf, math.inf, id="q_normal"),
            pytest.param({"distribution": "q_log_normal", "mu": 2, "sigma": 1, "q": 5}, 0, math.inf, id="q_log_normal"),
        ],
    )
    def test_quantized_draws_are_multiples_within_their_bounds(self, spec: dict[str, Any], low: float, high: float) -> None:
        found = set(draws(spec))

        assert all(isinstance(value, int) and value % spec["q"] == 0 and low <= value <= high for value in found)
        assert len(found) > 2

    def test_a_multiple_reads_as_one_would_write_it(self) -> None:
        found = set(draws({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.1}))

        assert found == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}

    def test_whole_bounds_are_both_included(self) -> None:
        found = draws({"min": -1, "max": 1})

        assert set(found) == {-1, 0, 1}
        assert stats.chisquare([found.count(value) for value in (-1, 0, 1)]).pvalue > 1e-3

    def test_probabilities_are_kept(self) -> None:
        found = draws({"values": ["a", "b", "c"], "probabilities": [0.7, 0.3, 0]})

        assert statistics.mean(value == "a" for value in found) == pytest.approx(0.7, abs=0.03)
        assert "c" not in found

    def test_the_same_number_gives_the_same_point_and_another_sweep_another(self) -> None:
        of_two = plan(a={"min": 0.0, "max": 1.0}, b={"min": 0.0, "max": 1.0})

        assert random_point(of_two, "s", 7) == random_point(of_two, "s", 7)
        assert random_point(of_two, "s", 7) != random_point(of_two, "t", 7)
        assert random_point(of_two, "s", 7) != random_point(of_two, "s", 8)
        assert len(set(random_point(of_two, "s", 7))) == 2

    @pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2, 5), (100, 3), (1, 1), (0.05, 7)])
    def test_quantiles_of_beta_are_those_of_scipy(self, a: float, b: float) -> None:
        for u in (0.001, 0.1, 0.5, 0.9, 0.999):
            assert beta_quantile(u, a, b) == pytest.approx(stats.beta.ppf(u, a, b), rel=1e-9, abs=1e-12)


class TestConfig:
    @pytest.mark.parametrize(
        ("config", "words"),
        [
            pytest.param({"method": "best", "parameters": {"a": {"value": 1}}}, "method takes grid, random or bayes; got 'best'", id="method"),
            pytest.param({"method": "grid"}, "parameters takes a mapping", id="no parameters"),
            pytest.param({"method": "grid", "parameters": {"a": {"min": 0.0, "max": 1.0}}}, "values can be counted", id="an endless grid"),
            pytest.param({"method": "bayes", "parameters": {"a": {"value": 1}}}, "metric is needed for method bayes", id="bayes without a metric"),
            pytest.param({"method": "random", "parameters": {"a": {"min": 2, "max": 1}}}, "Parameter a: min is above max", id="bounds"),
            pytest.param({"method": "random", "parameters": {"a": {"b": {"min": "x", "max": 1}}}}, "Parameter a takes value", id="no spec"),
            pytest.param({"method": "random", "parameters": {"a": {"values": []}}}, "1 to 10000 values", id="no values"),
            pytest.param({"method": "random", "parameters": {"a": {"distribution": "zipf"}}}, "distribution takes one of", id="distribution"),
            pytest.param(
                {"method": "random", "parameters": {"a": {"distribution": "log_uniform_values", "min": 0, "max": 1}}}, "above 0", id="log of 0"
            ),
            pytest.param(
                {"method": "random", "parameters": {"a": {"distribution": "q_uniform", "min": 1, "max": 2, "q": 5}}}, "no multiple of 5", id="q"
            ),
            pytest.param(
                {"method": "random", "parameters": {"a": {"value": 1}}, "early_terminate": {"type": "median"}}, "type hyperband", id="early"
            ),
            pytest.param({"method": "random", "run_cap": 0, "parameters": {"a": {"value": 1}}}, "run_cap takes a whole number", id="run_cap"),
        ],
    )
    def test_what_is_wrong_is_said(self, config: dict[str, Any], words: str) -> None:
        with pytest.raises(PlanError, match=words):
            read(yaml.safe_dump(config))

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("a: &a [1,1]\nb: [*a,*a]\nmethod: grid", id="an alias"),
            pytest.param("!!python/object/apply:os.system ['true']", id="an object"),
            pytest.param("[" * 1000, id="brackets"),
            pytest.param("method: grid\nparameters: {a: {values: [2020-01-01]}}", id="a date"),
            pytest.param("- 1", id="a list"),
            pytest.param("\x00", id="a NUL"),
        ],
    )
    def test_hostile_text_is_refused(self, text: str) -> None:
        with pytest.raises(PlanError):
            read(text)

    def test_unknown_fields_are_told_of(self) -> None:
        assert plan_of({"method": "grid", "parameters": {"a": {"value": 1}}, "paramters": {}}).warnings == (
            "paramters is not known in a sweep config and is ignored.",
        )


class TestBayes:
    def test_finds_where_the_metric_is_small_and_is_repeatable(self) -> None:
        space = plan(
            "bayes",
            lr={"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
            width={"min": 1, "max": 64},
            kind={"values": ["a", "b"]},
            fixed={"value": 3},
        )

        told: list[Told] = []
        for place in range(40):
            point, values = bayes.suggest(space, told, "seed", place)
            assert (point, values) == bayes.suggest(space, told, "seed", place)
            lr, width, kind, fixed = values
            assert 1e-5 <= lr <= 1.0
            assert width in range(1, 65)
            assert fixed == 3
            told.append(Told(point, (math.log10(lr) + 2) ** 2 + ((width - 40) / 20) ** 2 + (kind == "b")))

        best, first = (min(run.value or 0.0 for run in runs) for runs in (told[15:], told[:10]))
        assert best < first
        assert statistics.mean(run.value or 0.0 for run in told[20:]) < statistics.mean(run.value or 0.0 for run in told[:10]) * 0.7

    def test_runs_under_way_and_failed_ones_are_allowed_for(self) -> None:
        space = plan("bayes", x={"min": 0.0, "max": 1.0})
        told = [Told([0.1 * place], 0.5) for place in range(10)] + [Told([0.3], None), Told([0.9], math.nan), Told([0.1, 0.2], 0.0)]

        _, values = bayes.suggest(space, told, "seed", 13)

        assert 0.0 <= values[0] <= 1.0
        assert json.dumps(values)


class TestHyperband:
    def test_brackets_are_those_that_wandb_documents(self) -> None:
        assert Hyperband.from_least(3, 3).brackets[:4] == (3, 9, 27, 81)
        assert Hyperband.from_most(27, 2, 3).brackets == (3, 9)

    def test_the_best_third_goes_on(self) -> None:
        rule = Hyperband.from_least(2, 3)
        runs = [[float(place)] * 2 for place in range(9)]

        marks = [rule.marks(values) for values in runs]
        over = [rule.is_over(mine, marks, min(values)) for mine, values in zip(marks, runs, strict=True)]

        assert over == [False] * 3 + [True] * 6

    def test_before_the_first_bracket_and_alone_nobody_stops(self) -> None:
        rule = Hyperband.from_least(3, 3)

        assert not rule.is_over(rule.marks([9.0, 9.0]), [rule.marks([0.0] * 3)], 9.0)
        assert not rule.is_over(rule.marks([9.0] * 3), [rule.marks([9.0] * 3)], 9.0)

    def test_a_late_improvement_saves_a_run_unless_strict(self) -> None:
        values = [5.0, 5.0, 5.0, 0.1]
        others = [{3: 1.0}, {3: 2.0}]
        for is_strict in (False, True):
            rule = Hyperband.from_least(3, 3, is_strict)
            mine = rule.marks(values)
            assert rule.is_over(mine, [mine, *others], min(values)) is is_strict

    def test_values_that_are_not_finite_are_the_worst(self) -> None:
        rule = Hyperband.from_least(1, 2)
        mine = rule.marks([math.nan, math.nan])

        assert rule.is_over(mine, [mine, {1: 5.0, 2: 5.0}], math.inf)
