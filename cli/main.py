"""`runtwice`: the commands, and the one place where an error becomes a sentence and an exit code."""

import os
import sys
import traceback
from typing import Annotated

import typer

from cli import (
    compare,
    dataset,
    delete,
    demo,
    doctor,
    errors,
    export,
    import_runs,
    keys,
    migrate,
    one_change,
    receipt,
    report,
    rerun,
    runs,
    selftest,
    settings,
    study,
    submit,
    up,
    verify,
    watch,
    worker,
)
from cli.terminal import Json, terminal

EXIT_CODES = """Exit codes: 0 done; 1 the answer is no (a different verdict, a failed run or check, a service that would not start);
2 not comparable; 3 could not be done (refused, not found, not reached); 4 the run was cancelled; 5 it crashed; 64 wrong usage;
70 a fault of ours; 130 interrupted.

--json, before or after the command's name, answers in JSON."""

app = typer.Typer(
    name="runtwice",
    help="Train neural networks as seeded runs, compare them, and check that they come out the same bit for bit.",
    epilog=EXIT_CODES.replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
SERVICE, RUNS, OPERATION = "The service", "Runs", "Operation"
app.command(rich_help_panel=SERVICE)(up.up)
app.command(rich_help_panel=SERVICE)(demo.demo)
app.command(rich_help_panel=SERVICE)(worker.worker)
app.command(rich_help_panel=SERVICE)(doctor.doctor)
app.command(rich_help_panel=RUNS)(submit.submit)
app.command(rich_help_panel=RUNS)(watch.watch)
app.command("runs", rich_help_panel=RUNS)(runs.runs)
app.command(rich_help_panel=RUNS)(runs.show)
app.command(rich_help_panel=RUNS)(compare.compare)
app.command(rich_help_panel=RUNS)(rerun.rerun)
app.command(rich_help_panel=RUNS)(verify.verify)
app.command(rich_help_panel=RUNS)(report.report)
app.add_typer(study.app, name="study", rich_help_panel=RUNS)
app.command(rich_help_panel=RUNS)(one_change.one_change)
app.add_typer(receipt.app, name="receipt", rich_help_panel=RUNS)
app.command(rich_help_panel=RUNS)(export.export)
app.add_typer(import_runs.app, name="import", rich_help_panel=RUNS)
app.command("datasets", rich_help_panel=RUNS)(dataset.datasets)
app.add_typer(dataset.app, name="dataset", rich_help_panel=RUNS)
app.command(rich_help_panel=RUNS)(delete.archive)
app.command(rich_help_panel=RUNS)(delete.unarchive)
app.command(rich_help_panel=RUNS)(delete.delete)
app.add_typer(keys.app, name="keys", rich_help_panel=OPERATION)
app.add_typer(selftest.app, name="selftest", rich_help_panel=OPERATION)
app.command(rich_help_panel=OPERATION)(migrate.migrate)
app.command(rich_help_panel=OPERATION)(settings.settings)


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        terminal.text(f"runtwice {version('runtwice')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version and leave.", callback=_show_version, is_eager=True)]


@app.callback()
def _everywhere(version: Version = False, as_json: Json = False) -> None:
    pass


def main(arguments: list[str] | None = None) -> int:
    """The exit code. Nothing that a user can do ends in a traceback."""
    from typer.exceptions import Abort, TyperException

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an arrow on a terminal without one
    arguments = sys.argv[1:] if arguments is None else arguments
    terminal.as_json = "--json" in arguments  # wrong usage is told in JSON too
    try:
        return int(typer.main.get_command(app).main(arguments, prog_name="runtwice", standalone_mode=False) or 0)
    except errors.CliError as error:
        terminal.error(error)
        return error.exit_code
    except TyperException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "runtwice")
        terminal.error(errors.CliError(error.format_message(), f"See: {command} --help"))
        return errors.WRONG_USAGE
    except (KeyboardInterrupt, Abort):
        return errors.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has gone: be quiet at the end too
        return errors.DONE
    except Exception as error:
        if "RUNTWICE_TRACEBACK" in os.environ:
            traceback.print_exc()  # and no more than that: the exit code 1 that Python would leave with is a verdict
        todo = "This is a fault of Runtwice, please report it. RUNTWICE_TRACEBACK=1 in front of the command shows where it happened."
        terminal.error(errors.CliError(f"{type(error).__name__}: {error}", todo, errors.OUR_FAULT))
        return errors.OUR_FAULT
