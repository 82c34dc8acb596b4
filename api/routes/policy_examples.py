"""Examples of what is rerun by itself, as the OpenAPI document shows them."""

from api.routes.examples import SHA, VERDICT, Example

FIRST = VERDICT["first_difference"]
CAUSE = VERDICT["causes"][0]
POLICY: Example = {"rerun": "sample", "fraction": 0.1, "canary": {"run": "k3v9a2b4c6d8", "every_hours": 24.0}, "reverify": {"per_hour": 10}}
FLAG: Example = {
    "since": "2026-11-23T02:00:07.000000Z",
    "reason": "This node's bits are not the others'.",
    "project": "acme/digits",
    "canary": "k3v9a2b4c6d8",
    "run": "r4t5y6u7i8o9",
    "first_difference": FIRST,
    "cause": CAUSE,
}
NODE: Example = {
    "node": "gpu-2",
    "alive": True,
    "run": "r4t5y6u7i8o9",
    "ended_at": "2026-11-24T02:00:06.000000Z",
    "outcome": "different",
    "agrees": False,
    "flag": FLAG,
}
REPORT: Example = {
    "project": "acme/digits",
    "runs": 120,
    "verified": 14,
    "identical": 13,
    "different": 1,
    "not_comparable": 0,
    "stale": 2,
    "waiting": 1,
    "by_node": [{"node": "gpu-2", "identical": 13, "different": 1, "not_comparable": 0, "flagged": True}],
    "different_runs": [
        {
            "run": "k3v9a2b4c6d8",
            "name": "norm: none → batch",
            "rerun": "r4t5y6u7i8o9",
            "node": "gpu-2",
            "judged_at": "2026-11-24T02:00:06.000000Z",
            "first_difference": FIRST,
            "cause": CAUSE,
        }
    ],
    "canary": {"run": "k3v9a2b4c6d8", "state": "finished", "every_hours": 24.0, "original_agrees": True, "nodes": [NODE]},
}
WEBHOOK: Example = {"url": "https://ci.example/hooks/runtwice", "set_at": "2026-11-23T20:30:01.123456Z", "secret": "shown-once-0123456789"}
DELIVERY: Example = {
    "id": "d1e2l3i4v5e6",
    "event": "verdict",
    "rerun": "r4t5y6u7i8o9",
    "original": "k3v9a2b4c6d8",
    "state": "waiting",
    "tries": 2,
    "created_at": "2026-11-23T20:31:00.123456Z",
    "tried_at": "2026-11-23T20:31:03.123456Z",
    "next_try_at": "2026-11-23T20:31:09.123456Z",
    "status": 502,
    "error": "The receiver answered 502.",
}
KEY = "ed25519:" + SHA
SIDE: Example = {
    "run": "k3v9a2b4c6d8",
    "project": "acme/digits",
    "origin": "managed",
    "config_digest": SHA,
    "digests": {"data": SHA, "initial": SHA, "final": SHA},
    "environment_digest": SHA,
    "node": "gpu-1",
}
RECEIPT: Example = {
    "kind": "runtwice.receipt",
    "version": 1,
    "server": {"id": "s1e2r3v4e5r6", "url": "https://runtwice.example"},
    "original": SIDE,
    "rerun": {**SIDE, "run": "r4t5y6u7i8o9", "node": "gpu-2"},
    "verdict": {
        "outcome": "different",
        "reason": VERDICT["reason"],
        "checked": VERDICT["checked"],
        "points_compared": 1530,
        "first_difference": FIRST,
        "causes": ["threads"],
        "document_digest": SHA,
        "judged_at": VERDICT["judged_at"],
    },
    "key": KEY,
    "signature": SHA + SHA,
}
RECEIPT_KEY: Example = {"key": KEY, "since": "2026-11-23T20:30:01.123456Z", "in_force": True}
