"""The life of a run that the SDK logs: begun, changed, resumed, rewound, forked, stopped, deleted."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.problems import InvalidValue, Problem
from api.services import names
from api.wandb import names as invented
from api.wandb.asking import SHARED, Asking
from api.wandb.ids import number, opaque, own
from api.wandb.resolvers import viewer
from api.wandb.times import moment
from store import console, dialect, history, keys, runs, series, streamed, trash, wandb_runs
from store.errors import KeyNotFound, NameTaken, NotAClientRun, RunNotFound
from store.ids import new_external_id
from store.tables import Project, Run, WandbRun

STEP = "_step"
LARGEST_CONFIG, LARGEST_SUMMARY = 1_000_000, 10_000_000
LONGEST_NAME, LONGEST_ID = 256, 128
FARTHEST = 2**53
LONGEST_NOTES, LONGEST_TAG, MOST_TAGS = 100_000, 128, 100  # as the REST interface has them: api/schemas/base.py
FACTS = {"host": "host", "jobProgram": "program", "jobRepo": "repo", "commit": "commit"}
COLUMNS = {"groupName": ("group", 256), "jobType": ("job_type", 256), "sweep": ("sweep", 64)}


def upsert(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """The run as it is afterwards. A field that is null stays as it was; a config or summary is replaced as a whole."""
    with asking.writing() as session:
        run, inserted = _found_or_made(session, asking, input)
        if run.origin == "client" or inserted:
            _change_logged(session, asking, run, input)
        _change_any(run, input)
        wandb_runs.note(session, run)
        run_id = run.id
    return {"bucket": asking.session.get_one(Run, run_id), "inserted": inserted}


def _found_or_made(session: Session, asking: Asking, input: Mapping[str, Any]) -> tuple[Run, bool]:
    if input.get("id"):
        return runs.get(session, own("Run", input["id"]), asking.caller.entity), False
    path = asking.project_path(input.get("entityName"), input.get("modelName"))
    project = names.find_or_add(session, asking.caller, asking.parts.settings, "/".join(path))
    name = input.get("name") or new_external_id()
    _must_be_id(name)
    run = wandb_runs.find(session, project, name)
    if run is None:
        try:
            return _made(session, asking, project, name, input), True
        except NameTaken:  # another process of the same run was faster
            run = wandb_runs.find(session, project, name)
    if run is None:
        raise RunNotFound(name)
    if run.origin == "managed" and input.get("host") is not None:
        raise NotAClientRun(f"Run {run.id} is trained by a worker, which alone writes to it; wandb.init takes another id.")
    if run.origin == "client" and input.get("host") is not None and asking.headers.get(SHARED) != "true":
        wandb_runs.start_anew(session, run)
    return run, False


def _made(session: Session, asking: Asking, project: Project, name: str, input: Mapping[str, Any]) -> Run:
    shown = input.get("displayName") or f"{invented.pair()}-{wandb_runs.number_of_runs(session, project) + 1}"
    run = runs.add_client(session, project, {}, name=shown[:LONGEST_NAME], external_id=name, created_by=asking.caller.key_id)
    session.flush()
    return run


def _change_logged(session: Session, asking: Asking, run: Run, input: Mapping[str, Any]) -> None:
    """What only a run that some process logs has: its config, summary and facts, and that it goes on."""
    had = wandb_runs.begin(session, run)
    if input.get("config") is not None:
        config = object_of(input["config"], "config", LARGEST_CONFIG)
        try:
            had.config, run.config = input["config"], wandb_runs.shown_config(config)
        except (ValueError, RecursionError) as error:
            raise InvalidValue("/config", f"takes JSON, at most {wandb_runs.DEEPEST} levels deep") from error
        _fork(session, run, config)
    if input.get("summaryMetrics") is not None:
        streamed.set_summary(session, run.id, object_of(input["summaryMetrics"], "summaryMetrics", LARGEST_SUMMARY))
    facts = {ours: input[theirs] for theirs, ours in FACTS.items() if input.get(theirs) is not None}
    if facts:
        had.facts = {**had.facts, **facts}
        run.environment = {**run.environment, **facts}
    if input.get("description") is not None:
        had.description = _short(input["description"], "description", LONGEST_NOTES)
    if input.get("host") is not None or input.get("state") == "running":
        wandb_runs.is_running(session, run)


def _change_any(run: Run, input: Mapping[str, Any]) -> None:
    if input.get("displayName"):
        run.name = input["displayName"][:LONGEST_NAME]
    if input.get("notes") is not None:
        run.notes = _short(input["notes"], "notes", LONGEST_NOTES)
    if input.get("tags") is not None:
        run.tags = _tags(input["tags"])
    for theirs, (ours, longest) in COLUMNS.items():
        if input.get(theirs) is not None:
            setattr(run, ours, input[theirs][:longest] or None)


def _short(text: str, what: str, most: int) -> str:
    """Raises InvalidValue."""
    if len(text) > most:
        raise InvalidValue(f"/{what}", f"takes at most {most:,} characters; got {len(text):,}")
    return text


def _tags(given: list[str]) -> list[str]:
    """Each once. Raises InvalidValue."""
    if len(given) > MOST_TAGS or any(not tag or len(tag) > LONGEST_TAG for tag in given):
        raise InvalidValue("/tags", f"takes at most {MOST_TAGS} tags of 1 to {LONGEST_TAG} characters")
    return list(dict.fromkeys(given))


def _fork(session: Session, run: Run, config: Mapping[str, Any]) -> None:
    """A new run that says where it branches off begins with its parent's history."""
    wrapped = config.get(wandb_runs.OWN)
    point = wrapped.get("value", {}).get("branch_point") if isinstance(wrapped, Mapping) and isinstance(wrapped.get("value"), Mapping) else None
    if not isinstance(point, Mapping) or history.count(session, run.id) or point.get("run_id") == run.external_id:
        return
    parent = wandb_runs.find(session, run.project, str(point.get("run_id")))
    step = point.get("step")
    if parent is None or not isinstance(step, int | float) or not 0 <= step <= FARTHEST:
        raise Problem(404, f"There is no run {str(point.get('run_id'))[:80]!r} in project {run.project.path} to fork from.")
    wandb_runs.fork(session, run, parent, int(step))


