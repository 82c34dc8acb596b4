"""The page: for now a small static shell that lists the newest runs. The files are public and hold no data."""

import html
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}


@router.get("/")
async def index() -> Response:
    return static("index.html")


@router.get("/static/app.js")
async def script() -> Response:
    return static("app.js")


@router.get("/static/app.css")
async def style() -> Response:
    return static("app.css")


def notice(title: str, *paragraphs: str, status: int = 200) -> Response:
    """A small page that needs no script; `paragraphs` are HTML."""
    body = "\n  ".join(f"<p>{each}</p>" for each in paragraphs)
    text = content("notice.html").decode().format(title=html.escape(title), body=body)
    return Response(text, status, {**HEADERS, "Cache-Control": "no-store"}, TYPES["html"])


def static(name: str) -> Response:
    return Response(content(name), headers=HEADERS, media_type=TYPES[name.rpartition(".")[2]])


@cache
def content(name: str) -> bytes:
    return files("api").joinpath("static", name).read_bytes()
