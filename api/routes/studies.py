"""Studies: one baseline, its single changes, their seeds, and what can be concluded."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Idempotency, Member, Service, TakesConfig, Viewer
from api.paging import Cursor, Limit
from api.report.markdown import markdown
from api.report.page import POLICY, page
from api.routes import examples, study_examples
from api.routes.describe import answers, takes
from api.schemas.base import Page
from api.schemas.studies import NewChanges, NewSeeds, NewStudy, StudyDryRun, StudyListed, StudyPatch, StudyShown
from api.services import studies as service
from api.services import study_report
from api.strict_route import StrictRoute

router = APIRouter(prefix="/studies", tags=["studies"], route_class=StrictRoute)

SHOWN = answers(StudyShown, study_examples.STUDY)
ACCEPTED = answers(StudyShown, study_examples.STUDY, 202)
TAKEN = answers(StudyShown, study_examples.STUDY, 202)
TAKEN["dependencies"] = [TakesConfig]
TAKEN["responses"] |= answers(StudyDryRun, study_examples.DRY_RUN)["responses"]
REPORTS = {
    "text/html": {"schema": {"type": "string"}, "example": "<!doctype html>..."},
    "text/markdown": {"schema": {"type": "string"}, "example": "# norms..."},
}
MORE = ACCEPTED | {"dependencies": [TakesConfig]}


@router.post("", summary="Queue a study", openapi_extra=takes(study_examples.NEW_STUDY), **TAKEN)
def add(parts: Service, caller: Member, new: NewStudy, once: Idempotency, dry_run: bool = False) -> Response:
    return document(service.dry_run(parts, caller, new)) if dry_run else service.add(parts, caller, new, once).response()


@router.get("", summary="List a project's studies, newest first", **answers(Page[StudyListed], examples.page(study_examples.LISTED)))
def listing(
    parts: Service,
    caller: Viewer,
    project: Annotated[str, Query(max_length=260)],
    limit: Limit = 100,
    cursor: Cursor = None,
    archived: bool = False,
) -> Response:
    return document(service.listing(parts, caller, project, limit, cursor, archived))


@router.get("/{study_id}", summary="Show a study and its conclusions", **SHOWN)
def show(parts: Service, caller: Viewer, study_id: str) -> Response:
    return document(service.show(parts, caller, study_id))


@router.get(
    "/{study_id}/report",
    summary="Show a study as one page",
    response_model=None,
    response_class=Response,
    responses={200: {"description": "One file that needs no other", "content": REPORTS}},
)
def report(parts: Service, caller: Viewer, study_id: str, format: Literal["md", "html"] = "html") -> Response:
    found = study_report.report(parts, caller, study_id)
    name = {"Content-Disposition": f'inline; filename="study-{found.study["id"]}.{format}"'}
    if format == "md":
        return Response(markdown(found), 200, name, "text/markdown; charset=utf-8")
    return Response(page(found), 200, {**name, "Content-Security-Policy": POLICY}, "text/html; charset=utf-8")


@router.patch("/{study_id}", summary="Rename or archive a study", openapi_extra=takes({"archived": True}), **SHOWN)
def edit(parts: Service, caller: Member, study_id: str, change: StudyPatch) -> Response:
    return document(service.edit(parts, caller, study_id, change))


@router.delete("/{study_id}", summary="Delete a study that has ended; its runs stay", status_code=204, response_class=Response, response_model=None)
def remove(parts: Service, caller: Member, study_id: str) -> Response:
    service.remove(parts, caller, study_id)
    return Response(status_code=204)


@router.post("/{study_id}/seeds", summary="Add seeds to every variant", openapi_extra=takes(study_examples.NEW_SEEDS), **ACCEPTED)
def add_seeds(parts: Service, caller: Member, study_id: str, new: NewSeeds, once: Idempotency) -> Response:
    return service.add_seeds(parts, caller, study_id, new, once).response()


@router.post("/{study_id}/changes", summary="Add variants to a study", openapi_extra=takes(study_examples.NEW_CHANGES), **MORE)
def add_changes(parts: Service, caller: Member, study_id: str, new: NewChanges, once: Idempotency) -> Response:
    return service.add_changes(parts, caller, study_id, new, once).response()


@router.post("/{study_id}/retries", summary="Train anew what failed, was cancelled or was deleted of a study", **ACCEPTED)
def retry(parts: Service, caller: Member, study_id: str, once: Idempotency) -> Response:
    return service.retry(parts, caller, study_id, once).response()


@router.post("/{study_id}/cancel", summary="Cancel what a study has not trained yet", **ACCEPTED)
def cancel(parts: Service, caller: Member, study_id: str) -> Response:
    return document(service.cancel(parts, caller, study_id), 202)
