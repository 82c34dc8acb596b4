"""What people read: changes, numbers and verdicts in words."""

from typing import Any

import pytest

from cli import words


def changed(path: str, before: Any, after: Any) -> dict[str, Any]:
    return {"path": path, "from": before, "to": after}


class TestChange:
    @pytest.mark.parametrize(
        ("items", "said"),
        [
            pytest.param([], "", id="nothing"),
            pytest.param([changed("seed", 0, 1)], "seed: 0 → 1", id="a plain field"),
            pytest.param([changed("model.dropout.p", 0.0, 0.5)], "dropout.p: 0.0 → 0.5", id="the model goes without saying"),
            pytest.param([changed("model.hidden", [256], [64, 64])], "hidden: [256] → [64, 64]", id="a list"),
            pytest.param(
                [changed("model.norm.kind", "none", "batch"), changed("model.norm.momentum", None, 0.1), changed("model.norm.eps", None, 1e-5)],
                "norm: none → batch",
                id="a component with its usual fields",
            ),
            pytest.param(
                [changed("scheduler.kind", "constant", "step"), changed("scheduler.step_size", None, 100), changed("scheduler.gamma", None, 0.5)],
                "scheduler: constant → step (step size 100, gamma 0.5)",
                id="a component with fields that matter",
            ),
            pytest.param(
                [changed("optimizer.kind", "sgd", "adam"), changed("optimizer.lr", 2.0, 0.001), changed("optimizer.momentum", 0.0, None)],
                "optimizer: sgd → adam (lr 0.001)",
                id="a field both have is named, one that went is not",
            ),
            pytest.param(
                [
                    changed("model.kind", "mlp", "cnn"),
                    changed("model.hidden", [256], None),
                    changed("model.channels", None, [16, 32]),
                    changed("model.norm.kind", "none", "instance"),
                ],
                "model: mlp → cnn (channels [16, 32]), norm: none → instance",
                id="another network with another norm",
            ),
            pytest.param([changed("early_stopping", None, {"patience": 3})], 'early_stopping: null → {"patience": 3}', id="nothing before"),
        ],
    )
    def test_is_told_by_component(self, items: list[dict[str, Any]], said: str) -> None:
        assert words.change(items) == said


