"""An incident that is typed: `tocsin` with times on a wall clock and people by name.

Times are written like `09-08 10:00`, in 2026, on the wall of the team.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tocsin.incidents.timeline.entry import parse_time

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

NEW_YORK = ZoneInfo("America/New_York")
T0 = "09-08 10:00"
ANA, BO, DI, ED, SAM = "ana", "bo", "di:commander", "ed:commander", "sam:security"


class Told:
    """One incident that is typed, in one zone."""

    def __init__(self, terminal: Terminal, zone: ZoneInfo = NEW_YORK) -> None:
        self.terminal, self.world, self.zone, self.id = terminal, terminal.world, zone, ""

    @property
    def name(self) -> str:
        """What people call it now."""
        found = self.world.store.load(self.id)
        assert found is not None
        return found.name

    def instant(self, text: str) -> datetime:
        moment = datetime.fromisoformat(f"2026-{text.replace(' ', 'T')}")
        return moment.replace(tzinfo=self.zone).astimezone(UTC)

    def begin(self, text: str) -> None:
        """What the clock shows before anything has happened."""
        self.world.clock.now = self.world.wall.now = self.instant(text)

    def until(self, text: str) -> None:
        self.terminal.at(self.instant(text))

    def open(self, at: str, severity: str, *words: str) -> Told:
        self.begin(at)
        opened = self.terminal.json(
            *("open", "checkout is down", "--severity", severity, "--service", "checkout"),
            *("--as", ANA, *words),
        )
        self.id = opened["id"]
        return self

    def say(self, at: str, person: str, verb: str, *words: str, step: str = "") -> Any:
        """Types a verb at a time."""
        if self.instant(at) > self.world.clock.now:
            self.until(at)
        steps = (step,) if step else ()
        yes = ("--yes",) if verb == "severity" else ()
        return self.terminal.json(verb, *steps, self.id, *words, *yes, "--as", person)

    def acknowledge(self, at: str, person: str = ANA) -> None:
        self.say(at, person, "ack")

    def lower(self, at: str, to: str) -> None:
        """From critical: the commander wants it, and the security owner."""
        for person in (DI, SAM):
            if self.show()["severity"] != to:
                self.say(at, person, "severity", to, "--reason", "few are affected")

    def contain(self, at: str) -> None:
        """Acts two minutes before that time, looks one before, and another person verifies."""
        action = f"a{len(self.show()['containment']['actions'])}"
        acted, looked = (self.before(at, minutes) for minutes in (2, 1))
        self.say(acted, ANA, "contain", action, "roll back", step="plan")
        self.say(acted, ANA, "contain", action, step="done")
        for check in ("logs", "smoke_test", "targeted_check"):
            look = ("--check", check, "--verdict", "passed", "--detail", "seen")
            self.say(looked, ANA, "verify", *look)
        self.say(at, BO, "verify", "--contained")

    def before(self, at: str, minutes: int) -> str:
        moment = self.instant(at) - timedelta(minutes=minutes)
        return f"{moment.astimezone(self.zone):%m-%d %H:%M}"

    def repair(self, at: str) -> None:
        self.check_fix(at)
        url = ("--url", "https://example.com/run")
        self.say(at, ANA, "fix", "c0ffee", "success", "--whole-scope", *url, step="deploy")

    def check_fix(self, at: str) -> None:
        """Links the fix and reports its checks green."""
        url = ("--url", "https://example.com/run")
        self.say(at, ANA, "fix", "c0ffee", *url, step="link")
        for run in ("quality", "security"):
            self.say(at, ANA, "fix", "c0ffee", run, "success", *url, step="run")

    def release(
        self, name: str, *words: str, cut: str, shipped: str = "", planned: str = ""
    ) -> None:
        times = [("--cut-at", cut), ("--shipped-at", shipped), ("--planned-at", planned)]
        given = [
            word for option, at in times if at for word in (option, self.instant(at).isoformat())
        ]
        self.terminal.json("releases", "record", "checkout", name, *given, *words, "--as", ANA)

    def show(self) -> Any:
        return self.terminal.json("show", self.id, "--as", SAM)

    def clock(self, name: str) -> dict[str, Any]:
        return self.terminal.clocks(self.id)[name]

    def wall(self, text: str | None) -> str:
        return "-" if text is None else self.wall_at(parse_time(text))

    def wall_at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%m-%d %H:%M}"

    def due(self, name: str) -> str:
        return self.wall(self.clock(name)["due_at"])

    def recovery(self, name: str) -> str:
        return self.wall(self.clock(name)["recovery_due"])

    def result(self, name: str) -> str:
        return str(self.clock(name)["attainment"])

    def dues(self) -> tuple[str, str, str]:
        return self.due("acknowledge"), self.due("contain"), self.due("fix")

    def round_due(self) -> str:
        return self.wall(self.show()["round"]["due_at"])
