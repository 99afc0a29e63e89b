"""The `tocsin` command: one door to a deployment, here and in AWS.

Groups of commands are imported when they are used, so that `tocsin --help` does not load an AWS
client. `--json` may stand anywhere on the line. Exit codes are part of the interface:

    0    done
    1    a check this command was asked to make failed
    2    the command line is wrong
    3    the request can never succeed as it is
    4    not allowed
    5    what is named does not exist
    6    conflict: true when it was sent, no longer true now
    7    something needed did not answer; trying again may help
    70   a bug in Tocsin
    130  interrupted
"""

from __future__ import annotations

import importlib
import signal
import sys
import traceback
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tocsin.cli.terminal import output
from tocsin.errors import (
    CheckFailed,
    RemoteError,
    TocsinError,
    Unavailable,
)
from tocsin.incidents.commands.verbs import typed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

OK, FAILED_CHECK, USAGE, BAD_INPUT, NOT_ALLOWED, NOT_FOUND, CONFLICT, UNAVAILABLE = range(8)
BUG = 70
INTERRUPTED = 130

_BY_STATUS = {
    401: NOT_ALLOWED,
    403: NOT_ALLOWED,
    404: NOT_FOUND,
    409: CONFLICT,
    412: CONFLICT,
    429: UNAVAILABLE,
}
_SERVER_ERROR = 500

# name: (module with a Typer called `app`, what its help line says)
_GROUPS = {
    "local": (
        "tocsin.cli.local.commands",
        "A cloud on this machine: the deployed template, run locally.",
    ),
    "incidents": ("tocsin.cli.incidents.commands", "List, show and follow incidents."),
    "oncall": ("tocsin.cli.people.oncall", "Who is on call; rotations, overrides, calendar."),
    "maintenance": ("tocsin.cli.people.maintenance", "Windows in which nothing is opened."),
    "heartbeat": ("tocsin.cli.people.heartbeat", "Jobs that say they have run, and are missed."),
    "declare": ("tocsin.cli.incidents.declare", "Declare what is wrong, or pass on who says so."),
    "reports": ("tocsin.cli.incidents.reports", "What people say is wrong, to be looked at."),
    "contact": ("tocsin.cli.people.contact", "The ways on which pages reach you."),
    "doctor": ("tocsin.cli.people.doctor", "What would go wrong in an incident, found beforehand."),
    "first": ("tocsin.cli.incidents.first", "What whoever was woken has to know."),
    "runbook": ("tocsin.cli.runbook.commands", "Check, render and publish the runbook."),
    "drill": (
        "tocsin.cli.local.drill",
        "Scripted, scored incidents; `drill run demo` is the demo.",
    ),
    "simulate": ("tocsin.cli.local.simulate", "Live random incidents with troubles beneath them."),
    "init": ("tocsin.cli.production.init", "Say in a file what is going to be deployed."),
    "deploy": ("tocsin.cli.production.deploy", "Bring an AWS account to what the file says."),
    "destroy": ("tocsin.cli.production.destroy", "Take a stage down; says what stays."),
    "billing": ("tocsin.cli.billing.commands", "Events and subscriptions of billing providers."),
    "signals": (
        "tocsin.cli.incidents.signals",
        "Which rule takes a signal and why, and what was set aside.",
    ),
    "replay": ("tocsin.cli.billing.replay", "Get back what a provider's outage lost."),
}
# what stands at the top, as responders say it; all in one module
_VERBS = {
    "open": "Open an incident and page who is on call.",
    "board": "Open incidents, or those closed in a month.",
    "list": "Open incidents, or those closed in a month: the board.",
    "show": "One incident as it stands.",
    "timeline": "Every entry, oldest first.",
    "clocks": "Show the clocks of an incident.",
    "metrics": "Show how long it took and which promises were kept.",
    "content": "Content that a timeline names and does not hold.",
    "gate": "Show each criterion for closing.",
    "told": "An update that was sent and taken, under an id made up for you.",
    "releases": "Record releases and list them.",
    **{word: f"{verb.about}." for word, (_, verb) in typed().items()},
}
_VERBS_MODULE = "tocsin.cli.incidents.commands"

TASKS = {
    "Respond": "ack acknowledge first board list show declare reports open severity category"
    " escalate page answer assign handover leave incidents",
    "Contain": "contain verify clear freeze fix pause resume lift",
    "Tell": "told update customers impact",
    "Record": "note evidence content decide correct link channel beginning checklist timeline"
    " clocks",
    "Finish": "gate confirm waive approve authorize close reopen merge split postmortem prevent"
    " metrics",
    "Who may see it": "restrict access",
    "On call": "oncall contact heartbeat maintenance doctor",
    "Billing": "billing replay",
    "Run it": "init deploy destroy runbook signals releases drill simulate local",
}
"""What people come to do, and the commands for it; each command once."""


