"""What a project wants rerun by itself, and how its runs came out when they were run again."""

from sqlalchemy.orm import Session

from api.answers import rfc3339, rfc3339_or_null
from api.auth import Caller
from api.parts import Parts
from api.problems import InvalidValue
from api.schemas.others import NodeFlag
from api.schemas.reproducibility import DEFAULT_FRACTION, CanaryBody, CanaryNode, CanaryReport, DifferentRun, PolicyBody, PolicyShown, ProjectReport
from api.services import flags, names
from store import canaries, lifecycle, nodes, policies, runs
from store import report as reports
from store.canaries import Flock, Standing
from store.errors import RunNotFound
from store.policies import Wanted
from store.tables import Project, Run
from trainer.config import RunConfig

MOST_DIFFERENT = 100


def show(parts: Parts, caller: Caller, entity: str, name: str) -> PolicyShown:
    """Raises ProjectNotFound."""
    with parts.db.read() as session:
        return _shown(policies.get(session, names.get(session, caller, entity, name)))


def put(parts: Parts, caller: Caller, entity: str, name: str, body: PolicyBody) -> PolicyShown:
    """The policy in force; the project is made when there is none. Raises ProjectNotFound, InvalidValue for a canary that cannot be rerun here."""
    if body.fraction is not None and body.rerun != "sample":
        raise InvalidValue("/fraction", f'is taken with "rerun": "sample" only; here "rerun" is "{body.rerun}"')
    with parts.db.begin() as session:
        project = names.find_or_add(session, caller, parts.settings, f"{entity}/{name}")
        held = policies.get(session, project)
        canary, queued = (None, None) if body.canary is None else _canary(session, caller, project, held, body.canary)
        fraction = (body.fraction or DEFAULT_FRACTION) if body.rerun == "sample" else None
        every_hours = None if body.canary is None else body.canary.every_hours
        wanted = Wanted(body.rerun, fraction, canary, every_hours, None if body.reverify is None else body.reverify.per_hour)
        policies.put(session, project, wanted)
    if queued is not None:
        parts.queue.ring(queued.id, lifecycle.doorbell(queued))
    return _shown(wanted)


def report(parts: Parts, caller: Caller, entity: str, name: str) -> ProjectReport:
    """Raises ProjectNotFound."""
    with parts.db.read() as session:
        project = names.get(session, caller, entity, name)
        counts = reports.counts(session, project.id)
        flocks = canaries.flocks(session, project.id)
        flagged = flags.by_node(session, caller, flocks)
        return {
            "project": project.path,
            "runs": counts.runs,
            "verified": sum(counts.by_outcome.values()),
            "identical": counts.by_outcome["identical"],
            "different": counts.by_outcome["different"],
            "not_comparable": counts.by_outcome["not_comparable"],
            "stale": counts.stale,
            "waiting": counts.waiting,
            "by_node": [
                {"node": node, "flagged": node in flagged, **found}  # type: ignore[typeddict-item]
                for node, found in reports.by_node(session, project.id).items()
            ],
            "different_runs": [_different(found) for found in reports.different(session, project.id, MOST_DIFFERENT)],
            "canary": _canary_report(session, policies.get(session, project), flocks[0], flagged) if flocks else None,
        }


def _canary(session: Session, caller: Caller, project: Project, held: Wanted, asked: CanaryBody) -> tuple[str, Run | None]:
    """The canary's run, and that run once more when it was made just now. Raises InvalidValue."""
    if asked.run is None:
        kept = session.get(Run, held.canary_run_id) if held.canary_run_id else None
        if kept is not None and kept.state not in ("failed", "cancelled") and runs.may_see(kept, project.entity):
            return kept.id, None
        made = runs.add_managed(
            session, project, RunConfig.model_validate(canaries.BUILT_IN), name="canary", tags=["canary"], created_by=caller.key_id
        )
        session.flush()
        return made.id, made
    try:
        run = runs.get(session, asked.run, caller.entity)
        run = runs.get(session, run.rerun_of, caller.entity) if run.rerun_of else run
    except RunNotFound as error:
        raise InvalidValue("/canary/run", str(error)) from error
    if run.project_id != project.id:
        raise InvalidValue("/canary/run", f"takes a run of this project; {run.id} is of {run.project.path}")
    is_kept = run.id == held.canary_run_id and run.state in ("queued", "running")  # what a PUT answered may be PUT again
    if not is_kept and policies.original(session, run.id) is None:
        what = "was trained by a client" if run.origin != "managed" else f"is {run.state}"
        raise InvalidValue("/canary/run", f"takes a finished run that a worker trained; {run.id} {what}")
    return run.id, None


def _shown(wanted: Wanted) -> PolicyShown:
    run, every_hours = wanted.canary_run_id, wanted.canary_every_hours
    return {
        "rerun": wanted.rerun,  # type: ignore[typeddict-item]
        "fraction": wanted.fraction,
        "canary": None if run is None or every_hours is None else {"run": run, "every_hours": every_hours},
        "reverify": None if wanted.reverify_per_hour is None else {"per_hour": wanted.reverify_per_hour},
    }


def _different(found: reports.Different) -> DifferentRun:
    document = found.verdict.document
    return {
        "run": found.original_id,
        "name": found.original_name,
        "rerun": found.rerun_id,
        "node": found.node,
        "judged_at": rfc3339(found.verdict.judged_at),
        "first_difference": document.get("first_difference"),
        "cause": next(iter(document.get("causes") or []), None),
    }


def _canary_report(session: Session, wanted: Wanted, flock: Flock, flagged: dict[str, list[NodeFlag]]) -> CanaryReport:
    run = session.get(Run, flock.original_id)
    alive = {node.name for node in nodes.alive(session)}
    standings = {standing.node: standing for standing in flock.standings}
    return {
        "run": flock.original_id,
        "state": run.state if run is not None and runs.may_see(run, None) else "deleted",
        "every_hours": wanted.canary_every_hours or 0.0,
        "original_agrees": flock.original_agrees,
        "nodes": [_node(node, node in alive, standings.get(node), flagged.get(node, [])) for node in sorted(alive | standings.keys())],
    }


def _node(name: str, alive: bool, standing: Standing | None, flagged: list[NodeFlag]) -> CanaryNode:
    last = None if standing is None else standing.last
    return {
        "node": name,
        "alive": alive,
        "run": None if last is None else last.rerun_id,
        "ended_at": rfc3339_or_null(None if last is None else last.ended_at),
        "outcome": None if last is None else last.outcome,  # type: ignore[typeddict-item]
        "agrees": None if standing is None else standing.agrees,
        "flag": next(iter(flagged), None),
    }
