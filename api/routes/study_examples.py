"""What the OpenAPI document shows of studies."""

from typing import Any

from api.routes.examples import CHANGE

NEW_STUDY: dict[str, Any] = {
    "project": "acme/digits",
    "name": "norms",
    "baseline": {"dataset": {"name": "mnist5k"}, "total_iterations": 500, "eval_every": 20},
    "changes": [{"set": {"model.norm": {"kind": "batch"}}}],
    "seeds": [0, 1, 2, 3, 4, 5],
}
DIFFERENCE = {"mean": -0.31, "ci95": [-0.34, -0.28], "p": 0.03125, "p_holm": 0.03125, "effect": -7.4, "pairs": 6}
SPREAD = {"n": 6, "mean": 0.52, "sd": 0.02, "median": 0.52, "min": 0.49, "max": 0.55, "diverged": 0, "missing": 0}
BASELINE = {"name": "baseline", "change": [], "runs": ["r1"], **SPREAD, "difference": None, "conclusion": None, "words": "baseline: mean 0.52"}
VARIANT = {**BASELINE, "name": "norm: none → batch", "change": CHANGE, "difference": DIFFERENCE, "conclusion": "better", "words": "better"}
STUDY: dict[str, Any] = {
    "id": "0m1n2b3v4c5x6y7z",
    "project": "acme/digits",
    "name": "norms",
    "state": "finished",
    "metric": "val/loss",
    "use": "last",
    "goal": "min",
    "vary": "seed",
    "seeds": [0, 1, 2, 3, 4, 5],
    "seeds_needed": 6,
    "progress": {"ended": 12, "total": 12},
    "variants": [BASELINE, VARIANT],
    "words": "1 variant is better than the baseline.",
}
DRY_RUN = {"runs": 12, "reused": 0, "seeds_needed": 6, "warnings": [], "estimate_s": 24.0, "variants": ["baseline", "norm: none → batch"]}
LISTED = {"id": STUDY["id"], "name": "norms", "metric": "val/loss", "created_at": "2026-01-01T00:00:00.000000Z"}
