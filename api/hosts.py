"""Answering only to names that are ours, so that no other site's name can be pointed at this service (DNS rebinding)."""

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem
from store.settings import Settings

_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
MOST_KNOWN = 100
ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104


class HostCheck:
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.names = names(settings)
        self._known: set[tuple[str, ...]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._check(tuple(Headers(scope=scope).getlist("host")))
        await self.app(scope, receive, send)

    def _check(self, hosts: tuple[str, ...]) -> None:
        if hosts in self._known:
            return
        self._look_at(hosts)
        if len(self._known) < MOST_KNOWN:
            self._known.add(hosts)

    def _look_at(self, hosts: tuple[str, ...]) -> None:
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None:
            raise Problem(400, "The request must carry one well-formed Host header.")
        name = match["name"].strip("[]").rstrip(".").lower()
        if "*" not in self.names and name not in self.names and not _is_loopback(name):
            raise Problem(421, f"This service does not answer to the name {name[:100]}; RUNTWICE_ALLOWED_HOSTS lists further names.")


def names(settings: Settings) -> frozenset[str]:
    """The host names answered to beside loopback, in lower case."""
    own = [urlsplit(settings.public_url).hostname or "", *(name.strip() for name in settings.allowed_hosts.split(","))]
    if settings.host not in ANY_ADDRESS:
        own.append(settings.host)
    return frozenset(name.lower().strip("[]") for name in own if name)


def origins(settings: Settings) -> frozenset[str]:
    """The origins of our own page, beside the host that a request names."""
    public = urlsplit(settings.url)
    return frozenset({f"{public.scheme}://{public.netloc}".lower()})


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def base_url(request: Request, settings: Settings) -> str:
    """Where this request reached us, without a trailing slash, for links in the answer: the public address, or the Host that was admitted."""
    return settings.url if settings.public_url else f"{request.url.scheme}://{request.headers['host']}"
