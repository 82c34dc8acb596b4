"""Data sets over HTTP: uploaded, shown, used, deleted; and what is no data set is told so."""

import gzip
import io
import itertools
import struct
from typing import Any

import numpy as np
import pytest

from trainer import data, digests

URL = "/api/v1/datasets"
_names = itertools.count()


@pytest.fixture
def name() -> str:
    return f"set-{next(_names)}"


def some_images(images: int = 60, classes: int = 3, seed: int = 0, side: tuple[int, ...] = (6, 5)) -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(seed)
    return drawn.integers(0, 256, (images, *side), dtype=np.uint8), np.arange(images) % classes


def npz(x: Any, y: Any, save: Any = np.savez_compressed, **more: Any) -> bytes:
    file = io.BytesIO()
    save(file, x=x, y=y, **more)
    return file.getvalue()


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def upload(api: Any, name: str, content: bytes, **headers: str) -> Any:
    return api.admin.post(URL, params={"name": name}, content=content, headers=headers)


class TestUpload:
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_of_npz_says_what_was_kept(self, api: Any, name: str, save: Any) -> None:
        x, y = some_images()

        answer = upload(api, name, npz(x, y, save))

        assert answer.status_code == 201, answer.text
        shown = answer.json()
        assert answer.headers["location"] == f"{URL}/{name}"
        assert shown == api.admin.get(f"{URL}/{name}").json()
        assert (shown["shape"], shown["classes"], shown["counts"], shown["parts"]) == ([60, 6, 5], 3, [20, 20, 20], [60])
        assert shown["digest"] == digests.of_arrays([("x", x), ("y", y)])
        assert shown["size_bytes"] == 60 * (30 + 8)

    @pytest.mark.parametrize("dtype", ["uint8", "int8", "<i2", ">i4", "uint64"])
    def test_takes_labels_of_any_integers_as_the_same_content(self, sqlite_api: Any, name: str, dtype: str) -> None:
        x, y = some_images()

        shown = upload(sqlite_api, name, npz(x, y.astype(dtype))).json()

        assert shown["digest"] == digests.of_arrays([("x", x), ("y", y)])

    def test_of_one_channel_is_the_same_as_without_channels_and_three_are_kept(self, sqlite_api: Any, name: str) -> None:
        x, y = some_images()
        rgb, _ = some_images(side=(6, 5, 3))

        one, three = (upload(sqlite_api, f"{name}-{images.ndim}-{images.shape[-1]}", npz(images, y)).json() for images in (x[..., None], rgb))

        assert (one["shape"], one["digest"]) == ([60, 6, 5], digests.of_arrays([("x", x), ("y", y)]))
        assert (three["shape"], three["channels"], three["digest"]) == ([60, 6, 5, 3], 3, digests.of_arrays([("x", rgb), ("y", y)]))

    @pytest.mark.parametrize("pack", [pytest.param(lambda data: data, id="plain"), pytest.param(gzip.compress, id="gzipped")])
    def test_of_idx_files_joins_them_in_their_order(self, api: Any, name: str, pack: Any) -> None:
        x, y = some_images()
        parts = [("images", x[:40]), ("labels", y[:40]), ("images", x[40:]), ("labels", y[40:])]

        answer = api.admin.post(URL, params={"name": name}, files=[(field, (f"{field}.idx", pack(idx(part)))) for field, part in parts])

        assert answer.status_code == 201, answer.text
        assert answer.json()["parts"] == [40, 20]
        assert answer.json()["digest"] == digests.of_arrays([("x", x), ("y", y.astype(np.int64))])

    def test_of_npz_may_come_in_a_form(self, sqlite_api: Any, name: str) -> None:
        answer = sqlite_api.admin.post(URL, params={"name": name}, files={"file": ("a.npz", npz(*some_images()))}, data={"note": "is read past"})

        assert answer.status_code == 201, answer.text

    def test_again_is_the_same_data_set_and_another_content_is_refused(self, api: Any, name: str) -> None:
        x, y = some_images()
        first, again, packed = (upload(api, name, npz(x, y, save)) for save in (np.savez, np.savez, np.savez_compressed))
        x[7, 2, 3] ^= 1

        other = upload(api, name, npz(x, y))

        assert [answer.status_code for answer in (first, again, packed, other)] == [201, 200, 200, 409]
        assert first.json() == again.json() == packed.json()
        assert "never changes" in other.json()["detail"]
        assert api.admin.get(f"{URL}/{name}").json() == first.json()

    def test_under_another_name_keeps_the_bytes_once(self, make_api: Any) -> None:
        api = make_api()
        kept = [upload(api, name, npz(*some_images())).json() for name in ("one", "two")]

        files = [file for file in api.settings.artifacts_dir.rglob("*") if file.is_file()]

        assert kept[0]["digest"] == kept[1]["digest"]
        assert len(files) == 2

    def test_with_an_idempotency_key_gets_the_first_answer_again(self, api: Any, name: str) -> None:
        same = {"Idempotency-Key": f"key-{name}"}
        first, again = (upload(api, name, npz(*some_images()), **same) for _ in range(2))

        other = upload(api, name, npz(*some_images(seed=1)), **same)

        assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
        assert first.content == again.content
        assert other.json()["type"] == "idempotency-key-reused"

    def test_leaves_nothing_behind(self, make_api: Any) -> None:
        api = make_api()
        upload(api, "broken", b"PK\3\4 no zip")
        upload(api, "good", npz(*some_images()))

        assert [entry.name for entry in api.settings.artifacts_dir.iterdir() if entry.name.startswith(".")] == []

    def test_is_for_members_and_deleting_for_admins(self, api: Any, name: str) -> None:
        viewer, member = api.as_role("viewer"), api.as_role("member")

        asked = [client.post(URL, params={"name": name}, content=npz(*some_images())) for client in (viewer, member)]

        assert [answer.status_code for answer in asked] == [403, 201]
        assert member.delete(f"{URL}/{name}").status_code == 403
        assert viewer.get(f"{URL}/{name}").status_code == 200


