"""Studies: one baseline, its single changes, their seeds, and what can be concluded."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Idempotency, Member, Service, TakesConfig, Viewer
from api.routes import examples, study_examples
from api.routes.describe import answers, takes
from api.schemas.base import Items
from api.schemas.studies import NewStudy, StudyDryRun, StudyListed, StudyShown
from api.services import studies as service
from api.strict_route import StrictRoute

router = APIRouter(prefix="/studies", tags=["studies"], route_class=StrictRoute)

QUEUED = answers(StudyShown, study_examples.STUDY, 202)
QUEUED["dependencies"] = [TakesConfig]
QUEUED["responses"] |= answers(StudyDryRun, study_examples.DRY_RUN)["responses"]


@router.post("", summary="Queue a study", openapi_extra=takes(study_examples.NEW_STUDY), **QUEUED)
def add(parts: Service, caller: Member, new: NewStudy, once: Idempotency, dry_run: bool = False) -> Response:
    return document(service.dry_run(parts, caller, new)) if dry_run else service.add(parts, caller, new, once).response()


@router.get("", summary="List a project's studies, newest first", **answers(Items[StudyListed], examples.items(study_examples.LISTED)))
def listing(
    parts: Service,
    caller: Viewer,
    project: Annotated[str, Query(max_length=260)],
    limit: Annotated[int, Query(ge=1, le=1000, description="most studies")] = 100,
) -> Response:
    return document({"items": service.listing(parts, caller, project, limit), "next_cursor": None})


@router.get("/{study_id}", summary="Show a study and its conclusions", **answers(StudyShown, study_examples.STUDY))
def show(parts: Service, caller: Viewer, study_id: str) -> Response:
    return document(service.show(parts, caller, study_id))


@router.post("/{study_id}/cancel", summary="Cancel what a study has not trained yet", **answers(StudyShown, study_examples.STUDY, 202))
def cancel(parts: Service, caller: Member, study_id: str) -> Response:
    return document(service.cancel(parts, caller, study_id), 202)
