"""What was held back and is due: let through by the sweep, held on, or over.

Its source is muted, its parts may speak for it, or it is noise for now. What has been overtaken is
not let through: cleared, or told by its parts. What is noise is asked about anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.receive import receive, take
from tocsin.application.signals import noise, silence
from tocsin.application.signals.set_aside import put_aside
from tocsin.incidents.model.signals import PART, triage
from tocsin.ports.signals import Why

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.application.incidents.execute import Ports
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.signals import Signal

BOARD_PAGE = 200


def let_through(key: str, ports: Ports) -> list[Outcome]:
    """What was held back of a key and is due: received now, unless it is over or told.

    Raises:
        SignalsNotReceived: it stays due, and is tried again.
    """
    signal = ports.store.held(key)
    if signal is None:
        return []
    outcomes: list[Outcome] = []
    if signal.gone:
        outcomes = _end_parts(signal, ports)
    elif not _is_over(signal, ports) and silence.is_awaited(signal, ports):
        if not signal.held_for:
            outcomes = receive([signal.let_through()], ports)
        elif (taken := _look_again(signal, ports)) is None:
            return []
        else:
            outcomes = taken
    now = ports.clock.incident_now()
    ports.store.let_go(key, until=signal.occurred_at, recorded_at=now)
    return outcomes


def _look_again(signal: Signal, ports: Ports) -> list[Outcome] | None:
    """What comes of a signal whose reason to be held has ended; None: it is held on."""
    policy = ports.policies.current()
    known = ports.store.intake([signal])
    again = signal.let_through()
    if known.pointer is not None and known.pointer.open:
        batch = [*noise.meanwhile(again, known.pointer.incident, ports), again]
    else:
        batch, judged = [again], triage(again, policy)
        verdict = noise.held_back(again, judged, known.windows, ports) if again.firing else None
        if verdict is not None:
            kept = replace(again, held_until=verdict.until, held_for=verdict.why)
            ports.store.hold(kept, again=True)
            if verdict.why is not Why.INHIBITED or signal.held_for != Why.INHIBITED:
                put_aside(again, verdict, judged, ports, pointer=known.pointer)
            return None
    outcome = take(batch, policy, ports, known.pointer)
    return [outcome] if outcome else []


def _is_over(signal: Signal, ports: Ports) -> bool:
    """Whether the key has said something newer than what is held back of it."""
    heard = ports.store.clear_heard(signal.key)
    if heard is not None and heard.occurred_at > signal.occurred_at:
        return True
    pointer = ports.store.pointer(signal.key)
    owner = None if pointer is None else ports.store.load(pointer.incident)
    state = None if owner is None else owner.signals.get(signal.key)
    return state is not None and state.last_at > signal.occurred_at


def _end_parts(whole: Signal, ports: Ports) -> list[Outcome]:
    """Clears what still fires of the parts of a whole that is gone: nothing else will."""
    ends = [
        replace(whole, part=key.removeprefix(whole.key + PART), id=f"{whole.id}-{at}")
        for at, key in enumerate(sorted(_firing_parts(whole, ports)))
    ]
    return receive([signal.let_through() for signal in ends], ports)


def _firing_parts(whole: Signal, ports: Ports) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = ports.store.board(limit=BOARD_PAGE, cursor=cursor)
        for incident in ports.store.load_all([line.id for line in page.items]).values():
            for key, state in incident.signals.items():
                if state.firing and key.startswith(whole.key + PART):
                    yield key
        if (cursor := page.cursor) is None:
            return
