"""Telling webhooks of verdicts and alerts: at least once, signed, with patience, and never to an address inside unless the operator allows it.

What is sent goes to the very address that was looked up and checked, so a name cannot lead elsewhere in between; redirects are not followed, proxies
not asked, and of an answer only the head is read. One process at a time has the duty.
"""

import hashlib
import hmac
import ipaddress
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import structlog

from store import webhooks
from store.database import Database
from store.webhooks import Parcel
from worker.duty import DutyThread

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger(__name__)

DUTY = "postman"
AT_ONCE = 8
TRY_S = 10.0  # for all of a try: looking the name up, connecting, sending, the answer
TAKEN_FOR_S = 60.0
TIDY_EVERY_S = 3600.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotSent(Exception):
    """Why nothing was sent, or nothing came back."""


class PostmanThread(DutyThread):
    def __init__(self, db: Database, every_s: float, to_private: bool) -> None:
        super().__init__(db, DUTY, every_s, self._deliver, webhooks.is_due)
        self._db, self._to_private = db, to_private
        self._tidy_at = 0.0

    def _deliver(self, duty: DutyThread) -> None:
        while duty.goes_on() and deliver(self._db, self._to_private):
            continue
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_EVERY_S
            with self._db.begin() as session:
                webhooks.forget_old(session)


def deliver(db: Database, to_private: bool) -> int:
    """How many deliveries were tried just now, side by side. What is due next waits until then."""
    with db.begin() as session:
        parcels = webhooks.take(session, AT_ONCE, TAKEN_FOR_S)
    if parcels:
        tries = anyio.run(_send_all, parcels, to_private)
        for parcel, (status, error) in zip(parcels, tries, strict=True):
            with db.begin() as session:
                state = webhooks.settle(session, parcel, status, error)
            log.info("webhook", delivery=parcel.id, rerun=parcel.rerun_id, tries=parcel.tries, state=state, status=status, error=error)
    return len(parcels)


Try = tuple[int | None, str | None]


async def _send_all(parcels: list[Parcel], to_private: bool) -> list[Try]:
    tries: list[Try] = [(None, None)] * len(parcels)

    async def send_one(place: int, parcel: Parcel) -> None:
        tries[place] = await _send(parcel, to_private)

    async with anyio.create_task_group() as group:
        for place, parcel in enumerate(parcels):
            group.start_soon(send_one, place, parcel)
    return tries


async def _send(parcel: Parcel, to_private: bool) -> Try:
    """The answer's status, and what was wrong in words; None for what was taken."""
    import httpx

    try:
        with anyio.fail_after(TRY_S):
            target = await _target(parcel.url, to_private)
            async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TRY_S) as client:
                status = await _post(client, target, parcel)
    except TimeoutError:
        return None, f"No answer within {TRY_S:g} s."
    except NotSent as error:
        return None, str(error)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"[:500]
    return status, None if 200 <= status < 300 else f"The receiver answered {status}."


async def _post(client: "httpx.AsyncClient", target: "Target", parcel: Parcel) -> int:
    """The answer's status; its body is not read."""
    body = parcel.body.encode()
    headers = {
        "Host": target.host_header,
        "Content-Type": "application/json",
        "User-Agent": "Runtwice-Webhook",
        "Runtwice-Event": parcel.event,
        "Runtwice-Delivery": parcel.id,
        "Runtwice-Signature": signature(parcel.secret, int(time.time()), body),
    }
    async with client.stream("POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.host}) as answer:
        return answer.status_code


def signature(secret: str, at: int, body: bytes) -> str:
    """`t=<seconds since the epoch>,v1=<hex>`: HMAC-SHA256 of "t.body" by the secret, so that an old delivery cannot be sent again as a new one."""
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True)
class Target:
    """Where to connect, by number, and what to call it."""

    url: str
    host: str
    host_header: str


async def _target(url: str, to_private: bool) -> Target:
    """Raises NotSent for a URL that may not be called."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotSent("The URL is neither http nor https.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = await _address(parts.hostname, port, to_private)
    number = f"[{address}]" if ":" in address else address
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return Target(f"{parts.scheme}://{number}:{port}{path}", parts.hostname, parts.netloc)


async def _address(host: str, port: int, to_private: bool) -> str:
    """The first address of the name. All of them must be outside: one that is not shows what the name is for."""
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotSent(f"The name {host} is not known.") from error
    addresses = [str(entry[4][0]) for entry in found]
    inside = [address for address in addresses if not is_outside(address)]
    if not addresses or (inside and not to_private):
        raise NotSent(f"{host} is an address inside ({', '.join(inside)}), which webhooks may not call here (RUNTWICE_WEBHOOKS_TO_PRIVATE).")
    return addresses[0]


def is_outside(text: str) -> bool:
    """Whether a packet to this address leaves for the internet, whatever the address is wrapped in."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_outside(str(address.ipv4_mapped))
        if address.sixtofour is not None or address.teredo is not None or address in NAT64:
            return False
    return address.is_global and not address.is_multicast


NAT64 = ipaddress.ip_network("64:ff9b::/96")
