"""What a run logged that is no number, as the wandb SDK's stream brings it, for a page to show."""

import json
from typing import Any

import pytest

IMAGE = {
    "_type": "image-file",
    "path": "media/images/a_0_1.png",
    "width": 3,
    "height": 2,
    "format": "png",
    "caption": "one",
    "sha256": "x",
    "size": 4,
}
SEVERAL = {
    "_type": "images/separated",
    "filenames": ["media/images/b_0.png", "media/images/b_1.png"],
    "captions": ["left", None],
    "width": 3,
    "count": 2,
}
TABLE = {"_type": "table-file", "path": "media/table/t.table.json", "nrows": 2, "ncols": 5, "artifact_path": "wandb-client-artifact://x/t.table.json"}
PAGES = {
    "_type": "html",
    "count": 2,
    "html": [{"_type": "html-file", "path": "media/html/p0.html"}, {"_type": "html-file", "path": "media/html/p1.html"}],
}
MASKED = {**IMAGE, "masks": {"m": {"_type": "mask", "path": "media/images/mask/m.png"}}, "boxes": {"p": {"path": "media/metadata/b.json"}}}
HISTOGRAM = {"_type": "histogram", "bins": [0, 0.5, 1], "values": [3, 4]}
PACKED = {"_type": "histogram", "packedBins": {"min": -1, "size": 0.5, "count": 2}, "values": [3, 4]}


def log(api: Any, *rows: dict[str, Any], run: dict[str, Any] | None = None) -> dict[str, Any]:
    run = run or api.client_run()
    body = {"files": {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps(row) for row in rows]}}}
    api.admin.post(f"/files/{run['project']}/{run['external_id']}/file_stream", json=body).raise_for_status()
    return run


