"""Examples of what layers do, as the OpenAPI document shows them. They are held against their schemas by a test."""

from typing import Any

Example = dict[str, Any]

DIAGNOSTICS: Example = {
    "run": "k3v9a2b4c6d8",
    "kinds": ["activation", "gradient", "weight", "weight_gradient"],
    "items": [
        {
            "kind": "activation",
            "layer": "1",
            "module": "ReLU",
            "steps": [0, 50],
            "mean": [0.11, 0.24],
            "sd": [0.16, 0.41],
            "min": [0.0, 0.0],
            "max": [0.93, 3.1],
            "norm": [25.4, 61.2],
            "zeros": [0.52, 0.61],
            "saturated": [None, None],
            "dead": [0.0, 0.02],
            "non_finite": [0.0, 0.0],
            "ratio": [None, None],
            "histogram": {"low": [0.0, 0.0], "high": [0.93, 3.1], "counts": [[12000, 3200, 1100, 84], [13500, 2300, 501, 83]]},
        }
    ],
}
FINDING: Example = {
    "kind": "dead_activations",
    "step": 50,
    "layer": "1",
    "words": "Layer 1 is half dead: 142 of 256 units gave nothing for 256 images in a row.",
    "figures": {"share": 0.5547},
    "rule": "in the last quarter of the snapshots, at least half of a ReLU's units were silent for 256 images in a row",
}
NEW_PROBE: Example = {"layer": {"kind": "dropout", "p": 0.3}, "input": "ones", "shape": [2, 2], "mode": "train", "seed": 0}
_ONES = {"mean": 1.0, "sd": 0.0, "min": 1.0, "max": 1.0, "norm": 2.0, "zeros": 0.0, "non_finite": 0.0}
PROBE: Example = {
    "id": "p4q5r6s7t8u9",
    "state": "finished",
    "reason": None,
    "layer": {"kind": "dropout", "p": 0.3, "scaling": "inverted", "spatial": False},
    "input": "ones",
    "shape": [2, 2],
    "mode": "train",
    "seed": 0,
    "created_at": "2026-11-23T20:30:01.123456Z",
    "finished_at": "2026-11-23T20:30:01.623456Z",
    "expires_at": "2026-11-24T20:30:01.123456Z",
    "before": {"values": [[1.0, 1.0], [1.0, 1.0]], **_ONES, "histogram": {"low": 1.0, "high": 1.0, "counts": [4, 0]}},
    "after": {
        "values": [[1.4285714626312256, 0.0], [1.4285714626312256, 1.4285714626312256]],
        "mean": 1.0714285969734192,
        "sd": 0.6185895837380343,
        "min": 0.0,
        "max": 1.4285714626312256,
        "norm": 2.4743583349521373,
        "zeros": 0.25,
        "non_finite": 0.0,
        "histogram": {"low": 0.0, "high": 1.4285714626312256, "counts": [1, 3]},
    },
    "buffers": {},
    "torch": "2.13.0+cpu",
}
