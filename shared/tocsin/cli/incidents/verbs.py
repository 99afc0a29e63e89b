"""A command for every verb of the engine, made from the verb's own fields.

What a command needs stands on the line in its order (`tocsin assign INC-… mitigation_owner cy`),
what it may be given is an option of the field's name. So a verb or a field that is added to the
engine is on the command line by that, and its help cannot say something else than the API does.
Verbs with steps are groups: `tocsin contain plan INC-… rollback "Back to 41"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tocsin.cli.incidents import completing, freezes
from tocsin.cli.incidents.naming import OnOne
from tocsin.cli.incidents.tables import show_change
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.spans import LENGTHS, read_count, read_instant
from tocsin.cli.terminal.values import options_of, parameter, with_signature
from tocsin.errors import BadInput
from tocsin.incidents.commands.help import about
from tocsin.incidents.commands.shapes import Shape, shapes
from tocsin.incidents.commands.verbs import STEP, typed
from tocsin.incidents.timeline.entry import format_time
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from inspect import Parameter

    from tocsin.incidents.commands.verbs import Verb

_MOST_ON_THE_LINE = 4

Incident = Annotated[
    str,
    typer.Argument(
        help="Its number (INC-142, or 142), the beginning of its id, or `latest`; where only one is"
        " open, a person may leave it out.",
        metavar="INCIDENT",
        autocompletion=completing.incidents,
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--key", help="Idempotency key: the same again does nothing twice."),
]
IfVersion = Annotated[
    int | None,
    typer.Option("--if-version", help="Only if it is still at this version.", show_default=False),
]
At = Annotated[
    str | None,
    typer.Option("--at", help="When it happened, with its zone; default now.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Occasion:
    """What may be said of a change beside what it is."""

    happened_at: At = None
    key: Key = None


@dataclass(frozen=True, slots=True)
class Envelope(Occasion):
    """The same of a change that is sent as one."""

    if_version: IfVersion = None


def add_verbs(
    app: typer.Typer,
    *,
    without: frozenset[str],
    more: Mapping[str, Mapping[str, Callable[..., None]]],
    about_none: Mapping[str, Mapping[str, Callable[..., None]]],
) -> None:
    """Adds the command or group of every verb, but not of those that have one written by hand.

    `more` are steps of groups that are written by hand, also in the place of the engine's own;
    `about_none` are those that are about no incident.
    """
    for word, (name, verb) in typed().items():
        if name not in without:
            _add(app, word, name, verb, more.get(name, {}), about_none.get(name, {}))


def send(
    incident: str, verb: str, body: Mapping[str, Any], envelope: Envelope
) -> Mapping[str, Any]:
    """Sends a verb with what stands in its envelope; the incident as it is then."""
    sent = dict(body)
    if envelope.happened_at:
        sent["occurred_at"] = _moment(envelope.happened_at)
    api = connect()
    path = f"/v1/incidents/{segment(incident)}/{verb}"
    return api.post(path, sent, key=envelope.key, if_version=envelope.if_version)


def _add(
    app: typer.Typer,
    word: str,
    name: str,
    verb: Verb,
    more: Mapping[str, Callable[..., None]],
    about_none: Mapping[str, Callable[..., None]],
) -> None:
    if not isinstance(verb.command, Mapping):
        app.command(word, help=f"{verb.about}.", cls=OnOne)(_command(name, "", verb.command))
        return
    shows = _SHOWN.get(word)
    group = typer.Typer(
        no_args_is_help=shows is None,
        invoke_without_command=shows is not None,
        add_completion=False,
        rich_markup_mode=None,
        help=f"{verb.about}." if shows is None else f"{verb.about}; alone, it shows.",
    )
    if shows is not None:
        group.callback()(shows)
    for step, command in verb.steps.items():
        if step in more:
            continue
        said = (command.__doc__ or step).strip().splitlines()[0]
        group.command(step.replace("_", "-"), help=said, cls=OnOne)(_command(name, step, command))
    for step, run in more.items():
        group.command(step, cls=OnOne)(run)
    for step, run in about_none.items():
        group.command(step, cls=OnApi)(run)
    app.add_typer(group, name=word)


_SHOWN = {"freeze": freezes.shown}
"""Groups that show something when no step is named."""


def _command(verb: str, step: str, command: type) -> Any:
    """A function whose signature is the verb's fields, as Typer reads signatures."""
    wanted = shapes(command)

    def run(**given: Any) -> None:
        body = {STEP: step} if step else {}
        body |= {shape.name: value for shape, value in _sent(wanted, given)}
        envelope = Envelope(**{one.name: given[one.name] for one in fields(Envelope)})
        show_change(send(given["incident"], verb, body, envelope))

    parameters = [parameter("incident", Incident)]
    parameters += sorted(
        (_of(shape, wanted) for shape in wanted), key=lambda one: one.default is not one.empty
    )
    return with_signature(run, [*parameters, *options_of(Envelope)])


