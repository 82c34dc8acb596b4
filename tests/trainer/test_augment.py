"""Images that are varied: held against a straight-line script, and against what must not change."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from trainer import augment, data
from trainer.augmentation import Augmentation
from trainer.catalog import DatasetShape
from trainer.config import RunConfig
from trainer.memory import estimate_memory_bytes
from trainer.order import BatchOrder

SHAPE = DatasetShape("rgb", images=40, height=5, width=7, channels=3, classes=2, scale=255.0)
CPU = torch.device("cpu")


def varied(x: Tensor, seed: int, step: int, *, shift: int = 0, flip: float = 0.0, noise: float = 0.0) -> Tensor:
    """The same, image by image and pixel by pixel, from the rules in the guide."""
    generator = torch.Generator().manual_seed(augment.seed_of(seed, step))
    mirrored = [float(number) < flip for number in torch.rand(len(x), generator=generator)]
    moves = torch.randint(-shift, shift + 1, (len(x), 2), generator=generator).tolist()
    images = x.reshape(len(x), 3, 5, 7)
    made = torch.zeros_like(images)
    for n, (down, right) in enumerate(moves):
        image = torch.flip(images[n], dims=[2]) if mirrored[n] else images[n]
        for row in range(5):
            for column in range(7):
                if 0 <= row - down < 5 and 0 <= column - right < 7:
                    made[n, :, row, column] = image[:, row - down, column - right]
    made = made.reshape(len(x), -1)
    return made + (torch.randn(made.shape, generator=generator) * noise).to(x.dtype) if noise else made


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"shift": 2}, id="shifted"),
        pytest.param({"shift": 20}, id="shifted out of sight"),
        pytest.param({"flip": 0.5}, id="mirrored"),
        pytest.param({"flip": 1.0}, id="all mirrored"),
        pytest.param({"noise": 0.3}, id="with noise"),
        pytest.param({"shift": 1, "flip": 0.5, "noise": 0.1}, id="all at once"),
    ],
)
def test_equals_the_straight_line(how: dict[str, Any], dtype: torch.dtype) -> None:
    x = torch.rand(40, 3 * 5 * 7, generator=torch.Generator().manual_seed(1)).to(dtype)
    config = Augmentation(shift_pixels=how.get("shift", 0), flip_p=how.get("flip", 0.0), noise_sd=how.get("noise", 0.0))

    for step in (0, 1, 999):
        ours = augment.augmented(x, config, SHAPE, 7, step)

        assert ours.dtype == dtype
        assert torch.equal(ours, varied(x, 7, step, **how))
        assert not torch.equal(ours, x)


def settings(**given: Any) -> RunConfig:
    vary = {"shift_pixels": 2, "flip_p": 0.5, "noise_sd": 0.1}
    return RunConfig.model_validate({"dataset": {"name": "digits"}, "batch_size": 100, "augmentation": vary, **given})


class TestBatches:
    def test_differ_by_step_and_seed_and_are_the_same_when_asked_again(self) -> None:
        train = data.load(settings(), CPU).train
        full = [BatchOrder(settings(batch_size="full", seed=seed), train).batch(step).x_ND for seed, step in ((0, 0), (0, 1), (1, 0), (0, 0))]

        assert torch.equal(full[0], full[3])
        assert len({batch.numpy().tobytes() for batch in full}) == 3

    def test_hold_the_images_of_the_order_with_their_labels(self) -> None:
        train = data.load(settings(), CPU).train
        plain, ours = BatchOrder(settings(augmentation=None), train), BatchOrder(settings(), train)
        pairs = [(plain.batch(step), ours.batch(step)) for step in range(20)]

        assert all(torch.equal(before.y_N, after.y_N) and not torch.equal(before.x_ND, after.x_ND) for before, after in pairs)
        assert plain.digest() == ours.digest()

    def test_leave_the_global_generator_and_the_images_alone(self) -> None:
        loaded = data.load(settings(), CPU)
        kept, state = loaded.train.x_ND.clone(), torch.get_rng_state()

        BatchOrder(settings(batch_size="full"), loaded.train).batch(3)

        assert torch.equal(torch.get_rng_state(), state)
        assert torch.equal(loaded.train.x_ND, kept)


class TestTraining:
    def test_comes_out_the_same_again_and_not_as_without(self, train: Any) -> None:
        vary = {"shift_pixels": 1, "noise_sd": 0.05}

        first, second, without = (train(model={"dropout": {"p": 0.3}}, augmentation=given) for given in (vary, vary, None))

        assert first.ended.digests == second.ended.digests
        assert first.metrics == second.metrics
        assert first.ended.digests["order"] == without.ended.digests["order"]
        assert first.ended.digests["final"] != without.ended.digests["final"]

    def test_evaluates_images_as_they_are(self, train: Any) -> None:
        frozen = {"optimizer": {"kind": "sgd", "lr": 1e-30}, "total_iterations": 3, "eval_every": 1}

        varied, plain = (train(augmentation=given, **frozen) for given in ({"noise_sd": 1.0}, None))

        assert varied.metrics["val/loss"] == plain.metrics["val/loss"]
        assert varied.metrics["train/loss"] != plain.metrics["train/loss"]


class TestConfig:
    def test_without_augmentation_has_the_digest_it_always_had(self) -> None:
        without = settings(augmentation=None)

        assert without.digest() == RunConfig.model_validate({"dataset": {"name": "digits"}, "batch_size": 100}).digest()
        assert "augmentation" not in without.canonical()
        assert settings().digest() != without.digest()

    def test_refuses_to_move_images_out_of_sight(self) -> None:
        with pytest.raises(ValidationError) as refused:
            settings(augmentation={"shift_pixels": 9})

        (error,) = refused.value.errors()
        assert (error["loc"], error["msg"]) == (("augmentation", "shift_pixels"), "takes at most 8: the images have 8x8 pixels; got 9")

    def test_counts_the_border_into_the_memory(self) -> None:
        without, moved = (estimate_memory_bytes(settings(batch_size="full", augmentation={"shift_pixels": by})) for by in (0, 8))

        assert moved - without == 1438 * 4 * (24 * 24 - 8 * 8)
