"""Keys: made, listed without their text, changed, revoked."""

from fastapi import APIRouter
from starlette.responses import Response

from api import paging
from api.answers import document
from api.deps import Admin, Idempotency, Service
from api.paging import Cursor, Limit
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.others import KeyMinted, KeyPage, KeyPatch, KeyShown, NewKey
from api.services import keys as service
from api.strict_route import StrictRoute
from store import keys

router = APIRouter(prefix="/keys", tags=["keys"], route_class=StrictRoute)


@router.post("", summary="Make a key", openapi_extra=takes({"name": "ci", "role": "member"}), **answers(KeyMinted, examples.MINTED, 201))
def mint(parts: Service, caller: Admin, new: NewKey, once: Idempotency) -> Response:
    return service.mint(parts, caller, new, once).response()


@router.get("", summary="List keys", **answers(KeyPage, examples.page(examples.KEY)))
def listing(parts: Service, caller: Admin, limit: Limit = 100, cursor: Cursor = None) -> Response:
    after = paging.decode(cursor, "keys", float, str)
    with parts.db.read() as session:
        found, last = paging.split(keys.page(session, entity=caller.entity, after=after, limit=limit + 1), limit)
        items = [service.shown(key) for key in found]
    return document({"items": items, "next_cursor": paging.encode("keys", last.created_at, last.id) if last else None})


@router.patch("/{key_id}", summary="Rename a key, or change its role", openapi_extra=takes({"role": "member"}), **answers(KeyShown, examples.KEY))
def edit(parts: Service, caller: Admin, key_id: str, change: KeyPatch) -> Response:
    return document(service.edit(parts, caller, key_id, change))


@router.delete("/{key_id}", summary="Revoke a key", status_code=204, response_model=None)
def revoke(parts: Service, caller: Admin, key_id: str) -> Response:
    service.revoke(parts, caller, key_id)
    return Response(status_code=204)
