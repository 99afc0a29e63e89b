"""What is asked for, read: inputs of the right form and no others, an end only for what ends."""

import re
from collections.abc import Mapping
from datetime import timedelta

from tocsin.containment.registry import Action
from tocsin.containment.suggest import suggest
from tocsin.errors import BadInput
from tocsin.incidents.model.incident import Incident


def read_inputs(action: Action, given: Mapping[str, str]) -> dict[str, str]:
    """Every input the action asks for, and no other.

    Raises:
        BadInput: one is missing, unknown, or not of its form.
    """
    asked = {each.name: each for each in action.asked}
    if unknown := sorted(given.keys() - asked.keys()):
        raise BadInput(f"{action.name} does not ask for {', '.join(unknown)}", field=unknown[0])
    found = {}
    for name, each in asked.items():
        value = given.get(name, each.default)
        if value is None or not re.fullmatch(each.pattern, value):
            raise BadInput(f"{action.name} needs `{name}`: {each.says}", field=name)
        found[name] = value
    return found


def lasting(action: Action, asked: timedelta | None) -> int | None:
    """For how long; only what ends by itself can be given an end."""
    if action.lasts is None or action.longest is None:
        if asked is not None:
            raise BadInput(f"{action.name} stays until it is undone", field="lasts")
        return None
    lasts = action.lasts if asked is None else asked
    if not timedelta() < lasts <= action.longest:
        raise BadInput(f"{action.name} lasts at most {action.longest}", field="lasts")
    return int(lasts.total_seconds())


def rejected(incident: Incident, action: Action) -> tuple[str, ...]:
    """The other suggestions: a choice says what it was chosen over."""
    return tuple(each.title for each in suggest(incident) if each.action != action.name)
