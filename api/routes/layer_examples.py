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
