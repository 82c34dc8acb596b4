"""The inbox: shown, marked as read, followed."""

from dataclasses import dataclass
from typing import Any

from api import addresses, paging
from api.answers import rfc3339
from api.auth import Caller
from api.hub import ANYTHING, Follower
from api.parts import Parts
from api.schemas.inbox import Inbox, InboxItem, Unread
from api.streams import EventStream, Piece, event
from store import inbox
from store.inbox import ALERTED, JUDGED, MOST_UNREAD, STUDIED, Item, Place

LIST = "inbox"  # an item's id is its place as a cursor has it
LONGEST_TEXT = 500
EVERY_S = 2.0
_KINDS = {JUDGED: "verdict", ALERTED: "alert", STUDIED: "study"}  # of the others the run's state


@dataclass(frozen=True)
class Standing:
    """Up to where all was told, and how many were unread then."""

    place: Place
    unread: int | None


def listing(parts: Parts, caller: Caller, after: str | None, limit: int, cursor: str | None) -> Inbox:
    """Newest first. Raises Problem 400 for a bad id or cursor."""
    newer, older = _place(after), _place(cursor)
    with parts.db.read() as session:
        found, last = paging.split(inbox.items(session, caller.key_id, limit + 1, before=older, after=newer), limit)
        read = inbox.read_up_to(session, caller.key_id)
        unread = inbox.unread(session, caller.key_id)
    return {"items": [shown(item, read) for item in found], "next_cursor": _id(last.place) if last else None, "unread": unread}


def mark_read(parts: Parts, caller: Caller, up_to: str) -> Unread:
    """Raises Problem 400 for a bad id."""
    place = _place(up_to)
    with parts.db.begin() as session:
        if place is not None:
            inbox.mark_read(session, caller.key_id, place)
        return {"unread": inbox.unread(session, caller.key_id)}


def follow(parts: Parts, caller: Caller, last_id: str | None) -> EventStream[Standing]:
    """The caller's items after the one with that id, oldest first; from now on without one. Raises Problem 400."""
    place = _place(last_id)
    if place is None:
        with parts.db.read() as session:
            newest = inbox.items(session, caller.key_id, 1)
        place = newest[0].place if newest else inbox.BEGINNING

    async def read(at: Standing) -> Piece[Standing]:
        found: Piece[Standing] = await parts.shared.read((LIST, caller.key_id, at), lambda: _piece(parts, caller.key_id, at))
        return found

    return EventStream(parts.hub, Follower(ANYTHING, caller), read, Standing(place, None), EVERY_S)


def shown(item: Item, read: Place) -> InboxItem:
    place = item.place
    of_study = place.kind == STUDIED
    return {
        "id": _id(place),
        "kind": _KINDS.get(place.kind, item.mark),  # type: ignore[typeddict-item]
        "run": None if of_study else place.run_id,
        "study": place.run_id if of_study else None,
        "project": item.project,
        "name": item.name,
        "text": _text(item)[:LONGEST_TEXT],
        "outcome": item.mark if place.kind == JUDGED else None,  # type: ignore[typeddict-item]
        "level": item.mark if place.kind == ALERTED else None,  # type: ignore[typeddict-item]
        "at": rfc3339(place.at),
        "read": place <= read,
        "address": (addresses.of_study if of_study else addresses.of_run)(item.project, place.run_id),
    }


def _piece(parts: Parts, key_id: str, at: Standing) -> Piece[Standing]:
    """The newest of what is new, at most MOST_UNREAD; the number of unread items when it is another one."""
    with parts.db.read() as session:
        found = inbox.items(session, key_id, MOST_UNREAD, after=at.place)
        read = inbox.read_up_to(session, key_id)
        unread = inbox.unread(session, key_id)
    told: list[Any] = [event("item", shown(item, read), _id(item.place)) for item in reversed(found)]
    if unread != at.unread:
        told.append(event("unread", {"unread": unread}))
    return Piece(told, Standing(found[0].place if found else at.place, unread), True)


def _text(item: Item) -> str:
    if item.place.kind in (JUDGED, ALERTED):
        title, _, text = item.words.partition("\n")
        return f"{title}: {text}" if text else title
    if item.place.kind == STUDIED:
        runs = "its run" if item.runs == 1 else f"all {item.runs:,} runs"
        return f"{runs.capitalize()} ended in {_duration(item.took_s or 0.0)}{f', {item.failed:,} failed' if item.failed else ''}."
    if item.mark == "finished":
        return "Finished." if item.took_s is None else f"Finished after {_duration(item.took_s)}."
    return f"{item.mark.capitalize()}: {item.words or 'it does not say why'}."


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _id(place: Place) -> str:
    return paging.encode(LIST, *place)


def _place(text: str | None) -> Place | None:
    """Raises Problem 400."""
    found = paging.decode(text, LIST, float, int, str, str)
    if found is None:
        return None
    place = Place(*found)
    if place.kind == ALERTED and not (place.part.isascii() and place.part.isdigit() and len(place.part) < 19):
        raise paging.bad_cursor()
    return place
