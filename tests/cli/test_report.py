"""`runtwice report`: the report of a project in words."""

from collections.abc import Callable
from typing import Any

from cli.report import lines

Run = Callable[..., Any]
FIRST = {"metric": "train/loss", "step": 3, "original": 0.5, "rerun": 0.25, "ulps": 9, "ulp_of": "float32"}
CAUSE = {"what": "threads", "original": 1, "rerun": 2, "likely": True, "why": "sums"}
FLAG = {"since": "2026-11-24T02:00:00Z", "reason": "Its bits are not the others'.", "first_difference": FIRST, "cause": CAUSE}
NODES = [
    {"node": "a", "alive": True, "agrees": True, "flag": None},
    {"node": "b", "alive": False, "agrees": False, "flag": FLAG},
    {"node": "c", "alive": True, "agrees": None, "flag": None},
]
REPORT: dict[str, Any] = {
    **{"project": "team/digits", "runs": 3, "verified": 2, "identical": 1, "different": 1, "not_comparable": 0, "stale": 1, "waiting": 2},
    "by_node": [{"node": "b", "identical": 1, "different": 1, "not_comparable": 0, "flagged": True}],
    "different_runs": [{"run": "aaa", "name": "base", "rerun": "bbb", "node": "b", "first_difference": FIRST, "cause": CAUSE}],
    "canary": {"run": "ccc", "state": "finished", "every_hours": 24.0, "original_agrees": False, "nodes": NODES},
}


class TestReport:
    def test_says_all_there_is_to_say(self) -> None:
        said = "\n".join(lines(REPORT))

        for part in (
            "team/digits: 3 finished runs, 2 verified: 1 identical, 1 different, 0 not comparable.",
            "1 verdict stale",
            "2 reruns still to come.",
            "node b: 1 identical, 1 different, 0 not comparable  FLAGGED",
            "Run aaa (base) differs in rerun bbb on node b. train/loss first differs at step 3",
            "threads: 1 → 2.",
            "Canary ccc (finished), every 24 h on every living node. The nodes no longer give what it gave.",
            "node a: agrees",
            "node b (does not answer): FLAGGED since 2026-11-24T02:00:00Z: Its bits are not the others'.",
            "node c: not trained yet",
        ):
            assert part in said

    def test_says_no_more_than_there_is(self) -> None:
        nothing = {**dict.fromkeys(REPORT, 0), "project": "team/new", "by_node": [], "different_runs": [], "canary": None}

        assert list(lines(nothing)) == ["team/new: 0 finished runs, 0 verified: 0 identical, 0 different, 0 not comparable."]

    def test_is_had_from_the_service(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("report", finished_run["project"])

        assert answer.code == 0, answer.err
        assert answer.out.startswith(f"{finished_run['project']}: ")
