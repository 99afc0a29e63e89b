"""The first half of the demo: an alarm nobody answers in time, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tocsin.drills.paging import checks
from tocsin.drills.scenario import Step
from tocsin.drills.stage import wait_until
from tocsin.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.drills.checks import Check
    from tocsin.drills.levers import Levers
    from tocsin.drills.person import Person
    from tocsin.drills.scenario import Watcher
    from tocsin.drills.stage import Stage
    from tocsin.local.look.inbox import Message

RESPONDER: Final = "commander-primary"
ALARM_PREFIX: Final = "checkout-failing-all-providers-"
OPEN_SECONDS: Final = 45.0
SEND_SECONDS: Final = 12.0
FIVE_MINUTES: Final = timedelta(minutes=5, seconds=1)
"""And a second: what is due is looked up by whole seconds, and a fast run takes less than one."""


@dataclass(slots=True)
class PagingStory:
    """What happened so far; `run` names this run's alarm, so that every run has its own."""

    stage: Stage
    levers: Levers
    watcher: Watcher
    run: str
    opened: dict[str, Any] | None = None
    read: int = 0
    told: list[Message] = field(default_factory=list)

    def steps(self) -> list[Step]:
        """From the deployed cloud to a quiet, acknowledged incident."""
        first = (checks.FIRST_PAGES, checks.SUBJECTS, checks.MAIL)
        late = (checks.ACKNOWLEDGED, checks.MISSED, checks.REPEATED, checks.QUIET, checks.INTACT)
        return [
            Step("the deployed cloud is watching", (checks.DEPLOYED, checks.SWEPT), self._watch),
            Step("an alarm is raised: checkouts fail", (checks.OPENED, checks.CLOCKS), self._raise),
            Step("people are paged", first, self._page),
            Step(
                "five minutes, no answer", (checks.ADVANCED, checks.BACKUP_PAGES), self._five_later
            ),
            Step("fifteen minutes, no answer", (checks.BREACH, checks.ALL_PAGES), self._overdue),
            Step("acknowledged, late", late, self._acknowledge),
        ]

    @property
    def _says(self) -> str:
        """What the alarm says to people, which becomes the incident's title."""
        return f"No checkout has succeeded with any provider for five minutes ({self.run})"

    @property
    def incident(self) -> str:
        """This run's incident.

        Raises:
            Unavailable: none was opened.
        """
        if self.opened is None:
            raise Unavailable("no incident was opened")
        return str(self.opened["id"])

    @property
    def _person(self) -> Person:
        return self.stage.person(RESPONDER)

    def _watch(self) -> Iterator[Check]:
        yield checks.deployed(self.stage.stacks())
        function = self.stage.outputs["functions"]["sla_check"].rpartition(":")[2]
        yield checks.swept(self.stage.schedules(), function)

    def _raise(self) -> Iterator[Check]:
        self.stage.cloud.clock().reset()
        name = ALARM_PREFIX + self.run
        self._set_off(name)
        self.watcher.tell(f"alarm {name} is in ALARM; its action is the stage's alarm topic")

        def found() -> list[dict[str, Any]]:
            return [one for one in self._person.board() if one["title"] == self._says]

        wait_until(lambda: bool(found()), seconds=OPEN_SECONDS)
        about = found()
        yield checks.opened(about)
        self.opened = self._person.incident(about[0]["id"]) if about else None
        view = self._person.clocks(self.incident)
        self.watcher.table(
            ("clock", "target", "due (UTC)"),
            (
                (name, show_target(clock["target"]), clock["due_at"])
                for name, clock in view["clocks"].items()
            ),
        )
        yield checks.clocks(view, self._t0)

    def _page(self) -> Iterator[Check]:
        got = self._new_messages()
        self.watcher.table(("to", "kind", "subject"), ((m.to, m.kind, m.subject) for m in got))
        yield checks.pages(checks.FIRST_PAGES, checks.PRIMARIES, got)
        yield checks.subjects(self.opened["name"] if self.opened else "", got)
        yield checks.stakeholder_mail(got)

    def _five_later(self) -> Iterator[Check]:
        before = self._person.clocks(self.incident)["now"]
        by = FIVE_MINUTES
        self.levers.advance(self.stage, by)
        yield checks.advanced(before, self._person.clocks(self.incident)["now"], by)
        got = self._new_messages()
        yield checks.pages(checks.BACKUP_PAGES, checks.PRIMARIES | checks.BACKUPS, got)

    def _overdue(self) -> Iterator[Check]:
        self.levers.advance(self.stage, timedelta(minutes=10))
        timeline = self._person.timeline(self.incident)
        for entry in timeline:
            if entry["type"] == "clock_breached":
                content = entry["content"]
                self.watcher.tell(f"{content['clock']} was due {content['due_at']} and is missed")
        yield checks.breach(timeline, self._t0)
        yield checks.pages(checks.ALL_PAGES, checks.EVERYBODY, self._new_messages())

    def _acknowledge(self) -> Iterator[Check]:
        key = f"demo-{self.run}-ack"
        person, incident = self._person, self.incident
        answer = person.command(incident, "acknowledge", {}, key=key)
        self.watcher.tell(f"{RESPONDER} acknowledges: {answer.status}")
        view = person.incident(incident)
        yield checks.acknowledged(view, RESPONDER)
        yield checks.missed(person.clocks(incident), self._t0)
        again = person.command(incident, "acknowledge", {}, key=key)
        yield checks.REPEATED.equal(
            expected=(200, view["version"]),
            observed=(again.status, person.incident(incident)["version"]),
        )
        self.levers.advance(self.stage, timedelta(minutes=6))
        yield checks.pages(checks.QUIET, (), self._new_messages())
        yield checks.intact(person.timeline(incident))

    @property
    def _t0(self) -> str:
        return str((self.opened or {})["opened_at"])

    def _new_messages(self) -> list[Message]:
        """What people got since this was asked last."""
        everything = self.stage.sent_messages(self.incident, seconds=SEND_SECONDS)
        new = everything[self.read :]
        self.read = len(everything)
        return new

    def clear_alarm(self) -> None:
        """The alarm is well again; returns when its incident has heard so.

        Raises:
            Unavailable: it never heard.
        """
        self.stage.clients.cloudwatch.set_alarm_state(
            AlarmName=ALARM_PREFIX + self.run, StateValue="OK", StateReason="no failure any more"
        )

        def heard() -> bool:
            timeline = self._person.timeline(self.incident)
            merged = [one["content"] for one in timeline if one["type"] == "signals_merged"]
            return any(not signal["firing"] for one in merged for signal in one["signals"])

        if not wait_until(heard, seconds=OPEN_SECONDS):
            raise Unavailable("the incident did not hear that the alarm is over")

    def _set_off(self, name: str) -> None:
        """A real alarm on a metric, put into ALARM; those of earlier runs are taken away."""
        cloudwatch, topic = self.stage.clients.cloudwatch, self.stage.outputs["alarm_topic_arn"]
        earlier = cloudwatch.describe_alarms(AlarmNamePrefix=ALARM_PREFIX)["MetricAlarms"]
        if earlier:
            cloudwatch.delete_alarms(AlarmNames=[one["AlarmName"] for one in earlier])
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription=self._says,
            Namespace="Shop",
            MetricName="CheckoutFailures",
            Dimensions=[{"Name": "Service", "Value": "checkout"}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=5,
            Threshold=3,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[topic],
            OKActions=[topic],
        )
        cloudwatch.set_alarm_state(
            AlarmName=name,
            StateValue="ALARM",
            StateReason="Threshold Crossed: 5 datapoints were greater than the threshold (3.0).",
        )


def show_target(target: str) -> str:
    """`elapsed:240` as people say it: `4 h`; other kinds of target as they are."""
    kind, _, minutes = target.partition(":")
    if kind != "elapsed" or not minutes.isdecimal():
        return target
    hours, rest = divmod(int(minutes), 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (rest, "min")) if n)
