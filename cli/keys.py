"""`runtwice keys`: who may use the service."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import Json, terminal

app = typer.Typer(help="Make, list and revoke the keys that open the service.", no_args_is_help=True)


class Role(StrEnum):
    viewer = "viewer"
    member = "member"
    admin = "admin"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, or what for.")],
    role: Annotated[Role, typer.Option(help="viewer reads; member also submits; admin also makes keys.")] = Role.member,
    entity: Annotated[str | None, typer.Option(help="Only this team's projects.", show_default="all")] = None,
    expires_at: Annotated[str | None, typer.Option(metavar="TIME", help="When it ends, such as 2030-01-31T00:00:00Z.", show_default="never")] = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown once."""
    from cli.client import open_service

    body = {"name": name, "role": role.value, "entity": entity, "expires_at": expires_at}
    with open_service() as service:
        key = service.post("/keys", {field: value for field, value in body.items() if value is not None})
    if as_json or terminal.as_json:
        terminal.line(key)
    else:
        terminal.text(f"{key['key']}\nThis is key {key['id']} ({name}, {role}). It is shown this once: keep it now.")


@app.command("import")
def import_(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]", help="Whose key it is, or what for. The key's text is taken here, too, but then `ps` shows it."),
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="RUNTWICE_IMPORT_KEY", help="The key's text; `ps` shows it, the environment is quieter.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file with the key's text alone.", show_default="the standard input")] = None,
    role: Annotated[Role, typer.Option(help="viewer reads; member also submits; admin also makes keys.")] = Role.member,
    entity: Annotated[str | None, typer.Option(help="Only this team's projects.", show_default="all")] = None,
    expires_at: Annotated[str | None, typer.Option(metavar="TIME", help="When it ends, such as 2030-01-31T00:00:00Z.", show_default="never")] = None,
    as_json: Json = False,
) -> None:
    """Let a key in whose text you have already: from another tracker, or for a test. It is kept as a digest, like others."""
    from cli.client import open_service
    from cli.key_text import name_and_text

    name, text = name_and_text(words or [], key, file)
    body = {"name": name, "role": role.value, "entity": entity, "expires_at": expires_at, "key": text}
    with open_service() as service:
        made = service.post("/keys", {field: value for field, value in body.items() if value is not None})
    shown = {field: value for field, value in made.items() if field != "key"}
    terminal.answer(shown, lambda: f"Key {made['id']} ({name}, {role}) is in force: {made['prefix']}... opens the service.")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the keys, without their text."""
    from cli import views
    from cli.client import open_service

    with open_service() as service:
        items = list(service.every("/keys"))
    terminal.answer({"items": items}, lambda: views.keys_table(items))


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")], as_json: Json = False) -> None:
    """Take a key out of force, within a second everywhere."""
    from cli.client import open_service

    with open_service() as service:
        service.delete(f"/keys/{key}")
    terminal.answer({"revoked": key}, lambda: f"Key {key} is revoked.")
