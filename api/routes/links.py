"""Addresses that the wandb SDK prints and that are no pages here, sent on to those that are; and where a key is to be had."""

from urllib.parse import quote

from fastapi import APIRouter
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from api.addresses import NO_PAGES
from api.auth import session_of
from api.deps import Service, Viewer
from api.page import notice
from api.problems import Problem
from api.services.links import elsewhere
from store import keys

router = APIRouter(include_in_schema=False)

KEYS = "/settings#keys"
HOW = (
    "A key is what the SDK and the command line sign in with.",
    f'<a href="/login?next={quote(KEYS, safe="")}">Sign in</a> to see your keys and make new ones.',
    "If you cannot sign in: <code>runtwice keys create</code> on the service's machine makes a key, <code>runtwice up</code> prints a link "
    "that signs you in once, and the first key stands in the data folder's <code>admin.key</code>. Elsewhere, ask who runs the service.",
)


class EntityConvertor(StringConvertor):
    """The first part of a page's address: nothing that answers programs is shadowed by a page."""

    regex = f"(?!(?:{'|'.join(sorted(NO_PAGES))})/)[^/]+"


register_url_convertor("entity", EntityConvertor())


@router.get("/authorize")
def authorize(request: Request, parts: Service) -> Response:
    """Where `wandb login` sends people."""
    with parts.db.read() as session:
        if keys.of_session(session, session_of(request.headers)) is not None:
            return Response(status_code=303, headers={"Location": KEYS})
    return notice("Get a key", *HOW)


@router.get("/{entity:entity}/{project}/{rest:path}")
def sdk_link(request: Request, parts: Service, caller: Viewer) -> Response:
    target = elsewhere(parts, caller, request.scope["path"])
    if target is None:
        raise Problem(404, "There is nothing at this address.")
    return Response(status_code=303, headers={"Location": target})
