"""Every error as application/problem+json (RFC 9457): the one place that knows both what can go wrong and what HTTP calls it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy import exc as sql
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.pointers import FieldError, field_errors
from store.errors import Conflict, LeaseLost, NotFound

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
PASSING = (sql.OperationalError, sql.InterfaceError, sql.TimeoutError, sql.DisconnectionError)


class Problem(HTTPException):
    """An error that knows its status. As an HTTPException it also passes through FastAPI's reading of a body."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        type: str = "about:blank",
        title: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.type = type
        self.title = title or HTTPStatus(status).phrase
        self.errors = list(errors)
        self.more = more


class InvalidValue(Problem):
    """422 for one field, named by its JSON pointer."""

    def __init__(self, pointer: str, detail: str, **more: Any) -> None:
        super().__init__(422, detail, errors=[FieldError(pointer, detail)], **more)


class Unauthorized(Problem):
    def __init__(self, detail: str) -> None:
        super().__init__(401, detail, headers={"WWW-Authenticate": 'Bearer realm="runtwice"'})


class Forbidden(Problem):
    def __init__(self, detail: str) -> None:
        super().__init__(403, detail)


def refused_config(error: ValidationError, body: Any, prefix: str = "") -> Problem:
    """422 for a value that pydantic refused; `prefix` is the pointer to where it stands in the body."""
    errors = field_errors(error.errors(include_url=False, include_context=True), body, prefix)
    return Problem(422, _in_one_sentence(errors), errors=errors)


def problem_for(error: Exception) -> Problem:
    """What the caller is told. Anything unforeseen is 500 without details: they stand in the log, under the request's id."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return _refused_request(error)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _http_detail(error), headers=error.headers)
    if isinstance(error, NotFound):
        return Problem(404, str(error))
    if isinstance(error, Conflict | LeaseLost):
        return Problem(409, str(error))
    if isinstance(error, sql.IntegrityError):
        return Problem(409, "Another request changed the same thing at the same time; try again.")
    if isinstance(error, PASSING) or (isinstance(error, sql.DBAPIError) and error.connection_invalidated):
        return Problem(503, "The database does not answer just now; try again.", headers={"Retry-After": str(RETRY_AFTER_S)})
    if isinstance(error, OSError) and error.errno in (28, 122):  # ENOSPC, EDQUOT
        return Problem(507, "The service has no space left on its disk.")
    return Problem(500, "The service failed on this request; its log says why under this request's id.")


def answer(error: Exception) -> Response:
    """The response for an error; what the caller cannot have caused is logged."""
    problem = problem_for(error)
    if problem.status_code >= 500:
        log.error("request failed", status=problem.status_code, error=repr(error)[:2000], exc_info=error if problem.status_code == 500 else None)
    document: dict[str, Any] = {"type": problem.type, "title": problem.title, "status": problem.status_code, "detail": problem.detail}
    if problem.errors:
        document["errors"] = [{"pointer": item.pointer, "detail": item.detail} for item in problem.errors]
    return Response(orjson.dumps({**document, **problem.more}), problem.status_code, problem.headers, MEDIA_TYPE)


def _refused_request(error: RequestValidationError) -> Problem:
    in_body = [item for item in error.errors() if item["loc"] and item["loc"][0] == "body"]
    elsewhere = [item for item in error.errors() if item not in in_body]
    errors = field_errors(in_body, error.body) + field_errors(elsewhere, {})
    return Problem(422, _in_one_sentence(errors), errors=errors)


def _in_one_sentence(errors: Sequence[FieldError]) -> str:
    if not errors:
        return "The request is not valid."
    first = errors[0]
    where = f"{first.pointer.lstrip('/').replace('/', '.')}: " if first.pointer else ""
    return f"{where}{first.detail}{f' (and {len(errors) - 1} more)' if len(errors) > 1 else ''}"


def _http_detail(error: HTTPException) -> str:
    known = {404: "There is nothing at this address.", 405: "This address does not take that method."}
    if error.status_code in known and error.detail == HTTPStatus(error.status_code).phrase:
        return known[error.status_code]
    return str(error.detail)
