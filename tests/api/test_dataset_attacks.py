"""What is no data set, or would be one only to do harm, is refused with a word; nothing of it is kept or loaded."""

import contextlib
import gzip
import io
import itertools
import os
import pickle
import struct
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from trainer.decoding import npy_header

URL = "/api/v1/datasets"
LIMIT = 3_000_000
X, Y = np.zeros((20, 4, 4), np.uint8), np.arange(20) % 2
_names = itertools.count()


@pytest.fixture(scope="module")
def small(new_url: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A service that takes data sets of up to 3 MB."""
    from tests.api.conftest import Api

    service = Api(tmp_path_factory.mktemp("data"), new_url("sqlite"), dataset_limit_bytes=LIMIT).start()
    yield service
    service.stop()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def zipped(compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    """An npz file made by hand of the content of its .npy files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def lying(shape: tuple[int, ...], values: bytes, descr: str = "|u1") -> bytes:
    return npy_header(descr, shape) + values


def idx(array: np.ndarray, *, kind: int = 8, claims: tuple[int, ...] | None = None) -> bytes:
    sizes = claims or array.shape
    return struct.pack(f">BBBB{len(sizes)}I", 0, 0, kind, len(sizes), *sizes) + array.astype(np.uint8).tobytes()


class Touch:
    """Loaded by pickle, it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def header_of(text: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def long_contents() -> bytes:
    """A zip whose end says that its list of contents has two megabytes."""
    content = bytearray(npz(x=X, y=Y))
    at = content.rindex(b"PK\5\6")
    end = bytearray(content[at : at + 22])
    del content[at:]
    content += bytes(2_500_000)
    end[12:16] = struct.pack("<I", 2_000_000)
    return bytes(content + end)


NOTHING = npy(Y)
BAD_NPZ = [
    pytest.param(b"", "no file", id="nothing"),
    pytest.param(b"hello", "is no IDX file", id="neither npz nor IDX"),
    pytest.param(b"PK\3\4 and no zip", "cannot be read", id="no zip"),
    pytest.param(npz(x=X, y=Y)[:-30], "cannot be read", id="cut off at its end"),
    pytest.param(npz(x=X), "holds x; it takes x", id="no labels"),
    pytest.param(npz(x_train=X, y_train=Y), "holds x_train, y_train", id="other names"),
    pytest.param(npz(x=X, y=Y, z=Y), "holds x, y, z", id="something else, too"),
    pytest.param(npz(x=X.astype(np.float32), y=Y), "x is float32 [20, 4, 4]", id="floats"),
    pytest.param(npz(x=X.astype(bool), y=Y), "x is bool", id="booleans"),
    pytest.param(npz(x=X[0], y=Y), "x is uint8 [4, 4]", id="no images"),
    pytest.param(npz(x=X.reshape(20, 4, 2, 2, 1), y=Y), "x is uint8 [20, 4, 2, 2, 1]", id="five dimensions"),
    pytest.param(npz(x=X, y=Y.astype(float)), "y is float64 [20]", id="fractions for labels"),
    pytest.param(npz(x=X, y=Y.astype(str)), "y is <U", id="texts for labels"),
    pytest.param(npz(x=X, y=np.eye(20, dtype=int)), "y is int64 [20, 20]", id="one-hot labels"),
    pytest.param(npz(x=X, y=Y[:19]), "20 images and y 19 labels", id="a label short"),
    pytest.param(npz(x=X, y=Y - 1), "a label is -1", id="a label below 0"),
    pytest.param(npz(x=X, y=Y + 9999), "a label is 10000", id="too many classes"),
    pytest.param(npz(x=X, y=np.full(20, 2**64 - 1, np.uint64)), "a label is 18446744073709551615", id="a label beyond int64"),
    pytest.param(npz(x=X[:0], y=Y[:0]), "has no images", id="empty"),
    pytest.param(npz(x=X[:1], y=Y[:1]), "images: 1; takes 2", id="one image"),
    pytest.param(npz(x=np.zeros((20, 0, 4), np.uint8), y=Y), "height: 0", id="images of no height"),
    pytest.param(npz(x=np.zeros((20, 1, 1, 65), np.uint8), y=Y), "channels: 65", id="too many channels"),
    pytest.param(npz(x=np.asfortranarray(np.zeros((20, 4, 5), np.uint8)), y=Y), "Fortran order", id="the other order"),
    pytest.param(zipped(x=lying((20, 4, 4), bytes(319)), y=NOTHING), "x is cut off", id="a byte short"),
    pytest.param(zipped(x=lying((20, 4, 4), bytes(321)), y=NOTHING), "x has more bytes", id="a byte more"),
    pytest.param(zipped(x=lying((20, 4, 4), bytes(2_900_000)), y=NOTHING), "x has more bytes", id="a bomb behind a small header"),
    pytest.param(zipped(x=lying((-20, 4, 4), bytes(320)), y=NOTHING), "no shape", id="a negative size"),
    pytest.param(zipped(x=header_of(b"(" * 9000), y=NOTHING), "header that cannot be read", id="a deep header"),
    pytest.param(zipped(x=header_of(b"__import__('os').mkdir('x')"), y=NOTHING), "header that cannot be read", id="a header that is a program"),
    pytest.param(
        zipped(x=header_of(b"{'descr': '|u1', 'fortran_order': False, 'shape': (20, 4, True)}"), y=NOTHING), "no shape", id="true for a size"
    ),
    pytest.param(zipped(x=header_of(b" " * 20_000), y=NOTHING), "header of 20,000 bytes", id="a long header"),
    pytest.param(zipped(x=header_of(b"{'descr': [('a', '|u1')], 'shape': (20, 4, 4)}"), y=NOTHING), "structured", id="a structured array"),
    pytest.param(zipped(x=header_of(b"{'descr': 'x' , 'shape': (20, 4, 4)}"), y=NOTHING), "has the type 'x'", id="an unknown type"),
    pytest.param(zipped(x=b"\x89PNG", y=NOTHING), "x.npy is no .npy file", id="no npy inside"),
    pytest.param(zipped(zipfile.ZIP_LZMA, x=npy(X), y=NOTHING), "packed in another way", id="packed by another method"),
    pytest.param(long_contents(), "list of contents", id="a zip with a long list of contents"),
]
BAD_IDX = [
    pytest.param([idx(X)], "1 IDX files of images and 0 of labels", id="no labels"),
    pytest.param([idx(Y)], "0 IDX files of images and 1 of labels", id="no images"),
    pytest.param([idx(X), idx(Y), idx(X)], "2 IDX files of images and 1 of labels", id="labels short"),
    pytest.param([idx(X), idx(Y), idx(X[:, :3]), idx(Y)], "all must have one size", id="two sizes"),
    pytest.param([idx(X), idx(Y), npz(x=X, y=Y)], "one npz file by itself", id="npz among them"),
    pytest.param([idx(X, kind=13), idx(Y)], "of type 13 with 3 dimensions", id="floats"),
    pytest.param([idx(X)[:7], idx(Y)], "cut off in its header", id="half a header"),
    pytest.param([idx(X)[:-1], idx(Y)], "is cut off", id="a byte short"),
    pytest.param([idx(X) + b"\0", idx(Y)], "has more bytes", id="a byte more"),
    pytest.param([gzip.compress(idx(X))[:-4], idx(Y)], "cannot be read", id="a gzip cut off"),
    pytest.param([gzip.compress(idx(X)) + b"junk", idx(Y)], "cannot be read", id="a gzip with junk behind"),
    pytest.param([gzip.compress(idx(X) + bytes(50_000_000)), idx(Y)], "has more bytes", id="a gzip bomb"),
]


class TestRefused:
    @pytest.mark.parametrize(("content", "words"), BAD_NPZ)
    def test_npz(self, small: Any, content: bytes, words: str) -> None:
        answer = small.admin.post(URL, params={"name": f"bad-{next(_names)}"}, content=content)

        assert answer.status_code == 422, answer.text
        assert words in answer.json()["detail"], answer.json()["detail"]

    @pytest.mark.parametrize(("files", "words"), BAD_IDX)
    def test_idx(self, small: Any, files: list[bytes], words: str) -> None:
        answer = small.admin.post(URL, params={"name": f"bad-{next(_names)}"}, files=[("file", ("f", content)) for content in files])

        assert answer.status_code == 422, answer.text
        assert words in answer.json()["detail"], answer.json()["detail"]

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(zipped(x=lying((1_000_000, 4, 4), bytes(1000)), y=npy(np.zeros(1_000_000, np.int64))), id="by what it claims"),
            pytest.param(npz(x=np.zeros((2, 1600, 1600), np.uint8), y=Y[:2]), id="by what it unpacks to"),
            pytest.param(zipped(x=lying((2**40, 2**40, 2**40), b""), y=NOTHING), id="by more than any disk has"),
        ],
    )
    def test_what_is_too_large_once_unpacked(self, small: Any, content: bytes) -> None:
        answer = small.admin.post(URL, params={"name": "bomb"}, content=content)

        assert answer.status_code in (413, 422), answer.text
        assert not list(small.settings.artifacts_dir.glob(".*"))

    def test_what_is_too_large_as_it_comes(self, small: Any) -> None:
        def body() -> Iterator[bytes]:
            for _ in range(100):
                yield bytes(100_000)

        told = small.admin.post(URL, params={"name": "large"}, content=bytes(LIMIT + 200_000))
        untold = small.admin.post(URL, params={"name": "large"}, content=body())

        assert (told.status_code, untold.status_code) == (413, 413)
        assert small.admin.post("/api/v1/projects", content=bytes(100)).status_code != 413

    def test_pickles_are_never_loaded(self, small: Any, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        trap = np.array([Touch(mark)] * 20, dtype=object)
        bodies = [npz(x=X, y=trap), zipped(x=npy(X), y=pickle.dumps(Touch(mark))), pickle.dumps(Touch(mark))]

        answers = [small.admin.post(URL, params={"name": "trap"}, content=body) for body in bodies]

        assert [answer.status_code for answer in answers] == [422] * 3
        assert "never loaded" in answers[0].json()["detail"]
        assert not mark.exists()

    @pytest.mark.parametrize(
        "name", ["", "../x", "a/b", ".hidden", "x" * 101, "a b", "a\n", "\u00e9", "%2e%2e", "-x", "..", "CON ", "a\0b", "C:\\x", "digits", "mnist5k"]
    )
    def test_names_that_none_can_have(self, small: Any, name: str) -> None:
        before = sorted(small.settings.artifacts_dir.rglob("*"))

        answer = small.admin.post(URL, params={"name": name}, content=npz(x=X, y=Y))

        assert answer.status_code in (400, 409, 422)
        assert sorted(small.settings.artifacts_dir.rglob("*")) == before

    @pytest.mark.parametrize(
        ("kind", "body", "status"),
        [
            pytest.param("text/plain", b"x", 415, id="another type"),
            pytest.param("application/json", b"{}", 415, id="JSON"),
            pytest.param("multipart/form-data", b"x", 400, id="a form without a boundary"),
            pytest.param("multipart/form-data; boundary=b", b"x", 400, id="a form that is none"),
            pytest.param("multipart/form-data; boundary=b", b"--b\r\n", 400, id="a form without an end"),
            pytest.param("multipart/form-data; boundary=" + "b" * 1000, b"--b\r\n", 400, id="a long boundary"),
            pytest.param(
                "multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n', 422, id="no file"
            ),
            pytest.param("multipart/form-data; boundary=b", b"--b\r\nX: " + b"y" * 10_000 + b"\r\n\r\n--b--\r\n", 400, id="a long header"),
            pytest.param(
                "multipart/form-data; boundary=b",
                b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n\r\n' * 100 + b"--b--\r\n",
                422,
                id="many files",
            ),
        ],
    )
    def test_bodies_in_another_form(self, small: Any, kind: str, body: bytes, status: int) -> None:
        answer = small.admin.post(URL, params={"name": "form"}, content=body, headers={"Content-Type": kind})

        assert answer.status_code == status, answer.text
        assert not list(small.settings.artifacts_dir.glob(".upload-*"))

    def test_file_names_in_a_form_are_no_paths(self, small: Any, tmp_path: Path) -> None:
        files = {"../../field": (f"../../..{tmp_path}/evil.npz", npz(x=X, y=Y))}

        answer = small.admin.post(URL, params={"name": f"good-{next(_names)}"}, files=files)

        assert answer.status_code == 201, answer.text
        assert not list(tmp_path.iterdir())


class TestManyAtOnce:
    def test_one_name_stands_for_one_content_whoever_is_first(self, api: Any) -> None:
        bodies = [npz(x=X + number, y=Y) for number in range(3)]
        found: list[int] = []

        def upload(body: bytes) -> None:
            with contextlib.closing(httpx.Client(headers=api.admin.headers, timeout=30, trust_env=False)) as client:
                status = 503
                while status == 503:
                    status = client.post(f"{api.origin}{URL}", params={"name": "raced"}, content=body).status_code
                found.append(status)

        threads = [threading.Thread(target=upload, args=(body,)) for body in bodies * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(found) == [200, 201, 409, 409, 409, 409]
