"""What the OpenAPI document shows of studies."""

from typing import Any

from api.routes.examples import CHANGE, CONFIG

NEW_STUDY: dict[str, Any] = {
    "project": "acme/digits",
    "name": "norms",
    "baseline": {"dataset": {"name": "mnist5k"}, "total_iterations": 500, "eval_every": 20},
    "changes": [{"set": {"model.norm": {"kind": "batch"}}}, {"name": "rate", "set": {"optimizer.lr": [0.05, 0.5]}}],
    "seeds": [0, 1, 2, 3, 4, 5, 6],
    "metric": "val/loss",
    "goal": "min",
    "threshold": 0.6,
}
NEW_SEEDS = {"seeds": [7, 8, 9]}
NEW_CHANGES: dict[str, Any] = {"changes": [{"set": {"model.dropout.p": 0.5}}]}
DIFFERENCE = {
    "mean": -0.31,
    "ci95": [-0.34, -0.28],
    "p": 0.015625,
    "p_holm": 0.015625,
    "effect": -7.4,
    "pairs": 7,
    "valued": 7,
    "median": -0.3,
    "sd": 0.042,
    "exact": True,
    "smallest_p": 0.015625,
    "correlation": 0.4,
    "p_welch": 0.00001,
    "seed_noise": -15.5,
    "machine_noise": None,
    "validation_error": None,
    "detectable": 0.07,
    "seeds_for_observed": 7,
    "lone_wrong": 0.0,
}
SPREAD = {"n": 7, "mean": 0.52, "sd": 0.02, "median": 0.52, "min": 0.49, "max": 0.55}
TO_THRESHOLD = {"reached": 7, "censored": 0, "median": 120.0, "restricted_mean": 124.0, "horizon": 500}
DOT = {"seed": 0, "run": "0m1n2b3v4c5x6y7a", "state": "finished", "value": 0.52, "diverged": False, "reached": 120}
BASELINE: dict[str, Any] = {
    "name": "baseline",
    "change": [],
    "runs": ["0m1n2b3v4c5x6y7a"],
    **SPREAD,
    "diverged": 0,
    "without_number": 0,
    "converged": SPREAD,
    "missing": 0,
    "difference": None,
    "conclusion": None,
    "words": "The baseline: val/loss 0.52 on average over 7 seeds.",
    "to_threshold": TO_THRESHOLD,
    "seeds": [DOT],
}
BETTER = "Better than the baseline: val/loss -0.31 on average over 7 seeds (95 % interval -0.34 to -0.28); p 0.016, 0.016 over all contrasts."
VARIANT = {**BASELINE, "name": "norm: none → batch", "change": CHANGE, "difference": DIFFERENCE, "conclusion": "better", "words": BETTER}
PROGRESS = {"ended": 14, "total": 14, "queued": 0, "running": 0, "finished": 14, "failed": 0, "cancelled": 0, "missing": 0}
STUDY: dict[str, Any] = {
    "id": "0m1n2b3v4c5x6y7z",
    "project": "acme/digits",
    "name": "norms",
    "state": "finished",
    "metric": "val/loss",
    "use": "last",
    "goal": "min",
    "vary": "seed",
    "seeds": [0, 1, 2, 3, 4, 5, 6],
    "seeds_needed": 6,
    "contrasts": 1,
    "primary": None,
    "threshold": 0.6,
    "baseline": CONFIG,
    "progress": PROGRESS,
    "variants": [BASELINE, VARIANT],
    "noise": {"machine": None, "reruns": 0, "seeds": 0.02, "validation": None},
    "words": "1 contrast takes 6 seeds at least, at a level of 5 %. Seeds vary the split alone; the initial weights are the same.",
    "warnings": [],
    "additions": [{"at": "2026-01-01T00:10:00.000000Z", "ended": 0, "seeds": [6]}],
    "archived": False,
    "created_at": "2026-01-01T00:00:00.000000Z",
    "created_by": "k1",
}
DRY_RUN = {
    "runs": 28,
    "reused": 0,
    "seeds_needed": 7,
    "warnings": [],
    "estimate_s": 24.0,
    "train_s": 46.0,
    "estimated_from": 100,
    "variants": ["baseline", "norm: none → batch", "rate (lr: 0.1 → 0.05)", "rate (lr: 0.1 → 0.5)"],
}
_SAME = ("id", "project", "name", "state", "metric", "use", "goal", "vary", "seeds", "seeds_needed", "progress", "archived", "created_at")
LISTED = {**{name: STUDY[name] for name in _SAME}, "variant_names": ["baseline", "norm: none → batch"]}
