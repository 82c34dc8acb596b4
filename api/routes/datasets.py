"""Data sets: uploaded, listed, shown, deleted. They are shared by all projects."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from api import uploads
from api.answers import document
from api.deps import Admin, Member, Service, Viewer
from api.paging import Cursor, Limit, Total
from api.routes.describe import answers
from api.schemas.datasets import DatasetPage, DatasetShown
from api.services import datasets, thumbnails
from api.strict_route import StrictRoute
from trainer.content import NAME_WORDS

router = APIRouter(prefix="/datasets", tags=["datasets"], route_class=StrictRoute)

SHAPE = {"shape": [70000, 28, 28], "images": 70000, "height": 28, "width": 28, "channels": 1, "classes": 10}
EXAMPLE = {
    "name": "fashion-mnist",
    "digest": "8f0c3c9a1e1d0b0f4cf9c9b7f3a56a9bb0b4b0f7a7a4e5d1c5a1b1d2c3e4f506",
    **SHAPE,
    "counts": [7000] * 10,
    "parts": [60000, 10000],
    "size_bytes": 55440000,
    "uploaded": True,
    "created_at": "2026-11-23T20:30:01.123456Z",
}
FILES = {"type": "array", "items": {"type": "string", "format": "binary"}}
BYTES = {"schema": {"type": "string", "format": "binary"}, "example": "(the bytes of an .npz file)"}
FORM = {"schema": {"type": "object", "properties": {"images": FILES, "labels": FILES}}, "example": {"images": ["(IDX)"], "labels": ["(IDX)"]}}
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/octet-stream": BYTES, "multipart/form-data": FORM}}}
PNG: dict[int | str, dict[str, Any]] = {
    200: {"description": "A sheet", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}}}
}
ADDED = answers(DatasetShown, EXAMPLE, 201)
ADDED["responses"] |= answers(DatasetShown, EXAMPLE)["responses"]

Key = Annotated[str | None, Header(max_length=255, pattern=r"^[\x21-\x7e]+$", description="Sent again with the same body, the first answer comes.")]
Name = Annotated[str, Query(description=NAME_WORDS, examples=["fashion-mnist"])]


@router.post("", summary="Upload a data set: one npz file, or IDX files of images and labels", openapi_extra=BODY, **ADDED)
async def add(request: Request, parts: Service, caller: Member, name: Name, idempotency_key: Key = None) -> Response:
    datasets.must_be_free(name)
    with datasets.room_for_upload(parts) as folder:
        received = await uploads.receive(request, folder)
        once = datasets.once_for(request, caller, idempotency_key, received)
        answer = await to_thread.run_sync(datasets.add, parts, caller, name, received, once)
    return answer.response()


@router.get("", summary="List data sets", **answers(DatasetPage, {"items": [EXAMPLE], "next_cursor": None}))
def listing(parts: Service, caller: Viewer, limit: Limit = 100, cursor: Cursor = None, total: Total = False) -> Response:
    return document(datasets.listing(parts, limit, cursor, total))


@router.get("/{name}", summary="Show a data set", **answers(DatasetShown, EXAMPLE))
def show(parts: Service, caller: Viewer, name: str) -> Response:
    return document(datasets.show(parts, name))


@router.delete("/{name}", summary="Delete a data set that no run uses", status_code=204, response_model=None)
def delete(parts: Service, caller: Admin, name: str) -> Response:
    datasets.remove(parts, name)
    return Response(status_code=204)


@router.get("/{name}/thumbnails.png", summary="Show some images of each class", response_model=None, response_class=Response, responses=PNG)
def sheet(request: Request, parts: Service, caller: Viewer, name: str) -> Response:
    etag, png = thumbnails.sheet(parts, name, request.headers.get("if-none-match", ""))
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600"}
    return Response(status_code=304, headers=headers) if png is None else Response(png, 200, headers, "image/png")
