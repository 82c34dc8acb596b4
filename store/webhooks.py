"""Who is told of a project's verdicts and alerts, and what is still to be told: the outbox is written with them, so none is lost."""

import json
import random
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from store.database import now
from store.errors import NotFound
from store.ids import new_id
from store.moments import rfc3339
from store.tables import AutomaticRerun, Delivery, Project, Run, Verdict, Webhook

FIRST_PAUSE_S, LONGEST_PAUSE_S, MOST_TRIES = 2.0, 3600.0, 14  # given up after about seven hours
KEPT_S = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Parcel:
    """One try at a delivery."""

    rerun_id: str
    id: str
    url: str
    secret: str
    body: str
    tries: int
    event: str


def get(session: Session, project: Project) -> Webhook:
    """Raises NotFound."""
    webhook = session.get(Webhook, project.id)
    if webhook is None:
        raise NotFound("webhook of project", project.path)
    return webhook


def put(session: Session, project: Project, url: str, secret: str | None) -> tuple[Webhook, bool]:
    """The webhook, and whether its secret was made just now: without one given the one it has is kept."""
    held = session.get(Webhook, project.id) or Webhook(project_id=project.id, secret="")
    is_new = not (secret or held.secret)
    held.url, held.secret = url, secret or held.secret or secrets.token_urlsafe(32)
    held.set_at = session.scalar(select(now())) or 0.0
    session.add(held)
    session.flush()
    return held, is_new


def remove(session: Session, project: Project) -> None:
    """Raises NotFound. What was still to be told is given up."""
    session.delete(get(session, project))
    waiting = update(Delivery).where(Delivery.project_id == project.id, Delivery.state == "waiting")
    session.execute(waiting.values(state="given_up", error="The webhook was removed."), execution_options={"synchronize_session": False})


def announce(session: Session, rerun: Run, verdict: Verdict) -> None:
    """Put the verdict into the outbox, in the transaction that keeps it; nothing for a project without a webhook."""
    made = session.get(AutomaticRerun, rerun.id)
    told = {"automatic": None if made is None else made.cause, "verdict": {**verdict.document, "judged_at": rfc3339(verdict.judged_at)}}
    put_out(session, rerun, session.get_one(Run, verdict.original_id), "verdict", told)


def put_out(session: Session, run: Run, original: Run, event: str, said: dict[str, Any]) -> None:
    """Put something of a run into the outbox; nothing for a project without a webhook."""
    if session.get(Webhook, run.project_id) is None:
        return
    number = new_id()
    told = {"event": event, "delivery": number, "project": run.project.path, **said}
    moment = session.scalar(select(now())) or 0.0
    delivery = Delivery(rerun_id=run.id, id=number, original_id=original.id, project_id=run.project_id, body=json.dumps(told))
    delivery.event = None if event == "verdict" else event
    delivery.state, delivery.tries, delivery.due, delivery.created_at = "waiting", 0, moment, moment
    session.add(delivery)
    session.flush()


def is_due(session: Session) -> bool:
    return session.scalar(select(Delivery.id).where(*_due()).limit(1)) is not None


def take(session: Session, limit: int, for_s: float) -> list[Parcel]:
    """Deliveries to try now. Should whoever takes them die, they are due again after `for_s`: told twice perhaps, never not at all."""
    due = select(Delivery, Webhook).join(Webhook, Webhook.project_id == Delivery.project_id)
    due = due.where(*_due()).order_by(Delivery.due).limit(limit)
    parcels = []
    for delivery, webhook in session.execute(due.with_for_update(skip_locked=True, of=Delivery)):
        delivery.tries, delivery.tried_at = delivery.tries + 1, session.scalar(select(now()))
        delivery.due = (delivery.tried_at or 0.0) + for_s
        parcels.append(
            Parcel(delivery.rerun_id, delivery.id, webhook.url, webhook.secret, delivery.body, delivery.tries, delivery.event or "verdict")
        )
    return parcels


def settle(session: Session, parcel: Parcel, status: int | None, error: str | None) -> str:
    """What became of the delivery: `delivered`, `waiting` for its next try, or `given_up`. Its body is not kept longer than it is needed."""
    delivery = session.get(Delivery, (parcel.rerun_id, parcel.id), with_for_update=True)
    if delivery is None or delivery.state != "waiting":
        return "gone" if delivery is None else delivery.state
    delivery.status, delivery.error = status, error
    if error is None:
        delivery.state, delivery.body = "delivered", ""
    elif delivery.tries >= MOST_TRIES:
        delivery.state, delivery.body = "given_up", ""
    else:
        delivery.due = (session.scalar(select(now())) or 0.0) + pause_s(delivery.tries)
    session.flush()
    return delivery.state


def pause_s(tries: int) -> float:
    """How long to wait after so many tries: three times as long each, and not for all that failed together at the same moment."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 3 ** (tries - 1))) * random.uniform(0.8, 1.2)  # noqa: S311


def history(session: Session, project: Project, limit: int) -> list[Delivery]:
    """Newest first."""
    mine = select(Delivery).where(Delivery.project_id == project.id, _stands())
    return list(session.scalars(mine.order_by(Delivery.created_at.desc(), Delivery.id).limit(limit)))


def forget_old(session: Session) -> None:
    old = delete(Delivery).where(Delivery.state != "waiting", Delivery.created_at < now() - KEPT_S)
    session.execute(old, execution_options={"synchronize_session": False})


def _due() -> list[ColumnElement[bool]]:
    return [Delivery.state == "waiting", Delivery.due <= now(), _stands()]


def _stands() -> ColumnElement[bool]:
    """Of a delivery: that what it tells of is still there. When either of two runs, or the one that raised an alert, is deleted, it is not."""
    judged = exists().where(Verdict.rerun_id == Delivery.rerun_id, Verdict.original_id == Delivery.original_id)
    raised = exists().where(Run.id == Delivery.rerun_id, Run.project_id == Delivery.project_id)
    return or_(judged, Delivery.event.is_not(None) & raised)
