"""What a project wants rerun by itself, how its runs came out again, whom it tells, and receipts of verdicts."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import document
from api.deps import Admin, Member, Service, Viewer
from api.routes import examples, policy_examples
from api.routes.describe import answers, takes
from api.schemas.reproducibility import (
    DeliveryList,
    PolicyBody,
    PolicyShown,
    ProjectReport,
    Receipt,
    ReceiptKeys,
    WebhookBody,
    WebhookShown,
)
from api.services import receipts, reproducibility, webhooks
from api.strict_route import StrictRoute

router = APIRouter(tags=["reproducibility"], route_class=StrictRoute)

PROJECT = "/projects/{entity}/{name}"
POLICY = f"{PROJECT}/reproducibility"
WEBHOOK = f"{PROJECT}/webhook"


@router.get(POLICY, summary="Show what is rerun by itself", **answers(PolicyShown, policy_examples.POLICY))
def policy(parts: Service, caller: Viewer, entity: str, name: str) -> Response:
    return document(reproducibility.show(parts, caller, entity, name))


@router.put(
    POLICY,
    summary="Set what is rerun by itself",
    openapi_extra=takes(policy_examples.POLICY),
    **answers(PolicyShown, policy_examples.POLICY),
)
def put_policy(parts: Service, caller: Member, entity: str, name: str, body: PolicyBody) -> Response:
    return document(reproducibility.put(parts, caller, entity, name, body))


@router.get(f"{POLICY}/report", summary="Show how the runs came out again", **answers(ProjectReport, policy_examples.REPORT))
def report(parts: Service, caller: Viewer, entity: str, name: str) -> Response:
    return document(reproducibility.report(parts, caller, entity, name))


@router.get(WEBHOOK, summary="Show the webhook, without its secret", **answers(WebhookShown, {**policy_examples.WEBHOOK, "secret": None}))
def webhook(parts: Service, caller: Admin, entity: str, name: str) -> Response:
    return document(webhooks.show(parts, caller, entity, name))


@router.put(
    WEBHOOK,
    summary="Have verdicts told to a URL",
    openapi_extra=takes({"url": policy_examples.WEBHOOK["url"]}),
    **answers(WebhookShown, policy_examples.WEBHOOK),
)
def put_webhook(parts: Service, caller: Admin, entity: str, name: str, body: WebhookBody) -> Response:
    return document(webhooks.put(parts, caller, entity, name, body))


@router.delete(WEBHOOK, summary="Tell nobody any more", status_code=204, response_class=Response, response_model=None)
def remove_webhook(parts: Service, caller: Admin, entity: str, name: str) -> Response:
    webhooks.remove(parts, caller, entity, name)
    return Response(status_code=204)


@router.get(
    f"{WEBHOOK}/deliveries",
    summary="List what the webhook was told, and what became of it",
    **answers(DeliveryList, examples.items(policy_examples.DELIVERY)),
)
def deliveries(parts: Service, caller: Admin, entity: str, name: str) -> Response:
    return document({"items": webhooks.deliveries(parts, caller, entity, name), "next_cursor": None})


@router.get("/runs/{run_id}/verdict/receipt", summary="Get a verdict as a signed receipt", **answers(Receipt, policy_examples.RECEIPT))
def receipt(parts: Service, caller: Viewer, run_id: str) -> Response:
    return Response(receipts.receipt(parts, caller, run_id), media_type="application/json")


@router.get(
    "/receipts/keys", summary="List the keys that receipts are signed with", **answers(ReceiptKeys, examples.items(policy_examples.RECEIPT_KEY))
)
def receipt_keys(parts: Service, caller: Viewer) -> Response:
    return document({"items": receipts.keys(parts), "next_cursor": None})
