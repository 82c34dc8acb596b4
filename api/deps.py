"""What a route asks for: the service's parts and who is calling, by the role that the route needs."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import Depends, Header
from fastapi.params import Depends as DependsMarker
from starlette.requests import Request

from api.auth import Caller
from api.idempotency import Once
from api.parts import Parts
from store import datasets
from trainer import catalog
from trainer.catalog import DatasetShape


async def _parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


def _at_least(role: str) -> Any:
    async def caller(request: Request) -> Caller:
        found: Caller = request.scope["caller"]
        found.must_be(role)
        return found

    caller.role = role  # type: ignore[attr-defined]
    return Depends(caller)


def role_needed(dependency: DependsMarker) -> str | None:
    return getattr(dependency.dependency, "role", None)


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(max_length=255, pattern=r"^[\x21-\x7e]+$", description="Sent again with the same body, the first answer comes back.")
    ] = None,
) -> Once | None:
    if idempotency_key is None:
        return None
    caller: Caller = request.scope["caller"]
    return Once.of(caller.key_id, request.method, request.url.path, request.url.query, idempotency_key, await request.body())


async def _datasets_known(request: Request) -> None:
    """The data sets that a config in the body may name: the body is read after this, in the same task."""
    parts: Parts = request.app.state.parts

    def look() -> list[DatasetShape]:
        with parts.db.read() as session:
            return datasets.shapes(session)

    catalog.make_known(await to_thread.run_sync(look))


# For routes whose body holds a config.
TakesConfig = Depends(_datasets_known)
Service = Annotated[Parts, Depends(_parts)]
Viewer = Annotated[Caller, _at_least("viewer")]
Member = Annotated[Caller, _at_least("member")]
Admin = Annotated[Caller, _at_least("admin")]
Idempotency = Annotated[Once | None, Depends(_once)]