class TestVerdict:
    def judged(self, outcome: str, **more: Any) -> dict[str, Any]:
        checked = dict.fromkeys(("data", "split", "order", "initial", "points", "final"), "same")
        return {
            "outcome": outcome,
            "original": "aaa",
            "rerun": "bbb",
            "reason": "",
            "checked": checked,
            "points_compared": 2050,
            "first_difference": None,
            "causes": [],
            **more,
        }

    def test_identical_says_what_was_compared(self) -> None:
        said = words.verdict(self.judged("identical"))

        assert said == (
            "Identical: rerun bbb against run aaa. 2,050 points, and the digests of data, split, batch order, "
            "initial weights and final weights were compared, and every bit is the same."
        )

    def test_different_says_where_first_and_how_far_apart(self) -> None:
        first = {"metric": "train/loss", "step": 17, "original": 0.25, "rerun": 0.25000003, "ulps": 1, "ulp_of": "float32"}
        checked = {"data": "same", "split": "same", "order": "same", "initial": "same", "points": "different", "final": "different"}

        said = words.verdict(self.judged("different", first_difference=first, checked=checked))

        assert "train/loss first differs at step 17: 0.25 in the original, 0.25000003 in the rerun, 1 float32 ulp apart." in said
        assert "Also different: final weights." in said

    def test_different_names_the_causes(self) -> None:
        cause = {"what": "threads", "original": 1, "rerun": 2, "likely": True, "why": "sums are taken in another order"}

        said = words.verdict(self.judged("different", reason="x differs.", causes=[cause]))

        assert said.endswith("Likely cause: threads was 1, now 2. sums are taken in another order.")

    def test_a_cause_that_was_cleared_is_unlikely(self) -> None:
        cause = {"what": "config.seed", "original": 0, "rerun": 1, "likely": False, "why": ""}

        assert words.verdict(self.judged("different", reason="x differs.", causes=[cause])).endswith("Unlikely cause: config.seed was 0, now 1.")

    def test_a_lost_part_of_a_checkpoint_is_told_with_where_it_was_taken_up(self) -> None:
        cause = {"what": "checkpoint.buffers", "original": None, "rerun": 12, "likely": True, "why": "They part there."}

        said = words.verdict(self.judged("different", reason="x differs.", causes=[cause]))

        assert said.endswith("Likely cause: checkpoint.buffers (the rerun resumed at step 12). They part there.")

    def test_digests_are_told_by_their_beginning_and_what_has_no_value_by_its_name(self) -> None:
        causes = [
            {"what": "data", "original": "a" * 64, "rerun": "b" * 64, "likely": True, "why": "Other images."},
            {"what": "random_stream", "original": None, "rerun": None, "likely": True, "why": "Other masks."},
        ]

        said = words.verdict(self.judged("not_comparable", reason="Other data.", causes=causes))

        assert "Likely cause: data was aaaaaaaaaaaa…, now bbbbbbbbbbbb…. Other images." in said
        assert said.endswith("Likely cause: random_stream. Other masks.")

    def test_the_chain_is_told_with_what_is_the_same_by_itself(self) -> None:
        chain = {"links_compared": 34, "first_break": {"step": 23, "after": 15, "part": "buffers", "parts": ["buffers"]}}
        judged = {"training": "same", "evaluation": "different", "state": "different"}

        said = words.verdict(self.judged("different", reason="All 9 points are the same.", chain=chain, judged=judged))

        assert "The digest chain breaks behind step 23, in buffers; behind step 15 all was the same." in said
        assert "The same by themselves: the points of training." in said
        assert "2,050 points and 34 links of the digest chain were compared" in said

    def test_what_nothing_explains_is_said_to_be_so(self) -> None:
        first = {"metric": "x", "step": 1, "original": 1.0, "rerun": 2.0, "ulps": 9, "ulp_of": "float32"}

        said = words.verdict(
            self.judged("different", first_difference=first, reason="x differs first, at step 1. Nothing that is on record differs.")
        )

        assert said.endswith("Nothing that is on record differs.")

    def test_a_value_that_is_not_finite_has_no_distance(self) -> None:
        first = {"metric": "val/loss", "step": 3, "original": "NaN", "rerun": 0.5, "ulps": None, "ulp_of": None}

        assert words.first_difference(first) == "val/loss first differs at step 3: NaN in the original, 0.5 in the rerun."

    def test_a_point_that_only_one_side_has(self) -> None:
        first = {"metric": "val/loss", "step": 3, "original": None, "rerun": 0.5, "ulps": None, "ulp_of": None}

        assert "nothing in the original, 0.5 in the rerun" in words.first_difference(first)

    def test_not_comparable_gives_the_reason(self) -> None:
        said = words.verdict(self.judged("not_comparable", reason="The rerun bbb is failed, not finished"))

        assert said == "Not comparable: rerun bbb against run aaa. The rerun bbb is failed, not finished."


class TestNumber:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [(None, "-"), (0.123456789, "0.12346"), (3, "3"), ("NaN", "NaN"), (1e-12, "1e-12"), (123456.0, "1.2346e+05"), (True, "True")],
    )
    def test_is_short_in_a_table(self, value: Any, shown: str) -> None:
        assert words.number(value) == shown


class TestProgress:
    def test_of_a_queued_run_is_its_place(self) -> None:
        assert words.progress({"state": "queued", "queue_position": 3}) == "queued, number 3 in line"

    def test_counts_steps_from_one(self) -> None:
        assert words.progress({"state": "running", "progress": {"step": 0, "total": 500}}) == "running, 1 of 500"

    def test_of_a_run_that_has_just_begun(self) -> None:
        assert words.progress({"state": "running", "progress": {"step": None, "total": None}}) == "running"

    def test_an_ending_gives_the_reason(self) -> None:
        run = {"id": "aaa", "name": "x", "state": "failed", "reason": "The loss is NaN at step 3."}

        assert words.ending(run) == "Run aaa (x) failed: The loss is NaN at step 3."