def media(api: Any, run: dict[str, Any], **asked: Any) -> dict[str, Any]:
    answer = api.admin.get(f"/api/v1/runs/{run['id']}/media", params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def places(found: dict[str, Any]) -> list[tuple[int, str, int]]:
    return [(item["step"], item["key"], item["index"]) for item in found["items"]]


class TestMedia:
    def test_are_shown_one_by_one_with_their_files(self, api: Any) -> None:
        run = log(api, {"loss": 1, "a": IMAGE, "b": SEVERAL, "t": TABLE, "p": PAGES, "words": "x"})
        sent = api.admin.put(f"/api/v1/runs/{run['id']}/artifacts/{IMAGE['path']}", content=b"\x89PNG")

        found = media(api, run)

        assert [(item["key"], item["index"], item["kind"], item["caption"]) for item in found["items"]] == [
            ("a", 0, "image", "one"),
            ("b", 0, "image", "left"),
            ("b", 1, "image", None),
            ("p", 0, "html", None),
            ("p", 1, "html", None),
            ("t", 0, "table", None),
        ]
        assert [item["path"] for item in found["items"]] == [
            IMAGE["path"],
            *SEVERAL["filenames"],
            "media/html/p0.html",
            "media/html/p1.html",
            TABLE["path"],
        ]
        first, second = found["items"][:2]
        assert (first["artifact"], first["size_bytes"], first["details"]) == (sent.json()["id"], 4, {"width": 3, "height": 2, "format": "png"})
        assert (second["artifact"], second["content"], found["items"][-1]["details"]) == (None, None, {"nrows": 2, "ncols": 5})
        assert found["keys"][0] == {"key": "a", "kind": "image", "count": 1}
        bytes_ = api.admin.get(first["content"])
        assert (bytes_.content, bytes_.headers["content-type"], bytes_.headers["content-security-policy"][:7]) == (b"\x89PNG", "image/png", "sandbox")

    @pytest.mark.parametrize(
        ("sent", "edges"), [pytest.param(HISTOGRAM, [0, 0.5, 1], id="by edges"), pytest.param(PACKED, [-1, -0.5, 0], id="of equal width")]
    )
    def test_of_histograms_have_edges_and_counts(self, api: Any, sent: dict[str, Any], edges: list[float]) -> None:
        (item,) = media(api, log(api, {"h": sent}))["items"]

        assert (item["kind"], item["histogram"]) == ("histogram", {"edges": edges, "counts": [3, 4]})

    def test_tell_of_masks_and_boxes(self, api: Any) -> None:
        (item,) = media(api, log(api, {"a": MASKED}))["items"]

        assert item["details"] | {"masks": {"m": "media/images/mask/m.png"}, "boxes": {"p": "media/metadata/b.json"}} == item["details"]

    def test_come_by_pages_by_key_by_kind_and_by_steps(self, api: Any) -> None:
        run = log(api, *({"a": IMAGE, "h": HISTOGRAM, "b": SEVERAL} for _ in range(10)))

        first = media(api, run, limit=5)
        rest = media(api, run, limit=1000, cursor=first["next_cursor"])

        every = [(step, key, index) for step in range(10) for key, index in (("a", 0), ("b", 0), ("b", 1), ("h", 0))]
        assert places(first) + places(rest) == every
        assert rest["next_cursor"] is None
        assert places(media(api, run, key="a")) == [(step, "a", 0) for step in range(10)]
        assert places(media(api, run, kind="histogram", **{"from": 3, "to": 4})) == [(3, "h", 0), (4, "h", 0)]
        assert places(media(api, run, key="nothing")) == []
        assert api.admin.get(f"/api/v1/runs/{run['id']}/media", params={"cursor": first["next_cursor"], "key": "a"}).status_code == 400

    def test_of_each_key_the_latest_can_be_asked_for(self, api: Any) -> None:
        run = log(api, {"a": IMAGE, "b": SEVERAL}, {"loss": 1}, {"b": SEVERAL, "h": HISTOGRAM}, {"loss": 0.5})

        assert places(media(api, run, latest=True)) == [(0, "a", 0), (2, "b", 0), (2, "b", 1), (2, "h", 0)]
        assert places(media(api, run, latest=True, to=1)) == [(0, "a", 0), (0, "b", 0), (0, "b", 1)]

    @pytest.mark.parametrize(
        "value",
        [
            {"_type": "histogram", "bins": [0, 1], "values": [1, 2, 3]},
            {"_type": "histogram", "bins": [0, "x"], "values": [1]},
            {"_type": "histogram", "packedBins": {"min": 1e999, "size": 1}, "values": [1]},
            {"_type": "histogram"},
            {"_type": 3, "path": "x"},
            {"_type": "map", "path": "x"},
        ],
    )
    def test_that_say_nothing_are_left_out(self, api: Any, value: dict[str, Any]) -> None:
        assert media(api, log(api, {"x": value, "a": IMAGE}))["items"][0]["key"] == "a"

    @pytest.mark.parametrize(
        "value",
        [
            {"_type": "image-file", "path": 3, "width": "wide", "height": 10**400, "caption": ["x"], "masks": [1], "boxes": {"p": 1}},
            {"_type": "images/separated", "filenames": [1, None, {}], "captions": 7},
            {"_type": "image-file", "path": "../../etc/passwd"},
            {"_type": "videos", "videos": [1, {"path": None}]},
            {"_type": "odd\ud800", "path": "\ud800"},
            {"_type": "x" * 1000},
        ],
    )
    def test_of_odd_forms_are_shown_without_a_file(self, api: Any, value: dict[str, Any]) -> None:
        found = media(api, log(api, {"x": value}))

        assert all(item["content"] is None for item in found["items"])

    def test_are_there_for_who_may_see_the_run(self, api: Any) -> None:
        run = log(api, {"a": IMAGE})

        assert api.as_role("viewer").get(f"/api/v1/runs/{run['id']}/media").status_code == 200
        assert api.as_role("viewer", "others").get(f"/api/v1/runs/{run['id']}/media").status_code == 404
        assert api.client().get(f"/api/v1/runs/{run['id']}/media").status_code == 401
        assert api.admin.get("/api/v1/runs/nobody/media").status_code == 404

    def test_a_run_of_points_has_none(self, api: Any) -> None:
        run = api.client_run()

        assert media(api, run) == {"items": [], "next_cursor": None, "keys": []}
