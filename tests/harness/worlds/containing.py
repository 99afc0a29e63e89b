"""An incident, an account, and people who contain: the desk over memory, in virtual time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.crashes import Crashes
from tests.harness.fakes.targets import KEY, LIST, Account
from tests.harness.worlds.stories import ANA, make
from tests.harness.worlds.world import World
from tocsin.adapters.containment.memory import MemoryRuns
from tocsin.application.containment.desk import Ask, Desk, Who
from tocsin.containment.guards import Rules
from tocsin.containment.runs import Purpose, bound
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.vocabulary import Category, Group, Kind, Severity

if TYPE_CHECKING:
    from datetime import timedelta

    from tocsin.containment.runs import Run
    from tocsin.incidents.model.incident import Incident

LISTED = ("user/deployer", "role/worker", "function/api", f"ip-set/{LIST}")
INPUTS: dict[str, dict[str, str]] = {
    "access-key-off": {"key": KEY},
    "role-sessions-revoked": {"role": "worker"},
    "lambda-alias-rollback": {"function": "api", "alias": "live", "version": "6"},
    "ip-block": {"set": LIST, "addresses": "203.0.113.0/24"},
}
ANA_IS = Who(person="ana", groups=frozenset({Group.RESPONDER}))
BO_IS = Who(person="bo", groups=frozenset({Group.COMMANDER}))
CY_IS = Who(person="cy", groups=frozenset({Group.SECURITY}))
VIEWER_IS = Who(person="vi", groups=frozenset({Group.VIEWER}))


class Containing:
    """Everything a story of containment needs."""

    def __init__(self, **opened: Any) -> None:
        self.world = World()
        self.crashes = Crashes()
        self.account = Account(self.crashes)
        self.runs = MemoryRuns()
        self.desk = Desk(
            engine=self.world.application,
            runs=self.runs,
            targets=self.account,
            rules=Rules(containable=LISTED),
            wall=self.world.wall,
        )
        values: dict[str, Any] = {
            "incident_id": self.world.application.ids.incident_id(drill=False),
            "title": "a key is used from elsewhere",
            "severity": Severity.CRITICAL,
            "category": Category.SECURITY,
            "kind": Kind.REAL,
        }
        command = make(OpenIncident, ANA, **(values | opened))
        self.incident = self.world.application.execute(command).incident.id

    def ask(self, action: str, key: str = "c1", **changes: Any) -> Ask:
        values: dict[str, Any] = {"reason": "it is used by a stranger", "inputs": INPUTS[action]}
        values |= changes
        return Ask(incident=self.incident, action=action, command_id=key, **values)

    def plan(self, action: str, who: Who = ANA_IS, key: str = "c1", **changes: Any) -> Run:
        return self.desk.plan(who, self.ask(action, key, **changes))

    def contained(self, action: str, who: Who = ANA_IS, key: str = "c1", **changes: Any) -> Run:
        run = self.plan(action, who, key, **changes)
        return self.desk.execute(who, self.incident, run.id)

    def agree(self, run: Run, purpose: Purpose, who: Who = BO_IS) -> Run:
        now = self.now(run)
        return self.desk.approve(
            who, self.incident, run.id, purpose=purpose, agreed=bound(now, purpose)
        )

    def undo(self, run: Run, who: Who = ANA_IS) -> Run:
        return self.desk.undo(who, self.incident, run.id, reason="the key is a new one")

    def now(self, run: Run) -> Run:
        return self.desk.run(self.incident, run.id)

    def state(self) -> Incident:
        found = self.world.store.load(self.incident)
        assert found is not None
        return found

    def later(self, step: timedelta) -> None:
        self.world.clock.advance(step)
        self.world.wall.advance(step)

    def under(self, **rules: Any) -> None:
        """The stage has other rules from now on."""
        self.desk = replace(self.desk, rules=replace(self.desk.rules, **rules))

    def types(self) -> list[str]:
        return [entry.type for entry in self.world.store.entries(self.incident)]
