"""A verdict as a signed receipt, and the keys it can be checked with."""

from typing import Any

from analysis import receipts
from api.answers import rfc3339
from api.auth import Caller
from api.parts import Parts
from api.schemas.reproducibility import ReceiptKey
from api.services import reruns
from api.services.show import DIGESTS
from store import signers
from store.tables import Run, Verdict


def receipt(parts: Parts, caller: Caller, run_id: str) -> bytes:
    """The receipt as a file: asked for again, the same bytes for as long as the verdict stands. Raises as the verdict does; Problem 503."""
    with parts.db.begin() as session:
        original, rerun, verdict = reruns.judged(session, caller, run_id)
        signers.note(session, parts.signing.public_key())
        server = {"id": signers.server_id(session), "url": parts.settings.url}
        sides = {"original": _side(original), "rerun": _side(rerun)}
        return parts.signing.sign({"server": server, **sides, "verdict": _said(verdict)})


def keys(parts: Parts) -> list[ReceiptKey]:
    """Every key that signed a receipt of this service, oldest first; the one in force here, too, when it has not signed any yet."""
    current = parts.signing.public_key()
    with parts.db.begin() as session:
        signers.note(session, current)
        return [
            {"key": signer.public_key, "since": rfc3339(signer.since), "in_force": signer.public_key == current} for signer in signers.every(session)
        ]


def _side(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "project": run.project.path,
        "origin": run.origin,
        "config_digest": run.config_digest,
        "digests": {name: run.digests[name] for name in DIGESTS if run.digests.get(name)},
        "environment_digest": receipts.digest(run.environment) if run.environment else None,
        "node": run.node,
    }


def _said(verdict: Verdict) -> dict[str, Any]:
    """What decides of the verdict in words and values, and the digest of all of it."""
    document = verdict.document
    told = {name: document.get(name) for name in ("outcome", "reason", "checked", "points_compared", "first_difference")}
    causes = [cause["what"] for cause in document.get("causes", [])]
    return {**told, "causes": causes, "document_digest": receipts.digest(document), "judged_at": rfc3339(verdict.judged_at)}
