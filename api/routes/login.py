"""Signing in to the page: a one-time link or a key becomes a session cookie."""

import html
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qs

from anyio import to_thread
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import hosts, strict_json
from api.auth import COOKIE, SESSION_S, must_be_own_page, session_of
from api.deps import Service, Viewer
from api.page import HEADERS, content
from api.parts import Parts
from api.problems import Problem, Unauthorized
from api.strict_route import StrictRoute
from store import keys

router = APIRouter(tags=["sign-in"], route_class=StrictRoute)

SAME_SITE_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")
REFUSED = "This link or key is not valid: a link works once and for a short time."
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {name: {"type": "string"} for name in ("token", "key", "next")}},
                "example": {"key": "rt-..."},
            }
        },
    }
}
HTML: dict[int | str, dict[str, Any]] = {200: {"description": "The page", "content": {"text/html": {"example": "<!doctype html>..."}}}}
SEE_OTHER: dict[int | str, dict[str, Any]] = {303: {"description": "Signed in; Location is where to go on"}}


@router.get(
    "/login", summary="The sign-in page; a link's token is used up only by its button", response_model=None, response_class=Response, responses=HTML
)
async def ask(token: Annotated[str, Query(max_length=200)] = "", next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    return _page(token, next, "")


@router.post(
    "/login",
    summary="Sign in by a link's token or a key",
    status_code=303,
    response_model=None,
    response_class=Response,
    openapi_extra=FORM,
    responses=SEE_OTHER,
)
async def sign_in(request: Request, parts: Service) -> Response:
    must_be_own_page(request.headers, hosts.origins(parts.settings), needed=False)
    fields = await _fields(request)
    target = fields.get("next", "/")
    session = await to_thread.run_sync(_open_session, parts, fields.get("token", "").strip(), fields.get("key", "").strip())
    if session is None:
        if "text/html" in request.headers.get("accept", ""):
            return _page("", target, REFUSED, 401)
        raise Unauthorized(REFUSED)
    response = Response(status_code=303, headers={"Location": target if SAME_SITE_PATH.fullmatch(target) else "/"})
    secure = parts.settings.url.startswith("https://")
    response.set_cookie(COOKIE, session, max_age=int(SESSION_S), httponly=True, samesite="lax", secure=secure, path="/")
    return response


@router.post(
    "/logout",
    summary="End the session",
    status_code=303,
    response_model=None,
    response_class=Response,
    responses={303: {"description": "Signed out"}},
)
def sign_out(request: Request, parts: Service, caller: Viewer) -> Response:
    with parts.db.begin() as session:
        keys.end_session(session, session_of(request.headers))
    response = Response(status_code=303, headers={"Location": "/login"})
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return response


def _open_session(parts: Parts, token: str, key_text: str) -> str | None:
    """The text of a new session; None for a token or key that is not valid."""
    if not token:
        with parts.db.read() as session:  # guesses take no lock
            if keys.authenticate(session, key_text) is None:
                return None
    with parts.db.begin() as session:
        key = keys.redeem_signin(session, token) if token else keys.authenticate(session, key_text)
        return None if key is None else keys.new_ticket(session, key, "session", SESSION_S)


async def _fields(request: Request) -> Mapping[str, str]:
    kind, body = strict_json.media_type(request), await request.body()
    if kind == "application/json":
        given = strict_json.loads(body)
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise Problem(422, "Sign-in takes an object with a token or a key, and next, each a string.")
        return given
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "Sign-in takes application/x-www-form-urlencoded or application/json.")
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=10).items()}
    except ValueError as error:
        raise Problem(400, "The form cannot be read.") from error


def _page(token: str, target: str, sentence: str, status: int = 200) -> Response:
    """The sign-in page, with the one field that is needed: nothing but a button when the link brought a token."""
    field = (
        f'<input type="hidden" name="token" value="{html.escape(token)}">'
        if token
        else '<label>Key <input name="key" type="password" autocomplete="current-password" required autofocus></label>'
    )
    text = content("login.html").decode().format(field=field, next=html.escape(target), sentence=html.escape(sentence))
    return Response(text, status, {**HEADERS, "Cache-Control": "no-store"}, "text/html; charset=utf-8")
