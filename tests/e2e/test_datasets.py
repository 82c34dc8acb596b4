"""Data sets of people's own: uploaded once, trained on by every node, judged by their bits."""

import io
from typing import Any

import numpy as np
from service import Service

SMALL: dict[str, Any] = {"batch_size": 20, "total_iterations": 30, "eval_every": 10, "model": {"hidden": [16], "dropout": {"p": 0.2}}}


def npz(x: np.ndarray, y: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, x=x, y=y)
    return file.getvalue()


def some_images() -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(5)
    return drawn.integers(0, 256, (400, 6, 5, 3), dtype=np.uint8), drawn.integers(0, 4, 400)


def uploaded(service: Service, name: str, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    answer = service.client.post("/datasets", params={"name": name}, content=npz(x, y))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


class TestUploadedDataset:
    def test_is_trained_on_run_again_by_another_node_and_told_from_one_with_another_pixel(self, service: Service) -> None:
        x, y = some_images()
        kept = uploaded(service, "mine", x, y)
        elsewhere = service.folder.parent / "other-node"
        (elsewhere).mkdir()
        (elsewhere / "artifacts").symlink_to(service.folder / "artifacts")  # what nodes share
        service.start_worker("b", RUNTWICE_DATA_DIR=str(elsewhere))
        config = {**SMALL, "dataset": {"name": "mine"}, "augmentation": {"shift_pixels": 1, "flip_p": 0.5, "noise_sd": 0.05}}

        original = service.ended(service.submit(config))
        reran = service.client.post(f"/runs/{original['id']}/reruns", json={"wait_s": 120, "node": "b"}).json()["items"][0]

        assert original["state"] == "finished", original["reason"]
        assert original["digests"]["data"] == kept["digest"]
        assert (reran["node"], reran["verdict"]["outcome"]) == ("b", "identical"), reran
        for folder in (service.folder, elsewhere):
            assert {file.name for file in (folder / "datasets" / kept["digest"]).iterdir()} == {"x.npy", "y.npy"}

        x[123, 4, 2, 1] ^= 1
        uploaded(service, "other-pixel", x, y)
        other = service.ended(service.submit({**config, "dataset": {"name": "other-pixel"}}))
        verdict = service.client.post("/verdicts", json={"original": original["id"], "rerun": other["id"]}).json()

        assert verdict["outcome"] == "not_comparable"
        assert verdict["checked"]["data"] == "different"
        assert "data" in verdict["causes"][0]["what"]

    def test_whose_bytes_are_lost_or_changed_fails_the_run_and_says_so(self, service: Service) -> None:
        uploaded(service, "lost", *some_images())
        (largest, *_) = sorted((file for file in (service.folder / "artifacts").glob("??/*")), key=lambda file: -file.stat().st_size)
        content = bytearray(largest.read_bytes())
        content[-1] ^= 1
        largest.write_bytes(content)

        run = service.ended(service.submit({**SMALL, "dataset": {"name": "lost"}}))

        assert run["state"] == "failed"
        assert "its data set could not be fetched to node a" in run["reason"]
        assert "has the digest" in run["reason"]
        assert not any((service.folder / "datasets").iterdir())
