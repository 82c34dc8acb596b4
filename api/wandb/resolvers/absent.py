"""What the SDK can ask for and this service has not: each such change is refused in words: left out, it would look like a fault of the SDK."""

from collections.abc import Callable
from typing import Any

from api.problems import Problem
from api.wandb.asking import Asking

USERS = "Users are keys here: an admin makes one with `runtwice keys create NAME` and takes it back with `runtwice keys revoke ID`."
TEAMS = (
    "A team needs no making here: it is there once something is logged to TEAM/PROJECT. "
    "A key that sees that team alone is made with `runtwice keys create NAME --entity TEAM`."
)
ROLES = "Registries have no members of their own here: whoever may see an entity sees its registries, and a key's role says what it may do."
AUTOMATIONS = "There are no automations here; a project's webhook is told of verdicts and alerts (docs/guide/wandb.md)."
LAUNCH = "There are no launch queues here: agents are started where they are to run, with `wandb agent`; configs are trained by `runtwice submit`."

REFUSED = {
    **dict.fromkeys(("createUser", "createInvite", "deleteInvite", "createServiceAccount", "generateApiKey", "deleteApiKey"), USERS),
    "createTeam": TEAMS,
    **dict.fromkeys(("createProjectMembers", "deleteProjectMembers", "updateProjectMember", "updateProjectTeamMember"), ROLES),
    **dict.fromkeys(("createFilterTrigger", "updateFilterTrigger", "deleteTrigger", "createGenericWebhookIntegration"), AUTOMATIONS),
    **dict.fromkeys(("createRunQueue", "upsertRunQueue", "deleteRunQueues", "pushToRunQueue", "pushToRunQueueByName", "popFromRunQueue"), LAUNCH),
    **dict.fromkeys(("deleteFromRunQueue", "ackRunQueueItem", "failRunQueueItem", "updateRunQueueItemWarning"), LAUNCH),
    **dict.fromkeys(("createLaunchAgent", "updateLaunchAgent", "enqueueSweepRun"), LAUNCH),
}


def refusal(words: str) -> Callable[..., Any]:
    def refuse(_parent: Any, _asking: Asking, **_arguments: Any) -> Any:
        raise Problem(422, words)

    return refuse


def none(_parent: Any, _asking: Asking, **_: Any) -> dict[str, Any]:
    return {"edges": [], "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "endCursor": None}}


FIELDS = {
    "Entity.integrations": none,
    "Project.runQueues": lambda _project, _asking: [],
    **{f"Mutation.{name}": refusal(words) for name, words in REFUSED.items()},
}
