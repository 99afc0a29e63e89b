"""Options that belong together, as one value.

What a command takes of a kind (whose subscription, when something happened) is a frozen dataclass
whose fields are annotated as options and arguments are; several commands take the same one.
"""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NEEDED = inspect.Parameter.empty


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer reads it: with the fields of each value in the value's place."""
    hints = get_type_hints(command, include_extras=True)
    values: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    @wraps(command)
    def run(**given: Any) -> None:
        made = {
            name: value(**{one.name: given.pop(one.name) for one in fields(value)})
            for name, value in values.items()
        }
        command(**given, **made)

    parameters: list[inspect.Parameter] = []
    for one in inspect.signature(command).parameters.values():
        if one.name in values:
            parameters += options_of(values[one.name])
        else:
            parameters.append(parameter(one.name, hints[one.name], one.default))
    return with_signature(run, parameters)


def options_of(value: type) -> Iterator[inspect.Parameter]:
    """A parameter for each field of a value."""
    hints = get_type_hints(value, include_extras=True)
    for one in fields(value):
        default = _NEEDED if one.default is MISSING else one.default
        yield parameter(one.name, hints[one.name], default)


def parameter(name: str, hint: Any, default: Any = _NEEDED) -> inspect.Parameter:
    """What a command is given by name."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def with_signature(
    run: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """The function, which takes anything, with the parameters that Typer is to read."""
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # typer asks for it
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