def rewind(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    if input["metricName"] != STEP:
        raise InvalidValue("/metricName", f'takes "{STEP}"; got "{input["metricName"][:80]}"')
    if not 0 <= input["metricValue"] <= FARTHEST:
        raise InvalidValue("/metricValue", f"takes a step of 0 to 2^53; got {input['metricValue']!r}")
    with asking.writing() as session:
        project = names.get(session, asking.caller, *asking.project_path(input["entityName"], input["projectName"]))
        run = _logged(session, project, input["runName"])
        wandb_runs.rewind(session, run, int(input["metricValue"]))
        wandb_runs.note(session, run)
        run_id = run.id
    return {"rewoundRun": asking.session.get_one(Run, run_id)}


def _logged(session: Session, project: Project, name: str) -> Run:
    run = wandb_runs.find(session, project, name)
    if run is None or run.origin != "client":
        raise RunNotFound(name)
    return run


def stop(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """The process hears of it with its next lines."""
    with asking.writing() as session:
        run = runs.get(session, own("Run", input["id"]), asking.caller.entity)
        wandb_runs.ask_to_stop(session, run)
    return {"success": True, "clientMutationId": input.get("clientMutationId")}


def delete(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        run = runs.get(session, own("Run", input["id"]), asking.caller.entity)
        wandb_runs.abandon(session, run)
        trash.discard(session, [Run.id == run.id])
    return {"clientMutationId": input.get("clientMutationId")}


def of_project(project: Project, asking: Asking, name: str, missingOk: bool | None = None) -> Run | None:
    return wandb_runs.find(asking.session, project, name)


def told(run: Run, asking: Asking) -> WandbRun:
    found: WandbRun | None = asking.read_ahead.get(("told", run.id))
    return found or wandb_runs.told(asking.session, run)


def wandb_config(run: Run, asking: Asking, keys: list[str] | None = None) -> str:
    """The SDK's own part of the config; a run counts as there for a resume only when it has a `t`."""
    config = json.loads(told(run, asking).config).get(wandb_runs.OWN, {})
    value = config.get("value", {}) if isinstance(config, dict) else {}
    return json.dumps({"t": {}, **(value if isinstance(value, dict) else {})})


def summary(run: Run, asking: Asking, keys: list[str] | None = None) -> str:
    """What the SDK set; of another run, the last value of each metric."""
    found = asking.of_page("summary", run.id, _summaries)
    if keys is not None:
        found = {key: value for key, value in found.items() if key in keys}
    return json.dumps(spelled(found))


def _summaries(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    told = streamed.summaries(session, run_ids)
    others = series.summaries(session, [run_id for run_id in run_ids if run_id not in told])
    return told | {
        run_id: {metric: one.last for metric, one in held.items() if not metric.startswith(series.NEVER_THE_SAME)} for run_id, held in others.items()
    }


def spelled(value: Any) -> Any:
    """NaN and the infinities as texts, which is how the SDK reads them from JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, dict):
        return {key: spelled(inner) for key, inner in value.items()}
    return [spelled(inner) for inner in value] if isinstance(value, list) else value


def history_tail(run: Run, asking: Asking) -> str:
    """A list of the last row, as JSON in JSON."""
    last = history.tail(asking.session, run.id)
    return json.dumps([] if last is None else [json.dumps(spelled(last))])


def events_tail(run: Run, asking: Asking) -> str:
    return json.dumps([json.dumps(spelled(row)) for row in history.events(asking.session, run.id, limit=2)[-1:]])


def user(run: Run, asking: Asking) -> dict[str, Any]:
    key_id = run.created_by or "nobody"
    kept: dict[str, Any] | None = asking.read_ahead.get(("user", key_id))
    if kept is None:
        try:
            name = keys.get(asking.session, key_id).name
        except KeyNotFound:
            name = key_id
        kept = asking.read_ahead["user", key_id] = viewer.user(asking, key_id, name)
    return kept


def lines(run: Run, asking: Asking) -> int:
    """How many rows the SDK sent of the run's history."""
    kept: int | None = asking.read_ahead.get(("lines", run.id))
    return streamed.count_lines(asking.session, run.id, streamed.HISTORY) if kept is None else kept


def state(run: Run, _asking: Asking) -> str:
    """The SDK's word for it."""
    return {"queued": "pending", "cancelled": "killed"}.get(run.state, run.state)


def object_of(text: str, what: str, most: int) -> dict[str, Any]:
    """Raises Problem 422."""
    if len(text) > most:
        raise InvalidValue(f"/{what}", f"takes JSON of at most {most:,} characters; got {len(text):,}")
    try:
        value = dialect.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"/{what}", f"takes a JSON object: {str(error)[:200]}") from error
    if not isinstance(value, dict):
        raise InvalidValue(f"/{what}", "takes a JSON object")
    return value


def _must_be_id(name: str) -> None:
    if not 1 <= len(name) <= LONGEST_ID or any(character in "/\\#?%:" or ord(character) < 32 for character in name):
        raise InvalidValue(
            "/name", f"a run's id takes 1 to {LONGEST_ID} characters, none of them / \\ # ? % : or a control character; got {name[:80]!r}"
        )


FIELDS = {
    "Mutation.upsertBucket": upsert,
    "Mutation.rewindRun": rewind,
    "Mutation.stopRun": stop,
    "Mutation.deleteRun": delete,
    "Project.run": of_project,
    "Project.bucket": of_project,
    "Run.id": lambda run, _asking: opaque("Run", run.id),
    "Run.internalId": lambda run, _asking: str(number(run.id)),
    "Run.name": lambda run, _asking: run.external_id,
    "Run.displayName": lambda run, _asking: run.name,
    "Run.description": lambda run, asking: told(run, asking).description,
    "Run.config": lambda run, asking: told(run, asking).config,
    "Run.wandbConfig": wandb_config,
    "Run.summaryMetrics": summary,
    "Run.groupName": lambda run, _asking: run.group,
    "Run.jobType": lambda run, _asking: run.job_type,
    "Run.sweepName": lambda run, _asking: run.sweep,
    "Run.createdAt": lambda run, _asking: moment(run.created_at),
    "Run.updatedAt": lambda run, _asking: moment(run.heartbeat_at or run.finished_at or run.created_at),
    "Run.heartbeatAt": lambda run, _asking: moment(run.heartbeat_at or run.finished_at or run.created_at),
    "Run.computeSeconds": lambda run, _asking: max(0.0, (run.finished_at or run.heartbeat_at or run.created_at) - (run.started_at or run.created_at)),
    "Run.stopped": lambda run, _asking: run.cancel_requested_at is not None,
    "Run.shouldStop": lambda run, _asking: run.cancel_requested_at is not None,
    "Run.readOnly": lambda _run, asking: asking.caller.role == "viewer",
    "Run.projectId": lambda run, _asking: str(number(run.project_id)),
    "Run.user": user,
    "Run.exitcode": lambda run, _asking: {"finished": 0, "failed": 1}.get(run.state),
    "Run.historyLineCount": lines,
    "Run.state": state,
    "Run.eventsLineCount": lambda run, asking: streamed.count_lines(asking.session, run.id, streamed.EVENTS),
    "Run.logLineCount": lambda run, asking: console.count(asking.session, run.id),
    "Run.historyTail": history_tail,
    "Run.eventsTail": events_tail,
    **{
        f"Run.{field}": lambda run, asking, fact=fact: told(run, asking).facts.get(fact)
        for field, fact in {
            "host": "host",
            "program": "program",
            "jobProgram": "program",
            "jobRepo": "repo",
            "repo": "repo",
            "commit": "commit",
        }.items()
    },
}
