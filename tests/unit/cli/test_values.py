"""Options that belong together are one value: Typer sees the fields, the command gets the value."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tocsin.cli.terminal.values import spread


@dataclass(frozen=True, slots=True)
class Whose:
    name: Annotated[str, typer.Argument(help="Whose.")]
    account: Annotated[str, typer.Option("--account", "-a", help="Which account.")]
    mode: Annotated[str, typer.Option(help="live or test.")] = "live"


@dataclass(frozen=True, slots=True)
class Beside:
    key: Annotated[str | None, typer.Option("--key")] = None


app = typer.Typer()


@app.command()
@spread
def show(
    count: Annotated[int, typer.Argument()],
    whose: Whose,
    *,
    beside: Beside,
    loud: Annotated[bool, typer.Option("--loud")] = False,
) -> None:
    """Show what was given."""
    typer.echo(json.dumps({"count": count, **asdict(whose), **asdict(beside), "loud": loud}))


def typed(*words: str) -> dict[str, object]:
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0, run.output
    found: dict[str, object] = json.loads(run.stdout)
    return found


def test_fields_are_typed_as_arguments_and_options_and_come_as_their_values() -> None:
    assert typed("3", "ada", "-a", "acct", "--mode", "test", "--key", "k", "--loud") == {
        "count": 3,
        "name": "ada",
        "account": "acct",
        "mode": "test",
        "key": "k",
        "loud": True,
    }


def test_what_is_left_out_is_the_fields_own_default() -> None:
    found = typed("3", "ada", "--account", "acct")
    assert (found["mode"], found["key"], found["loud"]) == ("live", None, False)


@pytest.mark.parametrize(
    ("words", "missing"), [(("3", "ada"), "account"), (("3", "--account", "acct"), "name")]
)
def test_a_field_without_a_default_is_needed(words: tuple[str, ...], missing: str) -> None:
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 2
    assert missing in run.output.lower()


def test_help_shows_the_fields_and_the_commands_own_words() -> None:
    said = CliRunner().invoke(app, ["--help"]).output
    assert "Show what was given." in said
    assert "Which account." in said
    assert "whose" not in said


def test_two_values_with_a_field_of_one_name_are_refused_when_the_command_is_made() -> None:
    def twice(one: Beside, other: Beside) -> None:
        raise AssertionError(one, other)

    with pytest.raises(ValueError, match="duplicate parameter name: 'key'"):
        spread(twice)
