"""Masks and boxes that the SDK logs with an image: where each is, and what its classes are called."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sdk import Sdk
from service import Service

SCRIPT = """
import json
import numpy as np
import wandb

run = wandb.init(project="overlays")
mask = np.zeros((4, 6), dtype=np.uint8)
mask[1:3, 2:5] = 2
masks = {"guess": {"mask_data": mask, "class_labels": {0: "nothing", 2: "dog"}}}
box = {"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.7}, "class_id": 1, "box_caption": "cat 0.9", "scores": {"sure": 0.9}}
boxes = {"guess": {"box_data": [box], "class_labels": {1: "cat"}}}
picture = np.full((4, 6, 3), 90, dtype=np.uint8)
run.log({"alone": wandb.Image(picture, masks=masks, boxes=boxes), "several": [wandb.Image(picture, masks=masks), wandb.Image(picture, masks=masks)]})
run.finish()
print(json.dumps(f"{run.entity}/{run.project}/{run.id}"))
"""


@pytest.fixture
def overlaid(wandb_service: Service, sdk: Sdk) -> dict[str, list[dict[str, Any]]]:
    """What lies over each logged image, by its key."""
    name = sdk.run(SCRIPT).rpartition("/")[2]
    (run,) = wandb_service.client.get("/runs", params={"project": "overlays", "filter": f"external_id = '{name}'"}).json()["items"]
    found: dict[str, list[dict[str, Any]]] = {}
    for item in wandb_service.client.get(f"/runs/{run['id']}/media").json()["items"]:
        found.setdefault(item["key"], []).extend(item["overlays"])
    return found


def content(service: Service, overlay: dict[str, Any]) -> bytes:
    answer = service.client.get(f"http://127.0.0.1:{service.port}{overlay['content']}")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_each_image_has_its_own_with_the_names_of_the_classes(wandb_service: Service, overlaid: dict[str, list[dict[str, Any]]]) -> None:
    mask, boxes = overlaid["alone"]

    assert (mask["kind"], mask["name"], mask["labels"]) == ("mask", "guess", {"0": "nothing", "2": "dog"})
    assert (boxes["kind"], boxes["name"], boxes["labels"]) == ("boxes", "guess", {"1": "cat"})
    values = np.asarray(Image.open(io.BytesIO(content(wandb_service, mask))))
    assert (values.shape, int((values == 2).sum())) == ((4, 6), 6)
    assert b'"box_caption":"cat 0.9"' in content(wandb_service, boxes).replace(b": ", b":")
    assert [(each["kind"], each["name"], each["content"] is not None) for each in overlaid["several"]] == [("mask", "guess", True)] * 2
