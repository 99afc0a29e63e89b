"""Whoever a request names has to be somebody: known here, and told by some way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.application.people.known import require_known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.incident_api.call import Call


def refuse_unknown(call: Call, named: Iterable[str]) -> None:
    """Refuses names that belong to nobody; whoever asks is known to themselves.

    Without people's ways at hand nobody can tell, and nothing is refused.

    Raises:
        UnknownPerson: with who is known.
        StoreUnavailable: rotations or ways could not be read.
    """
    others = [name for name in named if name.strip() != call.caller.person]
    if others and call.people is not None and (on_duty := call.application.on_duty) is not None:
        policy = on_duty.policies.current()
        require_known(others, policy, call.people.contacts, on_duty.rotas, now=call.now)
