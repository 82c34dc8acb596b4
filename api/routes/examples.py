"""Examples of bodies and answers, as the OpenAPI document shows them. They are held against their schemas by a test."""

from typing import Any

from trainer.events import PARTS

Example = dict[str, Any]


def page(item: Any) -> Example:
    return {"items": [item], "next_cursor": "p3Yk0nq4W1tbMS43ZTksImszdjkiXQ"}


def items(item: Any) -> Example:
    return {"items": [item], "next_cursor": None}


PROJECT: Example = {"project": "acme/digits", "entity": "acme", "name": "digits", "created_at": "2026-11-23T20:30:01.123456Z"}
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CONFIG: Example = {
    "dataset": {"name": "mnist5k", "split_seed": 0, "val_size": 1000, "test_size": 0},
    "model": {
        "kind": "mlp",
        "hidden": [256],
        "activation": "relu",
        "norm": {"kind": "batch", "momentum": 0.1, "eps": 1e-05},
        "norm_position": "after_activation",
        "dropout": {"p": 0.0, "scaling": "inverted"},
        "output": "logits",
    },
    "loss": {"kind": "cross_entropy", "targets": "index", "label_smoothing": 0.0},
    "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
    "scheduler": {"kind": "constant"},
    "total_iterations": 500,
    "batch_size": 64,
    "eval_every": 20,
    "seed": 0,
    "device": "cpu",
    "precision": "float32",
    "threads": 1,
    "early_stopping": None,
    "best_metric": {"metric": "val/loss", "goal": "min"},
    "on_non_finite": "stop",
    "diagnostics": None,
}
NEW_RUN: Example = {
    "project": "acme/digits",
    "config": {"dataset": {"name": "mnist5k"}, "model": {"kind": "mlp", "norm": {"kind": "batch"}}, "total_iterations": 500, "eval_every": 20},
    "baseline": "m1n2b3v4c5x6",
    "tags": ["bn"],
}
CHANGE = [
    {"path": "model.norm.kind", "from": "none", "to": "batch"},
    {"path": "model.norm.momentum", "from": None, "to": 0.1},
    {"path": "model.norm.eps", "from": None, "to": 1e-05},
]
SUMMARY = {"last": 0.41, "min": 0.4, "max": 2.31, "min_step": 439, "max_step": 19, "count": 25, "non_finite": 0}
LISTED_RUN: Example = {
    "id": "k3v9a2b4c6d8",
    "external_id": "q8w7e6r5",
    "project": "acme/digits",
    "name": "norm: none → batch",
    "origin": "managed",
    "state": "finished",
    "reason": None,
    "config": CONFIG,
    "config_digest": SHA,
    "seed": 0,
    "created_at": "2026-11-23T20:30:01.123456Z",
    "started_at": "2026-11-23T20:30:01.223456Z",
    "finished_at": "2026-11-23T20:30:04.323456Z",
    "queue_position": None,
    "waiting_for": None,
    "attempt": 1,
    "node": "gpu-1",
    "progress": {"step": 499, "total": 500},
    "baseline": "m1n2b3v4c5x6",
    "change": CHANGE,
    "factors": ["model.norm"],
    "rerun_of": None,
    "reproduced": {"outcome": "identical", "reruns": 3},
    "stale": False,
    "studies": [],
    "tags": ["bn"],
    "notes": "",
    "group": None,
    "job_type": None,
    "sweep": None,
    "archived": False,
    "digests": {"data": SHA, "split": SHA, "order": SHA, "initial": SHA, "final": SHA, "code": SHA},
    "metrics": {"val/loss": SUMMARY},
}
RUN: Example = {
    **LISTED_RUN,
    "environment": {"torch": "2.13.0+cpu", "threads": 1},
    "warnings": [],
    "told": None,
    "refused_points": 0,
    "refused_reason": None,
    "findings": [],
}
CLIENT_RUN: Example = {
    **RUN,
    "id": "c7b6n5m4l3k2",
    "name": "my script",
    "origin": "client",
    "state": "running",
    "config": {"lr": 0.1},
    "config_digest": None,
    "seed": None,
    "digests": None,
    "baseline": None,
    "change": [],
    "factors": [],
    "reproduced": None,
    "environment": {},
    "told": {"digests": {"initial": SHA, "final": SHA}, "links": 1},
    "finished_at": None,
    "attempt": 0,
    "node": None,
    "progress": {"step": 499, "total": None},
}
DRY_RUN: Example = {"config": CONFIG, "config_digest": SHA, "change": CHANGE, "factors": ["model.norm"], "warnings": [], "estimate_s": 3.2}
DELETED: Example = {
    "rows": {"runs": 1, "attempts": 1, "series": 6, "segments": 6, "log_lines": 1, "artifacts": 2, "verdicts": 0},
    "size_bytes": 1650000,
    "preview": False,
}
LOG: Example = {"lines": ["step 0: train/loss 2.31"], "first": 0, "after": 0}
ATTEMPT: Example = {
    "number": 1,
    "node": "gpu-1",
    "started_at": "2026-11-23T20:30:01.223456Z",
    "ended_at": "2026-11-23T20:30:04.323456Z",
    "outcome": "finished",
    "reason": None,
    "resumed_from": None,
}
LINK: Example = {"step": 99, **dict.fromkeys(PARTS, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")}
POINTS: Example = {"steps": [0, 1], "times": [1795465801.5, 1795465801.6], "metrics": {"train/loss": [0.5, "NaN"], "val/loss": [None, 0.7]}}
APPENDED: Example = {
    "accepted": 2,
    "refused": [
        {"metric": "val/loss", "step": 1, "reason": "this step already holds another value, which stays", "held": 0.6, "got": 0.7},
    ],
}
CURVES: Example = {
    "series": [
        {"run": "k3v9a2b4c6d8", "metric": "lr", "count": 2, "steps": [0, 1], "values": [0.1, 0.1]},
        {
            "run": "k3v9a2b4c6d8",
            "metric": "train/loss",
            "count": 500,
            "steps": [0, 250],
            "mean": [1.1, 0.5],
            "min": [0.7, 0.4],
            "max": [2.3, 0.9],
            "first": [2.3, 0.7],
            "last": [0.7, 0.41],
            "counts": [250, 250],
            "non_finite": [0, 0],
        },
    ]
}
CURVE_QUERY: Example = {
    "runs": ["k3v9a2b4c6d8"],
    "metrics": ["val/loss", "lr"],
    "points": 1000,
    "from": 0,
    "x": "step",
    "starts": {"k3v9a2b4c6d8": 500},
}
RUNS_TO_COMPARE: Example = {"runs": ["k3v9a2b4c6d8", "m1n2b3v4c5x6"]}
COMPARISON: Example = {
    "config": {
        "same": {"optimizer.lr": 0.1},
        "different": [{"path": "model.norm.kind", "values": {"k3v9a2b4c6d8": "batch", "m1n2b3v4c5x6": "none"}}],
    },
    "environment": {"same": {"threads": 1}, "different": []},
    "metrics": [
        {
            "metric": "val/loss",
            "values": {"k3v9a2b4c6d8": {"last": 0.41, "min": 0.4, "max": 2.31}, "m1n2b3v4c5x6": {"last": 0.44, "min": 0.44, "max": 2.3}},
        }
    ],
    "factors": ["model.norm"],
    "warnings": [],
}
NEW_EVIDENCE: Example = {
    "digests": {"initial": SHA, "final": SHA},
    "environment": {"threads": 1},
    "chain": [{"step": 499, "parts": {"weights": SHA, "rng": SHA}}],
}
NEW_VERDICT: Example = {"original": "k3v9a2b4c6d8", "rerun": "r4t5y6u7i8o9"}
VERDICT: Example = {
    "outcome": "different",
    "reason": "train/loss differs first, at step 3; not the same either: the final weights and the weights and state of the optimizer behind step 3.",
    "original": "k3v9a2b4c6d8",
    "rerun": "r4t5y6u7i8o9",
    "checked": {"data": "same", "split": "same", "order": "same", "initial": "same", "points": "different", "final": "different"},
    "judged": {"training": "different", "evaluation": "different", "state": "different"},
    "points_compared": 1530,
    "chain": {"links_compared": 34, "first_break": {"step": 3, "after": 1, "part": "weights", "parts": ["weights", "optimizer"]}},
    "initial": None,
    "first_difference": {"metric": "train/loss", "step": 3, "original": 1.25, "rerun": 1.2500001192092896, "ulps": 1, "ulp_of": "float32"},
    "causes": [{"what": "threads", "original": 1, "rerun": 2, "likely": True, "why": "Sums are split among the threads in force."}],
    "environment": [{"path": "threads", "original": 1, "rerun": 2}],
    "judged_at": "2026-11-23T20:31:00.123456Z",
    "stale": False,
    "stale_reason": None,
}
RERUN: Example = {
    **RUN,
    "id": "r4t5y6u7i8o9",
    "name": "rerun of norm: none → batch",
    "rerun_of": "k3v9a2b4c6d8",
    "state": "queued",
    "reproduced": None,
    "queue_position": 1,
    "waiting_for": "a free slot",
    "started_at": None,
    "finished_at": None,
    "attempt": 0,
    "node": None,
    "metrics": {},
    "progress": {"step": None, "total": 500},
    "verdict": None,
}
LISTED_RERUN: Example = {"run": "r4t5y6u7i8o9", "state": "finished", "verdict": VERDICT}
ARTIFACT: Example = {
    "id": "a1s2d3f4g5h6",
    "run": "k3v9a2b4c6d8",
    "name": "final.safetensors",
    "size_bytes": 816480,
    "sha256": SHA,
    "created_at": "2026-11-23T20:30:04.323456Z",
}
VERSION: Example = {
    "id": "v7s2d3f4g5h6",
    "project": "acme/digits",
    "type": "model",
    "name": "net",
    "version": "v3",
    "aliases": ["best", "latest"],
    "tags": [],
    "digest": "faf2cf93fcd08901b0a86c35449aa674",
    "size_bytes": 816480,
    "files": 2,
    "run": "k3v9a2b4c6d8",
    "created_at": "2026-11-23T20:30:05.323456Z",
}
ARTIFACTS: Example = {"items": [ARTIFACT], "logged": [VERSION], "used": [], "next_cursor": None}
NODE: Example = {
    "name": "gpu-1",
    "alive": True,
    "queues": ["cpu", "cuda"],
    "slots": 2,
    "running": ["k3v9a2b4c6d8"],
    "devices": [{"kind": "cpu", "threads": 16}],
    "versions": {"torch": "2.13.0"},
    "started_at": "2026-11-23T08:00:00.000000Z",
    "heartbeat_at": "2026-11-23T20:30:04.000000Z",
    "flagged": False,
    "flags": [],
}
QUEUE: Example = {
    "items": [
        {
            "run": "r4t5y6u7i8o9",
            "project": "acme/digits",
            "name": "rerun of norm: none → batch",
            "state": "queued",
            "queue": "cpu",
            "position": 1,
            "waiting_for": "a free slot",
            "node": None,
            "priority": 0,
            "created_at": "2026-11-23T20:30:05.000000Z",
        }
    ],
    "next_cursor": None,
    "queued": 1,
    "running": 0,
}
KEY: Example = {
    "id": "z9x8c7v6b5n4",
    "name": "ci",
    "prefix": "rt-AbCd",
    "role": "member",
    "entity": None,
    "created_at": "2026-11-23T20:30:01.123456Z",
    "expires_at": None,
}
MINTED: Example = {**KEY, "key": "rt-" + "AbCd" + "0" * 36}
