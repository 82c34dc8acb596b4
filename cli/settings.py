"""`runtwice settings`: every variable, its value in force and what it means."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from cli.errors import CliError
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from store.settings import Settings

CLIENT = {
    "RUNTWICE_URL": "where the commands find the service; empty: the one that runs on this machine's data folder",
    "RUNTWICE_API_KEY": "the key the commands use; empty: the data folder's admin.key, for a service on this machine",
    "RUNTWICE_TRACEBACK": "anything: commands show where an unexpected error happened",
}


def settings(as_json: Json = False) -> None:
    """List the RUNTWICE_* variables, their values and meanings."""
    from cli import views

    listed = describe()
    terminal.answer({"items": listed}, lambda: views.settings_list(listed))


def load() -> "Settings":
    """The settings in force. Raises CliError naming the variable that cannot be understood."""
    from pydantic import ValidationError

    from store.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"RUNTWICE_{str(first['loc'][0]).upper()}"
        raise CliError(f"{name} is {first['input']!r}: {first['msg']}.", "`runtwice settings` lists what each variable takes.") from error


def describe() -> list[dict[str, Any]]:
    """{"name", "value", "is_default", "description"} for each variable; passwords and keys are masked."""
    import os

    from store.settings import Settings

    values = load().model_dump(mode="json")
    listed = []
    for name, field in Settings.model_fields.items():
        variable = f"RUNTWICE_{name.upper()}"
        listed.append(
            {"name": variable, "value": mask(str(values[name])), "is_default": variable not in os.environ, "description": field.description or ""}
        )
    for variable, description in CLIENT.items():
        value = os.environ.get(variable, "")
        listed.append({"name": variable, "value": mask(value), "is_default": not value, "description": description})
    return listed


def mask(value: str) -> str:
    """The value without the password of an address and without the body of a key."""
    if value.startswith("rt-"):
        return value[:7] + "..."
    if "://" not in value or "@" not in value:
        return value
    parts = urlsplit(value)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}{':***' if password else ''}@{host}"))