class _Lazy(TyperGroup):
    """Loads a group's module when it is named, not when it is listed; lists them by task."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's own
        """By what people come to do: a list of sixty names helps nobody at night."""
        width = max(map(len, self.commands))
        for task, names in TASKS.items():
            listed = [name for name in names.split() if name in self.commands]
            with formatter.section(task):
                formatter.write_dl(
                    [(name.ljust(width), self.commands[name].help or "") for name in listed]
                )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0] if args else ""
        if name in _GROUPS and name in self.commands:
            self.commands[name] = typer.main.get_command(_load(_GROUPS[name][0], "app"))
            self.commands[name].name = name
        elif name in _VERBS:
            verbs = _verbs()
            if isinstance(verbs, TyperGroup):
                self.commands[name] = verbs.commands[name]
        return super().resolve_command(ctx, args)


@cache
def _verbs() -> Any:
    """Every verb, built once: there are many."""
    return typer.main.get_command(_load(_VERBS_MODULE, "verbs"))


def _load(module: str, attribute: str) -> typer.Typer:
    loaded: typer.Typer = getattr(importlib.import_module(module), attribute)
    return loaded


app = typer.Typer(
    cls=_Lazy,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Tocsin: an incident-response runbook that runs itself.",
    epilog="--json may stand anywhere. Exit codes: 0 done, 1 failed check, 2 usage, 3 bad input, "
    "4 not allowed, 5 not found, 6 conflict, 7 unavailable, 8 asked and waits for a second person.",
)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if asked:
        sys.stdout.write(f"tocsin {version('tocsin')}\n")
        raise typer.Exit


@app.callback()
def _root(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of tables.")
    ] = False,
    show_version: Annotated[  # noqa: ARG001 - acts while it is read
        bool,
        typer.Option(
            "--version", help="Show which version this is.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    output.use(output.Output(json=as_json))


def _placeholder(text: str) -> Any:
    def listed() -> None: ...

    listed.__doc__ = text
    return listed


for _name, (_module, _text) in _GROUPS.items():
    if find_spec(_module):
        app.command(_name, help=_text)(_placeholder(_text))
for _name, _text in _VERBS.items():
    app.command(_name, help=_text)(_placeholder(_text))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process with its documented exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Runs one command; its exit code.

    Everything Tocsin raises on purpose becomes a message and a code. Anything else is a bug and
    shows its traceback.
    """
    line = _json_first(arguments)
    output.use(output.Output(json=line[:1] == ["--json"]))
    try:
        code = _program()(args=line, prog_name="tocsin", standalone_mode=False)
    except TocsinError as error:
        _explain(error)
        return exit_code(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- the outermost frame: a code for everything else
        return _usage_or_bug(error)
    if code == INTERRUPTED:  # Typer answers Ctrl-C inside a command with this code itself
        output.current().err.print("interrupted", markup=False)
    return code if isinstance(code, int) else OK


def exit_code(error: TocsinError) -> int:
    """The documented exit code of an error: the same found here or answered by the API."""
    if isinstance(error, CheckFailed):
        return FAILED_CHECK
    status = error.http_status if isinstance(error, RemoteError) else error.status
    if status < _SERVER_ERROR:
        return _BY_STATUS.get(status, BAD_INPUT)
    return UNAVAILABLE if isinstance(error, RemoteError | Unavailable) else BUG


@cache
def _program() -> Any:
    """The whole command line, built once in a process: it has many commands."""
    return typer.main.get_command(app)


def _json_first(arguments: Sequence[str]) -> list[str]:
    """Moves `--json` from anywhere before `--` to the front, where the root understands it."""
    line = list(arguments)
    end = line.index("--") if "--" in line else len(line)
    if "--json" not in line[:end]:
        return line
    return ["--json", *(word for word in line[:end] if word != "--json"), *line[end:]]


def _explain(error: TocsinError) -> None:
    where = output.current()
    if where.json:
        status = error.http_status if isinstance(error, RemoteError) else error.status
        _problem(_code(error), status, error.detail, error.context)
        return
    where.error(f"{_code(error)}: {error.detail}")


def _code(error: TocsinError) -> str:
    """The API's own code of what it refused, else the error's."""
    return error.answered if isinstance(error, RemoteError) else error.code


def _problem(code: str, status: int | None, detail: str, context: Mapping[str, object]) -> None:
    """One JSON document, the same whether it was found here or answered by the API."""
    said = {"code": code, "status": status, "detail": detail}
    sys.stderr.write(output.document_text({"error": {**context, **said}}) + "\n")


def _usage_or_bug(error: Exception) -> int:
    """Typer's own errors know how to show themselves; AWS may refuse; the rest is a bug."""
    show = getattr(error, "show", None)
    if show is not None:
        if output.current().json:
            _problem("usage", None, str(getattr(error, "message", error)), {})
        else:
            show()
        return int(getattr(error, "exit_code", USAGE))
    if type(error).__name__ == "Abort":
        return INTERRUPTED
    if type(error).__module__.startswith("botocore."):
        _explain(Unavailable(f"AWS answered: {error}"))
        return UNAVAILABLE
    traceback.print_exception(error)
    return BUG


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
