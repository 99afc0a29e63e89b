"""What was asked to be sent on a deployed stage, how each message ended, and whom it reached."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.harness.cloud.local_cloud import eventually
from tocsin.application.incidents.deliver import LEASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.cloud.local_cloud import Deployed
    from tocsin.local.look.inbox import Message

MOOT = "moot"


@dataclass(frozen=True, slots=True)
class Ends:
    """How everything ended that was asked for. `states` and `otherwise` by the message's id.

    `otherwise` are those that did not arrive by themselves: `moot`, or the id of their bundle.
    """

    states: Mapping[str, str]
    otherwise: Mapping[str, str]
    received: tuple[Message, ...]

    @property
    def wanted(self) -> set[str]:
        """Ids that had to arrive: by themselves, and the bundles that stand for others."""
        alone = {name for name in self.states if name not in self.otherwise}
        return alone | {bundle for bundle in self.otherwise.values() if bundle != MOOT}

    @property
    def arrived(self) -> Counter[str]:
        """How often each wanted one came."""
        return Counter(one.message_id for one in self.received)

    @property
    def lost(self) -> set[str]:
        return self.wanted - set(self.arrived)

    @property
    def doubled(self) -> int:
        return self.arrived.total() - len(self.arrived)

    @property
    def unsent(self) -> set[str]:
        return {name for name, state in self.states.items() if state != "sent"}


def states(stage: Deployed) -> dict[str, str]:
    """Every message that was asked for, by its id, and its state."""
    return {
        f"{item['PK']['S'].removeprefix('INC#')}/{int(seq)}/{kind}/{target}": item["state"]["S"]
        for item in stage.items("incidents")
        if item["SK"]["S"].startswith("OUT#")
        for _, seq, kind, target in [item["SK"]["S"].split("#", 3)]
    }


def otherwise(stage: Deployed) -> dict[str, str]:
    """How those ended that did not arrive by themselves: `moot`, or the id of their bundle."""
    found = {}
    for item in stage.items("incidents"):
        tried = [each["S"] for each in item.get("tried", {}).get("L", [])]
        last = tried[-1] if tried else ""
        if item["SK"]["S"].startswith("OUT#") and (last == MOOT or " bundled " in last):
            _, seq, kind, target = item["SK"]["S"].split("#", 3)
            name = f"{item['PK']['S'].removeprefix('INC#')}/{int(seq)}/{kind}/{target}"
            found[name] = last.rpartition(" ")[2]
    return found


def sweep(stage: Deployed) -> None:
    """A sweep that may find its notifier dead: the next one goes on."""
    stage.clients.functions.invoke(
        FunctionName=stage.outputs["functions"]["sla_check"], Payload=b"{}"
    )


def swept_until_sent(stage: Deployed, *, sweeps: int = 40) -> dict[str, str]:
    """Sweeps a minute apart until nothing is unsent; whoever holds a lease is waited for."""
    for _ in range(sweeps):
        stage.cloud.clock().advance(timedelta(minutes=1))
        sweep(stage)
        found = states(stage)
        if set(found.values()) == {"sent"}:
            return found
        if "claimed" in found.values():
            time.sleep(LEASE.total_seconds() / 6)
    return states(stage)


def swept_in_trouble(stage: Deployed, *, seconds: float, every: float) -> dict[str, str]:
    """Sweeps `every` so many seconds until nothing is unsent, or the time is over.

    Whoever sends is in trouble meanwhile: a lease that its holder died with has to run out first.
    """
    end = time.monotonic() + seconds
    while set((found := states(stage)).values()) != {"sent"} and time.monotonic() < end:
        stage.cloud.clock().advance(timedelta(minutes=1))
        sweep(stage)
        time.sleep(every)
    return found


def ends(stage: Deployed, found: Mapping[str, str]) -> Ends:
    """How those ended; waits a while for what has left and has not arrived."""
    ended = otherwise(stage)
    asked = Ends(found, ended, ())
    known = asked.wanted | set(found)
    received = eventually(
        lambda: [one for one in stage.cloud.inbox().read() if one.message_id in known],
        lambda seen: {one.message_id for one in seen} >= asked.wanted,
    )
    return Ends(found, ended, tuple(received))
