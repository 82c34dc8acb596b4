"""The page as it was built from web/: its files, public and without data, and the one document that every address of the page answers with."""

import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from anyio import to_thread
from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from api.problems import Problem
from api.services.links import elsewhere
from api.services.names import RESERVED

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self' blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ASSETS = "/assets/"
KINDS = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
PACKINGS = {"br": "br", "gzip": "gz"}  # by Content-Encoding, the end of the file's name; preferred ones first
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}

PROJECT = "/{entity}/{project}"
PAGES = (
    *("/", "/submit", "/lab", "/nodes", "/inbox", "/settings", "/docs", "/docs/{guide:path}", PROJECT),
    *(PROJECT + below for below in ("/compare", "/reproducibility", "/studies", "/studies/{study}", "/runs/{run}", "/sweeps", "/sweeps/{sweep}")),
)


@dataclass(frozen=True)
class BuiltFile:
    """A file of the page, plain and packed."""

    bytes_by_encoding: Mapping[str, bytes]
    media_type: str
    etag: str

    def answer(self, headers: Headers, said: Mapping[str, str]) -> Response:
        """304 to whoever has it, else the smallest form that is accepted."""
        said = {**said, "ETag": self.etag}
        if self.etag in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=said)
        accepted = headers.get("accept-encoding", "")
        for encoding in PACKINGS:
            if encoding in accepted and encoding in self.bytes_by_encoding:
                return Response(self.bytes_by_encoding[encoding], headers={**said, "Content-Encoding": encoding}, media_type=self.media_type)
        return Response(self.bytes_by_encoding["identity"], headers=said, media_type=self.media_type)


@router.get(ASSETS + "{name}")
async def asset(name: str, request: Request) -> Response:
    """A file with its content's hash in its name. The name is looked up among those that were built, never opened."""
    found = built().get(f"assets/{name}")
    if found is None:
        raise Problem(404, "The page has no such file.")
    return found.answer(request.headers, FOR_EVER)


@router.get("/static/app.css")
async def style() -> Response:
    return static("app.css")


async def page(request: Request) -> Response:
    """The page's document, whatever its address is about: what it shows is asked for by the page itself. A run may be named by its external id."""
    if request.path_params.get("entity") in RESERVED:
        raise Problem(404, f"There is nothing at {request.url.path[:200]}.")
    if "run" in request.path_params:
        target = await to_thread.run_sync(elsewhere, request.app.state.parts, request.scope["caller"], request.scope["path"])
        if target is not None:
            return Response(status_code=303, headers={"Location": target})
    document = built().get("index.html")
    if document is None:
        return static("unbuilt.html", 503)
    return document.answer(request.headers, {**HEADERS, "Vary": "Accept-Encoding"})


for address in PAGES:
    router.add_api_route(address, page, methods=["GET"])


@cache
def built() -> Mapping[str, BuiltFile]:
    """Every file of the built page by its path in it; empty when it was not built."""
    root = files("api").joinpath("static", "page")
    found = {"index.html": root.joinpath("index.html")} if root.joinpath("index.html").is_file() else {}
    if found:
        found |= {f"assets/{file.name}": file for file in root.joinpath("assets").iterdir()}
    return {name: _built_file(name, found) for name in found if name.rpartition(".")[2] in KINDS}


def _built_file(name: str, found: Mapping[str, Traversable]) -> BuiltFile:
    plain = found[name].read_bytes()
    folder = files("api").joinpath("static", "page")
    packed = {encoding: folder.joinpath(f"{name}.{end}") for encoding, end in PACKINGS.items()}
    forms = {encoding: file.read_bytes() for encoding, file in packed.items() if file.is_file()}
    return BuiltFile({**forms, "identity": plain}, KINDS[name.rpartition(".")[2]], f'"{hashlib.sha256(plain).hexdigest()[:32]}"')


def notice(title: str, *paragraphs: str, status: int = 200) -> Response:
    """A small page that needs no script; `paragraphs` are HTML."""
    body = "\n  ".join(f"<p>{each}</p>" for each in paragraphs)
    text = content("notice.html").decode().format(title=html.escape(title), body=body)
    return Response(text, status, {**HEADERS, "Cache-Control": "no-store"}, KINDS["html"])


def static(name: str, status: int = 200) -> Response:
    return Response(content(name), status, headers=HEADERS, media_type=KINDS[name.rpartition(".")[2]])


@cache
def content(name: str) -> bytes:
    return files("api").joinpath("static", name).read_bytes()
