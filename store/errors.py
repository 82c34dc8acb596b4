"""What can be wrong with a request for stored things, each with the sentence a person will read."""


class StoreError(Exception):
    """Anything here; `str(error)` is the sentence."""


class NotFound(StoreError):
    """There is no such thing, or the caller may not see it: the two are told apart by nobody."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"There is no {what} {name!r}.")
        self.what = what
        self.name = name


class RunNotFound(NotFound):
    def __init__(self, run_id: str) -> None:
        super().__init__("run", run_id)


class StudyNotFound(NotFound):
    def __init__(self, study_id: str) -> None:
        super().__init__("study", study_id)


class ProjectNotFound(NotFound):
    def __init__(self, path: str) -> None:
        super().__init__("project", path)


class ArtifactNotFound(NotFound):
    def __init__(self, artifact_id: str) -> None:
        super().__init__("artifact", artifact_id)


class KeyNotFound(NotFound):
    def __init__(self, key_id: str) -> None:
        super().__init__("key", key_id)


class NodeNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__("node", name)


class VerdictNotFound(NotFound):
    def __init__(self, run_id: str) -> None:
        super().__init__("verdict of run", run_id)


class DatasetNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__("data set", name)


class ViewNotFound(NotFound):
    def __init__(self, view_id: str) -> None:
        super().__init__("view", view_id)


class ShareNotFound(NotFound):
    def __init__(self, share_id: str) -> None:
        super().__init__("link", share_id)


class Conflict(StoreError):
    """The thing is there, but not in a state that allows this."""


class RunNotFinished(Conflict):
    """A verdict or rerun needs a run that has finished."""


class RunIsActive(Conflict):
    """A queued or running run cannot be deleted."""


class StudyIsActive(Conflict):
    def __init__(self, study_id: str, active: int) -> None:
        super().__init__(f"Study {study_id} has {active} queued or running runs; cancel it or let it end before deleting it.")


class StudyIsCancelled(Conflict):
    def __init__(self, study_id: str) -> None:
        super().__init__(f"Study {study_id} is cancelled; POST /studies/{study_id}/retries lets it go on.")


class RunIsTerminal(Conflict):
    """finished, failed and cancelled never change."""


class NotAManagedRun(Conflict):
    """Only a run that a worker trains can be rerun or cancelled."""


class NotAClientRun(Conflict):
    """Only a run that some other process trains takes points, log lines and an end from outside."""


class NameTaken(Conflict):
    """Another thing of that name exists."""


class DatasetInUse(Conflict):
    """Runs name the data set: without it nobody could repeat them."""


class LeaseLost(StoreError):
    """This attempt no longer owns its run: nothing it writes is taken."""


class BadSearch(StoreError):
    """A filter, sort or list of fields that cannot be read; `column` counts its characters from 1."""

    def __init__(self, column: int, detail: str) -> None:
        super().__init__(f"{detail} (column {column})")
        self.column = column


class SweepIsGone(NotFound):
    """Its agents are told by the answer's status, and end."""

    def __init__(self, agent_id: str) -> None:
        super().__init__("sweep with the agent", agent_id)
