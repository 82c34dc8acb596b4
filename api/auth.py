"""Who is asking: a key, a page's session or a read-only link, looked up before any route is. Without one, everything but PUBLIC is closed."""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import quote, urlsplit

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import sharing
from api.addresses import is_page
from api.problems import Forbidden, Unauthorized
from api.sharing import Asked
from store import keys, shares
from store.database import Database

# All there is to see without a key: health, sign-in, and the page's empty shell. A test holds this list against the routes.
TELEMETRY = frozenset(f"/sdk/otel/v1/{kind}" for kind in ("logs", "metrics", "traces"))  # the wandb SDK sends its own without a key
PUBLIC = frozenset({"/healthz", "/readyz", "/login", "/authorize", "/static/app.css"})
SIGNED = ("/storage/", "/share/")  # what is below is had by an address with a proof of its own: api/wandb/links.py, api/routes/shares.py
ASSETS = "/assets/"  # files of the page, the same for everybody
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE = "runtwice_session"
LINKS_COOKIE = "runtwice_links"  # texts of read-only links, the last one opened first
MOST_LINKS = 5
SESSION_S = 14 * 24 * 3600.0
RANKS = {"viewer": 0, "member": 1, "admin": 2}
MOST_CHARACTERS = 512
MOST_TARGET = 1900
KNOWN_S = 0.5
MOST_KNOWN = 1000


Kind = Literal["key", "session", "link"]


@dataclass(frozen=True)
class Caller:
    """Whoever sent the request. `entity` null reaches every entity; `secret` is the text of the key, session or link and must not be kept."""

    key_id: str
    role: str
    entity: str | None
    secret: str
    kind: Kind

    def may_see(self, entity: str | None) -> bool:
        return self.entity is None or self.entity == entity

    def must_be(self, role: str) -> None:
        """Raises Forbidden."""
        if RANKS[self.role] < RANKS[role]:
            raise Forbidden(f"This needs the role {role}; the key's role is {self.role}.")

    def __repr__(self) -> str:
        return f"Caller({self.key_id}, {self.role}, {self.entity})"


class KnownCallers:
    """Callers whose key was looked up within the last half second: a key that is revoked is refused within a second everywhere, and here at once."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[float, Caller]] = {}

    def get(self, key: str) -> Caller | None:
        until, caller = self._until.get(key, (0.0, None))
        return caller if time.monotonic() < until else None

    def keep(self, caller: Caller) -> None:
        if len(self._until) >= MOST_KNOWN:
            self._until.clear()
        self._until[caller.secret] = (time.monotonic() + KNOWN_S, caller)

    def forget(self) -> None:
        """Look every key up again: one was revoked."""
        self._until.clear()


class Gate:
    """Middleware that lets a request in with a valid key or session, which it then names in scope["caller"]."""

    def __init__(self, app: ASGIApp, db: Callable[[], Database], known: KnownCallers, origins: frozenset[str]) -> None:
        self.app = app
        self.db = db
        self.origins = origins
        self.known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_open(scope["path"]):
            try:
                scope["caller"] = await self._caller(scope)
            except Unauthorized:
                if not is_visit(scope):
                    raise
                await _to_sign_in(scope)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        headers = Headers(scope=scope)
        kind, secret = _credentials(headers)
        if len(secret) > MOST_CHARACTERS or not (secret or (kind == "session" and links_of(headers))):
            raise _unauthorized(kind, "")
        caller = self.known.get(secret) if kind == "key" else None
        if caller is None:
            links = links_of(headers) if kind == "session" else []
            asked = Asked(scope["method"], scope["path"], scope["query_string"])
            caller = await anyio.to_thread.run_sync(self._look_up, kind, secret, links, asked)
            if caller is None:
                raise _unauthorized(kind, secret)
            if kind == "key":
                self.known.keep(caller)
        if caller.kind == "session" and scope["method"] not in SAFE:
            must_be_own_page(headers, self.origins, needed=True)
        return caller

    def _look_up(self, kind: Kind, secret: str, links: list[str], asked: Asked) -> Caller | None:
        """Who signed in goes before who opened a link. Raises NotFound, Problem 404 for what a link does not open."""
        with self.db().read() as session:
            key = keys.authenticate(session, secret) if kind == "key" else keys.of_session(session, secret) if secret else None
            if key is not None:
                return Caller(key.id, key.role, key.entity, secret, kind)
            good = [(text, link) for text in links if (link := shares.find(session, text))]
            if not good:
                return None
            admitted = sharing.admit(session, [link for _, link in good], asked)
            text = next(text for text, link in good if link is admitted)
            return Caller(f"link {admitted.share.id}", "viewer", admitted.project.entity, text, "link")


def is_open(path: str) -> bool:
    """Whether an address answers without a key: what is public, what asks for a signature of its own, and what takes anything and keeps nothing."""
    return path in PUBLIC or path in TELEMETRY or path.startswith((*SIGNED, ASSETS))


def is_visit(scope: Scope) -> bool:
    """Whether a browser goes to an address of the page, rather than a program asking for data."""
    if scope["method"] not in ("GET", "HEAD") or not is_page(scope["path"]):
        return False
    headers = Headers(scope=scope)
    return "text/html" in headers.get("accept", "") and "authorization" not in headers


def _to_sign_in(scope: Scope) -> Response:
    """The sign-in page, which leads back."""
    query = scope["query_string"].decode("latin-1")
    target = quote(quote(scope["path"]) + (f"?{query}" if query else ""), safe="")
    return Response(status_code=303, headers={"Location": f"/login?next={target}" if len(target) <= MOST_TARGET else "/login"})


def _unauthorized(kind: Kind, secret: str) -> Unauthorized:
    if not secret:
        return Unauthorized("This needs a key: Authorization: Bearer <key>, or Basic with the key as the password.")
    return Unauthorized("The session has ended; sign in again." if kind == "session" else "This key is not known, or no longer valid.")


def must_be_own_page(headers: Headers, origins: frozenset[str], *, needed: bool) -> None:
    """Nothing for a request that our own page sent. Raises Forbidden for another site's, and for one without an Origin when it is `needed`."""
    origin = headers.get("origin")
    if origin is None and not needed:
        return
    own = origin is not None and (origin in origins or _is_host(origin, headers.get("host", "")))
    if not own or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Forbidden("Another site sent this request; a session is good for Runtwice's own page only.")


def session_of(headers: Headers) -> str:
    """The text of the session cookie; empty without one."""
    return _cookie(headers, COOKIE)


def links_of(headers: Headers) -> list[str]:
    """The texts of the links that were opened here, the last one first."""
    return [text for text in _cookie(headers, LINKS_COOKIE)[:MOST_CHARACTERS].split(".") if text][:MOST_LINKS]


def _cookie(headers: Headers, name: str) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _credentials(headers: Headers) -> tuple[Kind, str]:
    given = headers.getlist("authorization")
    if given:
        return "key", _key_of(given[0]) if len(given) == 1 else ""
    return "session", session_of(headers)


def _key_of(authorization: str) -> str:
    """The key in an Authorization header: a Bearer token, or the password of Basic authentication (RFC 7617), whatever the user."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(text.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _is_host(origin: str, host: str) -> bool:
    """Whether the origin is the very host the request was sent to, which the Host check has admitted."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and parts.netloc.lower() == host.lower()