def _of(shape: Shape, wanted: tuple[Shape, ...]) -> Parameter:
    """One field: on the line if it is needed and one word or text, else an option."""
    hint, text = _hint(shape), shape.about or about(shape.name)
    if shape in _on_the_line(wanted):
        offers = _OFFERS.get(shape.name)
        argument = typer.Argument(help=text, metavar=shape.name.upper(), autocompletion=offers)
        return parameter(shape.name, Annotated[hint, argument])
    needed = shape.required and not shape.left_to_engine and not shape.many
    option = typer.Option(
        *_names(shape),
        help=text,
        show_default=False,
        autocompletion=_OFFERS.get(shape.name),
    )
    if needed:
        return parameter(shape.name, Annotated[hint, option])
    if shape.kind is bool:
        return parameter(shape.name, Annotated[hint, option], False)
    return parameter(shape.name, Annotated[hint | None, option], None)


def _on_the_line(wanted: tuple[Shape, ...]) -> tuple[Shape, ...]:
    words = (str, int)
    plain = [
        shape
        for shape in wanted
        if shape.required
        and not shape.many
        and not shape.left_to_engine
        and (shape.kind in words or issubclass(shape.kind, StrEnum))
    ]
    return tuple(plain[:_MOST_ON_THE_LINE])


def _names(shape: Shape) -> tuple[str, ...]:
    name = shape.name.replace("_", "-")
    if shape.kind is bool and shape.required:
        return (f"--{name}/--not-{name}",)
    short = _SHORT.get(shape.name)
    return (f"--{name}",) if short is None else (f"--{name}", short)


_OFFERS: Mapping[str, Callable[..., Any]] = {
    "person": completing.people,
    "other": completing.incidents,
    "duplicate_of": completing.incidents,
}
"""What a shell offers for a field."""

_SHORT = {"reason": "-r", "actions": "-a"}
"""Options that nearly everybody types."""


def _hint(shape: Shape) -> Any:
    kind: Any = str
    if shape.name in LENGTHS:
        return str
    if issubclass(shape.kind, StrEnum):
        # Not the class itself: on the line stand its values, not its names.
        kind = Literal[tuple(word.value for word in shape.kind)]
    elif shape.kind in (int, bool):
        kind = shape.kind
    return list[kind] if shape.many else kind


def _sent(wanted: tuple[Shape, ...], given: Mapping[str, Any]) -> Iterator[tuple[Shape, Any]]:
    for shape in wanted:
        value = given[shape.name]
        if value is None or (value is False and not shape.required):
            continue
        if shape.name in LENGTHS:
            value = read_count(value, shape.name)
        elif shape.kind is datetime:
            value = _moment(value)
        elif shape.many and shape.kind is not str:
            value = [_record(shape, text) for text in value]
        yield shape, value


def _record(shape: Shape, text: str) -> dict[str, str]:
    """`write a test | cy | 2026-10-01T00:00Z`: the parts of a record in their order."""
    wanted = shapes(shape.kind)
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != len(wanted):
        form = " | ".join(one.name.upper() for one in wanted)
        raise BadInput(f"`--{shape.name}` is written as '{form}'", field=shape.name)
    return {
        one.name: _moment(part) if one.kind is datetime else part
        for one, part in zip(wanted, parts, strict=True)
    }


def _moment(text: str) -> str:
    return format_time(read_instant(text))