class TestList:
    def test_has_the_built_in_and_the_uploaded_by_name_page_by_page(self, make_api: Any) -> None:
        api = make_api()
        for name in ("zebras", "apples", "e"):
            upload(api, name, npz(*some_images()))

        whole = api.admin.get(URL, params={"total": "true"}).json()
        pages, cursor = [], None
        while not pages or cursor:
            page = api.admin.get(URL, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            cursor = page["next_cursor"]
            pages.append([item["name"] for item in page["items"]])

        assert pages == [["apples", "digits"], ["e", "mnist5k"], ["zebras"]]
        assert [item["name"] for item in whole["items"]] == [name for page in pages for name in page]
        assert whole["total"] == 5

    @pytest.mark.parametrize("built_in", ["digits", "mnist5k"])
    def test_shows_the_built_in_as_they_are(self, sqlite_api: Any, built_in: str) -> None:
        shown = sqlite_api.admin.get(f"{URL}/{built_in}").json()

        assert (shown["digest"], shown["uploaded"]) == (digests.of_dataset(built_in), False)
        assert shown["counts"] == np.bincount(data.decoded(built_in).y).tolist()
        assert shown["size_bytes"] == data.decoded(built_in).x.nbytes + data.decoded(built_in).y.nbytes


class TestUse:
    def config(self, name: str, **more: Any) -> dict[str, Any]:
        return {"dataset": {"name": name, **more}, "batch_size": 8}

    def test_fills_in_what_the_name_stands_for(self, api: Any, name: str) -> None:
        shown = upload(api, name, npz(*some_images())).json()

        run = api.submit(config=self.config(name))

        content = {field: shown[field] for field in ("digest", "images", "height", "width", "channels", "classes")}
        assert run["config"]["dataset"].items() >= {"name": name, "content": content, "split_seed": 0, "val_size": 12, "test_size": 0}.items()
        assert api.submit(config=self.config(name, content=content))["config_digest"] == run["config_digest"]

    def test_of_an_unknown_name_is_refused_with_those_that_are_known(self, api: Any, name: str) -> None:
        upload(api, name, npz(*some_images()))

        answer = api.admin.post("/api/v1/runs", json={"project": "team/x", "config": self.config("cats")})

        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (422, "/config/dataset/name")
        assert f'"{name}"' in error["detail"]
        assert '"digits"' in error["detail"]
        assert 'got "cats"' in error["detail"]

    def test_with_another_content_than_the_names_is_refused(self, api: Any, name: str) -> None:
        shown = upload(api, name, npz(*some_images())).json()
        content = {field: shown[field] for field in ("images", "height", "width", "channels", "classes")}
        asked = [
            self.config(name, content={**content, "digest": "0" * 64}),
            self.config("elsewhere", content={**content, "digest": shown["digest"]}),
            self.config("digits", content={**content, "digest": shown["digest"]}),
            self.config(name, content={**content, "digest": shown["digest"], "images": 10_000}),
        ]

        found = [api.admin.post("/api/v1/runs", json={"project": "team/x", "config": config}) for config in asked]

        assert [answer.status_code for answer in found] == [422] * 4, [answer.text for answer in found]

    def test_keeps_it_from_being_deleted_until_the_runs_are_gone(self, api: Any, name: str) -> None:
        upload(api, name, npz(*some_images()))
        run = api.submit(config=self.config(name))
        api.client_run(config={"dataset": {"name": name}})
        api.end(run["id"])

        while_used = api.admin.delete(f"{URL}/{name}")
        api.admin.delete(f"/api/v1/runs/{run['id']}")
        afterwards = api.admin.delete(f"{URL}/{name}")

        assert (while_used.status_code, afterwards.status_code) == (409, 204)
        assert run["id"] in while_used.json()["detail"]
        assert api.admin.get(f"{URL}/{name}").status_code == 404
        assert api.admin.delete(f"{URL}/{name}").status_code == 404

    def test_of_a_name_that_was_given_to_another_content_takes_that_one(self, api: Any, name: str) -> None:
        first = upload(api, name, npz(*some_images())).json()
        api.submit(config={"dataset": {"name": "digits"}})
        api.admin.delete(f"{URL}/{name}")

        second = upload(api, name, npz(*some_images(images=80))).json()

        assert first["digest"] != second["digest"]
        assert api.submit(config=self.config(name))["config"]["dataset"]["content"]["images"] == 80


class TestThumbnails:
    @pytest.mark.parametrize("side", [(6, 5), (6, 5, 3), (6, 5, 4), (6, 5, 2), (200, 90)])
    def test_are_a_picture_of_every_class(self, sqlite_api: Any, name: str, side: tuple[int, ...]) -> None:
        upload(sqlite_api, name, npz(*some_images(side=side)))

        answer = sqlite_api.admin.get(f"{URL}/{name}/thumbnails.png")

        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        pixels = _decoded_png(answer.content)
        assert pixels.shape[2] == (side[2] if len(side) == 3 and side[2] != 2 else 1)
        again = sqlite_api.admin.get(f"{URL}/{name}/thumbnails.png", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304

    def test_show_the_images_themselves(self, sqlite_api: Any, name: str) -> None:
        x, y = some_images()
        upload(sqlite_api, name, npz(x, y))

        pixels = _decoded_png(sqlite_api.admin.get(f"{URL}/{name}/thumbnails.png").content)

        larger = 32 // 6
        (second_of_class_2,) = np.flatnonzero(y == 2)[1:2]
        row, column = 2 * (6 * larger + 2), 1 * (5 * larger + 2)
        shown = pixels[row : row + 6 * larger : larger, column : column + 5 * larger : larger, 0]
        assert np.array_equal(shown, x[second_of_class_2])

    @pytest.mark.parametrize("name", ["digits", "mnist5k"])
    def test_are_there_for_what_every_installation_has(self, sqlite_api: Any, name: str) -> None:
        assert _decoded_png(sqlite_api.admin.get(f"{URL}/{name}/thumbnails.png").content).max() == 255


def _decoded_png(content: bytes) -> np.ndarray:
    """By matplotlib's or another's reader if there is one; here by the chunks, checksums included."""
    import zlib

    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    at, body, size = 8, b"", (0, 0, 0)
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[:10])
            assert depth == 8
            size = (height, width, {0: 1, 2: 3, 6: 4}[colour])
        body += data if kind == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(size[0], -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(size)
