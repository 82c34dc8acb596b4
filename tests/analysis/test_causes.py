"""Where two runs parted and why, told from records alone: what real trainings cannot be made to do on every machine."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.verdict import Column, Evidence, compare

CONFIG: dict[str, Any] = {
    "dataset": {"name": "digits", "split_seed": 0},
    "model": {"kind": "mlp", "norm": {"kind": "batch"}, "dropout": {"p": 0.5}},
    "optimizer": {"kind": "adam", "lr": 0.1},
    "loss": {"targets": "index"},
    "seed": 0,
}
ENVIRONMENT: dict[str, Any] = {
    "torch": {"version": "2.13.0+cpu", "git": "a" * 40, "mkl": "2024.2"},
    "python": "3.11.7",
    "cpu": {"model": "EPYC", "capability": "AVX512"},
    "threads": 1,
    "precision_flags": {"float32_matmul": "highest", "mkldnn": True},
    "optimizer": {"class": "Adam", "fused": False, "foreach": False},
    "targets": "class numbers",
    "variables": {"OMP_NUM_THREADS": "1"},
    "device": "cpu",
}
PARTS = ("weights", "buffers", "optimizer", "rng", "order")
STEPS = 40


def series(**changed: dict[int, float]) -> dict[str, Column]:
    """Losses of 40 steps, evaluated after every tenth; `changed` replaces values, "train_loss={3: 0.5}"."""
    held = {
        "train/loss": {step: 1.0 / (step + 1) for step in range(STEPS)},
        "lr": dict.fromkeys(range(STEPS), 0.1),
        "val/loss": {step: 2.0 / (step + 1) for step in range(9, STEPS, 10)},
    }
    for name, values in changed.items():
        held[name.replace("_", "/")] |= values
    return {name: Column(np.array(list(points), np.int64), np.array(list(points.values()), np.float64)) for name, points in held.items()}


def chain(broken_from: int | None = None, *parts: str, every: int = 8) -> dict[int, dict[str, str]]:
    """Links behind every eighth step; from `broken_from` on, these parts are other ones."""
    links = range(every - 1, STEPS, every)
    return {
        step: {part: f"{part} {step}{'*' if broken_from is not None and step >= broken_from and part in parts else ''}" for part in PARTS}
        for step in links
    }


def run(run_id: str = "original", **other: Any) -> Evidence:
    digests = {name: name[0] * 64 for name in ("data", "split", "order", "initial", "final", "code")}
    whole: dict[str, Any] = {"state": "finished", "reason": None, "config": CONFIG, "config_digest": "c" * 64, "digests": digests}
    return Evidence(run_id, **{**whole, "environment": ENVIRONMENT, "series": series(), "chain": chain(), **other})


def rerun(*, digests: dict[str, str] | None = None, environment: dict[str, Any] | None = None, **other: Any) -> Evidence:
    held = run("rerun", **other)
    return replace(held, digests={**held.digests, **(digests or {})}, environment={**held.environment, **(environment or {})})


def sample(*values: float) -> str:
    return "float32:" + np.array(values, "<f4").tobytes().hex()


def likely(verdict: Any) -> list[str]:
    return [cause.what for cause in verdict.causes if cause.likely]


LATE = {"train_loss": {12: 1.0 / 13 + 1e-9}}


class TestArithmetic:
    @pytest.mark.parametrize(
        ("environment", "cause"),
        [
            pytest.param({"threads": 2, "variables": {"OMP_NUM_THREADS": "2"}}, "threads", id="threads"),
            pytest.param({"cpu": {"model": "EPYC", "capability": "AVX2"}}, "cpu_capability", id="ATEN_CPU_CAPABILITY=avx2"),
            pytest.param({"precision_flags": {"float32_matmul": "medium", "mkldnn": True}}, "float32_matmul", id="matmul precision"),
            pytest.param({"precision_flags": {"float32_matmul": "highest", "mkldnn": False}}, "precision_flags.mkldnn", id="oneDNN"),
            pytest.param({"optimizer": {"class": "Adam", "fused": True, "foreach": False}}, "optimizer.fused", id="fused Adam"),
            pytest.param({"targets": "probabilities"}, "targets", id="one-hot targets in force"),
            pytest.param({"variables": {"OMP_NUM_THREADS": "1", "MKL_CBWR": "AVX2"}}, "variables.MKL_CBWR", id="a variable that one side sets"),
            pytest.param({"torch": {"version": "2.13.0+cpu", "git": "b" * 40, "mkl": "2024.2"}}, "torch", id="another build of one version"),
            pytest.param({"torch": {"version": "2.13.0+cpu", "git": "a" * 40, "mkl": "2025.1"}}, "torch", id="another MKL"),
            pytest.param({"cpu": {"model": "Xeon", "capability": "AVX512"}}, "cpu", id="another processor"),
        ],
    )
    def test_of_a_later_step_is_explained_by_what_is_on_record(self, environment: dict[str, Any], cause: str) -> None:
        verdict = compare(run(), rerun(environment=environment, series=series(**LATE), chain=chain(15, "weights", "optimizer", "buffers")))

        assert verdict.outcome == "different"
        assert likely(verdict) == [cause]
        assert verdict.causes[0].what == cause

    def test_cannot_be_the_optimizers_before_it_moved_a_weight(self) -> None:
        fused = {"class": "Adam", "fused": True, "foreach": False}

        verdict = compare(run(), rerun(environment={"optimizer": fused, "threads": 2}, series=series(train_loss={0: 1.0000001}), chain={}))

        assert [(cause.what, cause.likely) for cause in verdict.causes] == [("threads", True), ("optimizer.fused", False)]

    @pytest.mark.parametrize(
        "environment",
        [
            pytest.param({"variables": {"OMP_NUM_THREADS": "4"}}, id="a variable whose effect is on record"),
            pytest.param({"variables": {"OMP_NUM_THREADS": "1", "TORCHINDUCTOR_CACHE_DIR": "/tmp/x"}}, id="a folder"),
            pytest.param({"optimizer": None}, id="a record that one side lacks"),
        ],
    )
    def test_is_not_blamed_on_what_says_nothing(self, environment: dict[str, Any]) -> None:
        assert compare(run(), rerun(environment=environment, series=series(**LATE))).causes == []

    def test_of_a_client_run_is_not_blamed_on_what_it_did_not_record(self) -> None:
        client = rerun(config_digest=None, series=series(**LATE), chain={}, origin="client")

        verdict = compare(run(), replace(client, digests={}, environment={}))

        assert (verdict.outcome, verdict.causes) == ("different", [])

    def test_says_that_nothing_on_record_differs(self) -> None:
        verdict = compare(run(), rerun(series=series(**LATE)))

        assert verdict.reason == (
            "train/loss differs first, at step 12. Nothing that is on record differs between the two: what made the difference was not recorded."
        )

    def test_names_other_libraries_without_blaming_them(self) -> None:
        verdict = compare(run(), rerun(environment={"python": "3.12.1"}, series=series(**LATE)))

        assert [(cause.what, cause.likely) for cause in verdict.causes] == [("libraries.python", False)]
        assert "does not explain it" in verdict.reason


class TestInitialWeights:
    def apart(self, *values: float, **environment: Any) -> Any:
        began = {"initial": "other", "initial_sample": sample(*values)}
        original = run()
        original = replace(original, digests={**original.digests, "initial_sample": sample(0.5, 0.25)})
        return compare(original, rerun(digests=began, environment=environment, series=series(train_loss={0: 1.5})))

    def test_a_rounding_apart_are_the_processors(self) -> None:
        verdict = self.apart(0.5, float(np.nextafter(np.float32(0.25), np.float32(1))), cpu={"model": "EPYC", "capability": "DEFAULT"})

        assert likely(verdict) == ["cpu_capability"]
        assert verdict.document()["initial"] == {"compared": 2, "differing": 1, "ulps": 0.5}
        assert "1 of 2 initial weights" in verdict.causes[0].why

    def test_far_apart_are_not(self) -> None:
        verdict = self.apart(0.1, 0.7, cpu={"model": "EPYC", "capability": "DEFAULT"}, threads=2)

        assert [(cause.what, cause.likely) for cause in verdict.causes] == [("initial", True), ("threads", False), ("cpu_capability", False)]
        assert "another seed in force" in verdict.causes[0].why

    @pytest.mark.parametrize("text", [None, "", "float32:zz", "float32:00", "float16:0000", "float32:" + "00" * 40_000, 7])
    def test_without_a_sample_are_only_said_to_differ(self, text: Any) -> None:
        held = run()
        original = replace(held, digests={**held.digests, "initial_sample": sample(0.5)})

        verdict = compare(original, rerun(digests={"initial": "other", "initial_sample": text}))

        assert verdict.initial is None
        assert likely(verdict) == ["initial"]

    def test_explained_by_the_seed_need_no_other_cause(self) -> None:
        other = rerun(config={**CONFIG, "seed": 1}, config_digest="d" * 64, digests={"initial": "o", "order": "o", "final": "o"})

        assert [cause.what for cause in compare(run(), other).causes] == ["config.seed"]


class TestConfig:
    def test_that_decided_nothing_that_broke_is_not_likely(self) -> None:
        config = {**CONFIG, "dataset": {"name": "digits", "split_seed": 1}, "loss": {"targets": "one_hot"}, "eval_every": 5}

        verdict = compare(run(), rerun(config=config, config_digest="d" * 64, series=series(train_loss={3: 0.5})))

        assert verdict.outcome == "not_comparable"
        assert [(cause.what, cause.likely) for cause in verdict.causes] == [
            ("config.loss.targets", True),
            ("config.dataset.split_seed", False),
            ("config.eval_every", False),
        ]

    def test_comes_behind_the_data(self) -> None:
        config = {**CONFIG, "dataset": {"name": "digits2", "split_seed": 0}}

        verdict = compare(run(), rerun(config=config, config_digest="d" * 64, digests={"data": "other"}))

        assert [cause.what for cause in verdict.causes] == ["data", "config.dataset.name"]

    def test_is_not_told_again_by_the_environment(self) -> None:
        verdict = compare(run(), rerun(config={**CONFIG, "threads": 2}, config_digest="d", environment={"threads": 2}, series=series(**LATE)))

        assert [cause.what for cause in verdict.causes] == ["config.threads"]

    @pytest.mark.parametrize(("digest", "cause"), [("split", "split"), ("order", "order")])
    def test_that_is_the_same_leaves_the_digest_as_the_cause(self, digest: str, cause: str) -> None:
        verdict = compare(run(), rerun(digests={digest: "other", "code": "new"}, series=series(train_loss={0: 2.0})))

        assert [(each.what, each.likely) for each in verdict.causes] == [(cause, True), ("code", True)]


class TestChain:
    def test_names_the_first_link_that_broke(self) -> None:
        verdict = compare(run(), rerun(chain=chain(23, "optimizer", "weights"), digests={"final": "other"}))

        assert verdict.document()["chain"] == {
            "links_compared": 5,
            "first_break": {"step": 23, "after": 15, "part": "weights", "parts": ["weights", "optimizer"]},
        }
        assert "the weights and state of the optimizer behind step 23" in verdict.reason

    def test_broken_alone_is_a_difference(self) -> None:
        verdict = compare(run(), rerun(chain=chain(39, "optimizer")))

        assert (verdict.outcome, verdict.judged.state, verdict.judged.training) == ("different", "different", "same")
        assert likely(verdict) == ["optimizer_state"]

    def test_compares_the_links_that_both_have(self) -> None:
        verdict = compare(run(), rerun(chain=chain(every=4)))

        assert (verdict.outcome, verdict.links_compared) == ("identical", 5)

    def test_with_other_random_numbers_clears_arithmetic(self) -> None:
        broken = chain(15, "rng", "weights", "optimizer", "buffers")

        verdict = compare(run(), rerun(chain=broken, series=series(**LATE), environment={"threads": 2}))

        assert [(cause.what, cause.likely) for cause in verdict.causes] == [("random_stream", True), ("threads", False)]

    def test_with_the_same_random_numbers_clears_dropout(self) -> None:
        verdict = compare(run(), rerun(chain=chain(7, "weights"), series=series(train_loss={0: 3.0}), environment={"threads": 2}))

        assert likely(verdict) == ["threads"]


class TestResume:
    @pytest.mark.parametrize(
        ("broken", "changed", "part"),
        [
            pytest.param(("buffers",), {"val_loss": {19: 0.5}}, "checkpoint.buffers", id="buffers of batch norm"),
            pytest.param(("rng", "weights", "optimizer", "buffers"), {"train_loss": {12: 0.5}}, "checkpoint.rng", id="random numbers"),
            pytest.param(("optimizer",), {}, "checkpoint.optimizer", id="what the optimizer holds"),
            pytest.param(("weights", "optimizer"), {"lr": {12: 0.2}, "train_loss": {13: 0.5}}, "checkpoint.schedule", id="the scheduler"),
            pytest.param(("weights", "optimizer"), {"train_loss": {13: 0.5}}, "checkpoint", id="something else"),
        ],
    )
    def test_is_named_with_the_part_that_was_lost(self, broken: tuple[str, ...], changed: dict[str, Any], part: str) -> None:
        verdict = compare(run(), rerun(resumed=(12,), chain=chain(15, *broken), series=series(**changed)))

        (cause,) = verdict.causes
        assert (cause.what, cause.original, cause.rerun, cause.likely) == (part, None, 12, True)

    @pytest.mark.parametrize(
        ("changed", "part"),
        [
            pytest.param({"val_loss": {19: 0.5}}, "checkpoint.buffers", id="buffers"),
            pytest.param({"train_loss": {12: 0.5}}, "checkpoint.rng", id="random numbers"),
            pytest.param({"train_loss": {13: 1.0 / 14 + 1e-9}}, "checkpoint", id="something a step later"),
        ],
    )
    def test_is_found_without_a_chain(self, changed: dict[str, Any], part: str) -> None:
        verdict = compare(run(chain={}), rerun(resumed=(12,), chain={}, series=series(**changed), digests={"final": "other"}))

        assert likely(verdict) == [part]

    @pytest.mark.parametrize(
        ("resumed", "changed"),
        [
            pytest.param(30, {"train_loss": {12: 0.0834}}, id="after the runs had parted"),
            pytest.param(3, {"train_loss": {12: 0.0834}}, id="long before"),
            pytest.param(9, {"val_loss": {29: 0.5}}, id="before an evaluation that came out the same"),
        ],
    )
    def test_elsewhere_is_not_blamed(self, resumed: int, changed: dict[str, Any]) -> None:
        verdict = compare(run(chain={}), rerun(resumed=(resumed,), chain={}, series=series(**changed), digests={"final": "other"}))

        assert not any(cause.what.startswith("checkpoint") for cause in verdict.causes)

    def test_on_other_threads_is_the_threads_first(self) -> None:
        broken = chain(15, "weights", "optimizer", "buffers")

        verdict = compare(run(), rerun(resumed=(12,), environment={"threads": 2}, chain=broken, series=series(train_loss={13: 0.07142})))

        assert [(cause.what, cause.likely) for cause in verdict.causes] == [("threads", True), ("checkpoint", False)]


class TestEarlyEnds:
    def test_of_a_run_that_parted_before_are_no_other_order(self) -> None:
        shorter = {name: Column(column.steps[:-5], column.values[:-5]) for name, column in series(**LATE).items() if name != "val/loss"}

        verdict = compare(run(chain={}), rerun(chain={}, series=shorter, digests={"order": "other", "final": "o"}, environment={"threads": 2}))

        assert verdict.checked["order"] == "different"
        assert likely(verdict) == ["threads"]
