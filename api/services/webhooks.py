"""Whom a project tells of its verdicts, and what became of each telling."""

import ipaddress
from urllib.parse import urlsplit

from api.answers import rfc3339, rfc3339_or_null
from api.auth import Caller
from api.parts import Parts
from api.problems import InvalidValue
from api.schemas.reproducibility import DeliveryShown, WebhookBody, WebhookShown
from api.services import names
from store import webhooks
from store.tables import Delivery
from worker.postman import is_outside

MOST_SHOWN = 100


def show(parts: Parts, caller: Caller, entity: str, name: str) -> WebhookShown:
    """Raises ProjectNotFound, NotFound without one."""
    with parts.db.read() as session:
        held = webhooks.get(session, names.get(session, caller, entity, name))
        return {"url": held.url, "set_at": rfc3339(held.set_at), "secret": None}


def put(parts: Parts, caller: Caller, entity: str, name: str, body: WebhookBody) -> WebhookShown:
    """The webhook; the project is made when there is none. Raises ProjectNotFound, InvalidValue for a URL that can never be called."""
    _must_be_callable(body.url, parts.settings.webhooks_to_private)
    with parts.db.begin() as session:
        project = names.find_or_add(session, caller, parts.settings, f"{entity}/{name}")
        held, is_new = webhooks.put(session, project, body.url, body.secret)
        return {"url": held.url, "set_at": rfc3339(held.set_at), "secret": held.secret if is_new else None}


def remove(parts: Parts, caller: Caller, entity: str, name: str) -> None:
    """Raises ProjectNotFound, NotFound without one."""
    with parts.db.begin() as session:
        webhooks.remove(session, names.get(session, caller, entity, name))


def deliveries(parts: Parts, caller: Caller, entity: str, name: str) -> list[DeliveryShown]:
    """The last hundred, newest first. Raises ProjectNotFound."""
    with parts.db.read() as session:
        return [_shown(found) for found in webhooks.history(session, names.get(session, caller, entity, name), MOST_SHOWN)]


def _shown(found: Delivery) -> DeliveryShown:
    return {
        "id": found.id,
        "event": found.event or "verdict",  # type: ignore[typeddict-item]
        "rerun": found.rerun_id,
        "original": found.original_id,
        "state": found.state,  # type: ignore[typeddict-item]
        "tries": found.tries,
        "created_at": rfc3339(found.created_at),
        "tried_at": rfc3339_or_null(found.tried_at),
        "next_try_at": rfc3339(found.due) if found.state == "waiting" else None,
        "status": found.status,
        "error": found.error,
    }


def _must_be_callable(url: str, to_private: bool) -> None:
    """What can be said of the URL itself; where its name leads is looked at whenever it is called. Raises InvalidValue."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidValue("/url", f"takes a URL, http://... or https://...; {error}") from error
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidValue("/url", "takes a URL, http://... or https://..., in ASCII and without spaces")
    if parts.username is not None or parts.password is not None:
        raise InvalidValue("/url", "takes a URL without a user name and password: what is sent is signed with the secret instead")
    if not to_private and _is_inside(host):
        raise InvalidValue("/url", f"takes an address outside; {host} is inside, which only the operator can allow (RUNTWICE_WEBHOOKS_TO_PRIVATE)")


def _is_inside(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return not is_outside(host)
