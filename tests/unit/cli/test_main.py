"""The frame of the command line: exit codes, messages, what is loaded when."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
import typer
from botocore.exceptions import EndpointConnectionError

from tocsin import errors
from tocsin.cli import main
from tocsin.cli.local import commands as local
from tocsin.local.errors import CloudNotRunning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def failing_with(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.fixture
def status_raises(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    return lambda error: monkeypatch.setattr(local, "_cloud", failing_with(error))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CheckFailed("red"), 1),
        (errors.BadInput("x"), 3),
        (errors.InvalidPolicy("x"), 3),
        (errors.NotAllowed("x"), 4),
        (errors.UnknownIncident("x"), 5),
        (errors.VersionConflict("x"), 6),
        (CloudNotRunning("x"), 7),
        (errors.TocsinError("x"), 70),
    ],
)
def test_every_branch_of_the_error_tree_has_its_exit_code(
    error: errors.TocsinError,
    code: int,
    status_raises: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    status_raises(error)

    assert main.run(["local", "status"]) == code

    shown = capsys.readouterr()
    assert error.code in shown.err
    assert shown.out == ""


def test_every_command_is_listed_under_one_task() -> None:
    listed = [name for names in main.TASKS.values() for name in names.split()]
    program: Any = typer.main.get_command(main.app)
    assert sorted(listed) == sorted(program.commands)


def every_command(command: Any, context: Any) -> Iterator[tuple[str, Any]]:
    """Each command and group below this one, and itself, with what is typed for it."""
    yield context.command_path, command
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        _, inner, _ = command.resolve_command(context, [name])
        yield from every_command(inner, type(context)(inner, info_name=name, parent=context))


def the_whole_program() -> Iterator[tuple[str, Any]]:
    program: Any = typer.main.get_command(main.app)
    return every_command(program, program.make_context("tocsin", [], resilient_parsing=True))


_ASKS = {
    "CALLER",
    "connect",
    "connect_to",
    "send",
    "Steps",
    "run_smoke_tests",
    "numbers_of_stack",
    "_act",
}
"""What asks the API that the command was told of."""


def test_whatever_asks_the_api_can_be_told_which_and_as_whom() -> None:
    """A command that is none `OnApi` would ask whichever API the one before it was told of."""
    asking = {
        path: {option for parameter in command.params for option in parameter.opts}
        for path, command in the_whole_program()
        if command.callback and _ASKS & {*inspect.unwrap(command.callback).__code__.co_names}
    }
    assert {"tocsin open", "tocsin billing exit", "tocsin contact test"} <= asking.keys()
    assert [path for path, opts in asking.items() if not {"--api-url", "--as"} <= opts] == []


_UNITS = re.compile(r"\b(seconds?|minutes?|hours?|days?|how (long|far)|timeout|every)\b")
_NUMBER = re.compile(r"int|float")


def test_no_length_of_time_is_a_bare_number() -> None:
    """`90m`, `2h`, `3d` everywhere: which unit a number has is no question for the night."""
    said = {
        f"{path} {parameter.opts[0]}": str(parameter.type_descriptor.annotation)
        for path, command in the_whole_program()
        for parameter in command.params
        if _UNITS.search(f"{' '.join(parameter.opts)} {getattr(parameter, 'help', '')}".lower())
    }
    lengths = ("oncall ical --days", "billing approve --minutes", "pause minutes", "waive days")
    assert {f"tocsin {one}" for one in lengths} <= said.keys()
    assert [name for name, kind in said.items() if _NUMBER.search(kind)] == []


@pytest.mark.parametrize("ask", ["-h", "--help"])
def test_help_goes_by_what_people_come_to_do(ask: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([ask]) == 0
    shown = capsys.readouterr().out
    at = [shown.index(f"\n{task}:\n") for task in main.TASKS]
    assert at == sorted(at)
    assert max(map(len, shown.splitlines())) <= 80
    assert main.run(["contain", "plan", ask]) == 0


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"tocsin {version('tocsin')}\n"


def test_every_error_of_the_tree_has_a_documented_exit_code() -> None:
    def leaves(kind: type[errors.TocsinError]) -> list[type[errors.TocsinError]]:
        return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]

    assert main.__doc__ is not None
    documented = {int(line.split()[0]) for line in main.__doc__.splitlines() if line[4:5].isdigit()}
    for kind in leaves(errors.TocsinError):
        if kind is not errors.RemoteError:
            # Made without its constructor, which differs; only the kind counts.
            assert main.exit_code(kind.__new__(kind)) in documented - {0, 2}, kind


def test_an_error_has_one_exit_code_whether_found_here_or_answered() -> None:
    def leaves(kind: type[errors.TocsinError]) -> list[type[errors.TocsinError]]:
        return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]

    refusals = [kind for kind in leaves(errors.TocsinError) if kind.status < 500]
    assert errors.IllegalTransition in refusals
    for kind in refusals:
        if kind is not errors.CheckFailed:
            answered = errors.RemoteError("x", answered=kind.code, status=kind.status)
            assert main.exit_code(kind.__new__(kind)) == main.exit_code(answered), kind
    assert main.exit_code(errors.IllegalTransition("x")) == 6


def test_an_error_in_json_goes_to_stderr_as_one_document(
    status_raises: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    status_raises(errors.UnknownIncident("no such incident", incident="INC-1"))

    assert main.run(["local", "status", "--json"]) == 5

    shown = capsys.readouterr()
    assert shown.out == ""
    assert json.loads(shown.err)["error"] == {
        "code": "unknown_incident",
        "status": 404,
        "detail": "no such incident",
        "incident": "INC-1",
    }


@pytest.mark.parametrize("line", [["nope"], ["local", "nope"], ["local", "inbox", "--wait", "x"]])
def test_a_wrong_command_line_is_a_usage_error(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(line) == 2
    assert "Usage" in capsys.readouterr().err


def test_a_bug_shows_its_traceback_and_a_code_of_its_own(
    status_raises: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    status_raises(ZeroDivisionError("a bug"))

    assert main.run(["local", "status"]) == 70
    assert "ZeroDivisionError: a bug" in capsys.readouterr().err


def test_an_aws_that_does_not_answer_is_unavailable_and_no_bug(
    status_raises: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    status_raises(EndpointConnectionError(endpoint_url="http://127.0.0.1:1"))

    assert main.run(["local", "status"]) == 7
    assert "127.0.0.1:1" in capsys.readouterr().err


def test_an_interrupted_command_says_so(
    status_raises: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    status_raises(KeyboardInterrupt())

    assert main.run(["local", "status"]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        (["local", "status", "--json"], ["--json", "local", "status"]),
        (["--json", "local", "status"], ["--json", "local", "status"]),
        (["note", "INC-1", "--", "--json"], ["note", "INC-1", "--", "--json"]),
        (["local", "status"], ["local", "status"]),
    ],
)
def test_json_may_stand_anywhere_before_two_dashes(line: list[str], moved: list[str]) -> None:
    assert main._json_first(line) == moved


def test_help_names_every_group_and_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"]) == 0

    shown = capsys.readouterr().out
    for name in ("local", "incidents", "open", "ack", "severity", "note", "clocks"):
        assert name in shown


def test_help_loads_no_aws_client_no_policy_and_no_template_engine() -> None:
    heavy = ("boto3", "botocore", "yaml", "holidays", "jinja2", "tocsin.local.stage.cloud")
    code = (
        "import sys; from tocsin.cli import main; main.run(['--help']);"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )

    assert ran.stderr.strip() == "[]"
