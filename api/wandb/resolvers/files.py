"""Files of a run: config.yaml, requirements.txt, media, and whatever `wandb.save` was given. They are the run's artifacts of the REST interface."""

import mimetypes
from typing import Any

from api.problems import InvalidValue
from api.services import names
from api.wandb import links
from api.wandb.asking import Asking
from api.wandb.ids import opaque, own
from api.wandb.times import moment
from store import artifacts, runs, wandb_runs
from store.errors import RunNotFound
from store.tables import Artifact, Run

MOST_FILES = 10_000
MOST_AT_ONCE = 1000
LONGEST_NAME = 512


def create(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Addresses to put the files to, in the order of their names and under the names as they were sent."""
    asking.caller.must_be("member")
    run = _run(asking, input)
    wanted = (input.get("files") or [])[:MOST_FILES]
    put = [{"name": name, "uploadUrl": links.to_put(asking.parts, asking.base_url, run.id, plain_name(name))} for name in wanted]
    return {"runID": opaque("Run", run.id), "uploadHeaders": [], "files": put}


def mark(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Nothing is left to do: a file is there when its upload was answered."""
    asking.caller.must_be("member")
    _run(asking, input)
    return {"success": True}


def delete(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        for text in input["files"][:MOST_FILES]:
            artifact = artifacts.get(session, own("File", text), asking.caller.entity)
            run = runs.get(session, artifact.run_id, asking.caller.entity)
            wandb_runs.begin(session, run)
            artifacts.drop(session, artifact)
            wandb_runs.note(session, run)
    return {"success": True}


def of_run(run: Run, asking: Asking, **asked: Any) -> dict[str, Any]:
    """The files by their names; `pattern` is SQL's LIKE."""
    wanted = [plain_name(name) for name in asked.get("names") or []] or None
    limit = min(max(asked.get("first") or 50, 1), MOST_AT_ONCE)
    after = own("After", asked["after"]) if asked.get("after") else ""
    found = artifacts.named(asking.session, run.id, wanted, asked.get("pattern"), after, limit + 1)
    edges = [{"node": shown(asking, artifact), "cursor": opaque("After", artifact.name)} for artifact in found[:limit]]
    return {
        "edges": edges,
        "pageInfo": {"endCursor": edges[-1]["cursor"] if edges else None, "hasNextPage": len(found) > limit, "hasPreviousPage": bool(after)},
        "totalCount": artifacts.count(asking.session, run.id),
        "uploadHeaders": [],
    }


def shown(asking: Asking, artifact: Artifact) -> dict[str, Any]:
    address = links.to_get(asking.parts, asking.base_url, artifact.id)
    return {
        "id": opaque("File", artifact.id),
        "name": artifact.name,
        "url": address,
        "directUrl": address,
        "sizeBytes": artifact.size_bytes,
        "mimetype": mimetypes.guess_type(artifact.name)[0] or "application/octet-stream",
        "updatedAt": moment(artifact.created_at),
        "md5": artifact.md5,
    }


def plain_name(name: str) -> str:
    """The name without a leading "./". Raises Problem 422 for what could be a way out of a folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    plain = "/".join(parts)
    bad = not parts or ".." in parts or name.startswith("/") or len(plain) > LONGEST_NAME or any(ord(character) < 32 for character in plain)
    if bad:
        raise InvalidValue(
            "/files", f"a file's name takes 1 to {LONGEST_NAME} characters, no control characters, and no way out of its folder; got {name[:80]!r}"
        )
    return plain


def _run(asking: Asking, input: dict[str, Any]) -> Run:
    project = names.get(asking.session, asking.caller, *asking.project_path(input.get("entityName"), input.get("projectName")))
    run = wandb_runs.find(asking.session, project, input.get("runName") or "")
    if run is None:
        raise RunNotFound(str(input.get("runName")))
    return run


FIELDS = {
    "Mutation.createRunFiles": create,
    "Mutation.markRunFilesUploaded": mark,
    "Mutation.deleteFiles": delete,
    "Run.files": of_run,
    "Run.fileCount": lambda run, asking: artifacts.count(asking.session, run.id),
}
