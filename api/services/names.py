"""Which project a text means, and which names may be given."""

import re

from sqlalchemy.orm import Session

from api.auth import Caller
from api.problems import InvalidValue
from store import projects
from store.errors import ProjectNotFound
from store.settings import Settings
from store.tables import Project

RESERVED = frozenset(
    "api graphql files submit lab nodes inbox settings share storage sdk authorize login logout static assets docs healthz readyz metrics".split()  # noqa: SIM905
)
ENTITY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
NAME_WORDS = "a project's name takes 1 to 128 characters, none of them / \\ # ? % : or a control character"
NAME = re.compile(r"[^\x00-\x1f\x7f/\\#?%:]{1,128}")


def split(caller: Caller, settings: Settings, text: str) -> tuple[str, str]:
    """Entity and name; a bare name is in the caller's own entity, or in the deployment's default one."""
    entity, slash, name = text.rpartition("/")
    return (entity, name) if slash else (caller.entity or settings.default_entity, text)


def find(session: Session, caller: Caller, settings: Settings, text: str) -> Project:
    """Raises ProjectNotFound."""
    return get(session, caller, *split(caller, settings, text))


def get(session: Session, caller: Caller, entity: str, name: str) -> Project:
    """Raises ProjectNotFound, also for an entity that the caller may not see."""
    if not caller.may_see(entity):
        raise ProjectNotFound(f"{entity}/{name}")
    return projects.get(session, entity, name)


def find_or_add(session: Session, caller: Caller, settings: Settings, text: str) -> Project:
    """The project, made now when there is none. Raises InvalidValue for a name that none can have, ProjectNotFound."""
    entity, name = usable(caller, settings, text)
    return projects.find(session, entity, name) or projects.find_or_add(session, entity, name)


def usable(caller: Caller, settings: Settings, text: str) -> tuple[str, str]:
    """Entity and name of a project that there may be. Raises InvalidValue, and ProjectNotFound for an entity that the caller may not see."""
    entity, name = split(caller, settings, text)
    must_be_entity(entity, "/project")
    if not NAME.fullmatch(name) or name.strip() != name or name in (".", ".."):
        raise InvalidValue(
            "/project", f'a project\'s name takes 1 to 128 characters, none of them / \\ # ? % : or a control character; got "{name[:80]}"'
        )
    if not caller.may_see(entity):
        raise ProjectNotFound(f"{entity}/{name}")
    return entity, name


def must_be_entity(entity: str, pointer: str) -> None:
    """Raises InvalidValue."""
    if not ENTITY.fullmatch(entity):
        raise InvalidValue(pointer, f'an entity\'s name takes letters, digits, "-", "_" and "."; got "{entity[:80]}"')
    if entity.lower() in RESERVED:
        raise InvalidValue(pointer, f'"{entity}" is the name of a page or address here and cannot be an entity')
