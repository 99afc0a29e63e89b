"""The billing chapter of the runbook: a provider goes down, and what it takes to close again.

Its checkouts fail before anybody is paged, and it goes on with the incident of the paging story.
The provider is really down: its API answers 502 and a third of its webhooks is dropped; its breaker
opens, and customers are sent to the other one. Once it answers, customers' checkouts probe it until
the breaker closes, and only then is what was lost put back; the incident closes when the gate says
so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tocsin.drills.billing.checks import differences
from tocsin.drills.billing.story import ENDPOINT, IDENTITY, SETTLE_SECONDS
from tocsin.drills.outage import checks
from tocsin.drills.outage.books import MITIGATOR, REPLAY_SECONDS, reconcile
from tocsin.drills.outage.recovery import Recovery, fail_over, recover
from tocsin.drills.outage.scene import OutageScene
from tocsin.drills.paging.story import RESPONDER
from tocsin.drills.scenario import Step
from tocsin.drills.stage import wait_until
from tocsin.errors import Unavailable
from tocsin.incidents.timeline.entry import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.drills.checks import Check
    from tocsin.drills.person import Answer

COMMUNICATOR: Final = "communications-primary"
EXAMINED: Final = "checkouts_examined"
EVENTS: Final = 60
LOST: Final = 1 / 3
RECOVERED: Final = 5
CALM: Final = timedelta(hours=72, minutes=1)
MINUTE: Final = timedelta(minutes=1)
DOWN, MEANWHILE = "A provider goes down", "While it is down"
BACK: Final = "The provider is back"
OUT: Final = "The way out"


@dataclass(slots=True)
class OutageStory(OutageScene):
    """The chapter, step by step, and what only its steps have to know."""

    recovery: Recovery = field(init=False)
    lost: set[str] = field(default_factory=set)
    replay: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recovery = Recovery(self.paging.stage, IDENTITY)

    def first_steps(self) -> list[Step]:
        """What everything begins with; what opens here cools while people are being paged."""
        down = (checks.FAILED_OVER, checks.ONE_PAGE, checks.BREAKER_OPEN)
        return [Step("Stripe's checkout answers 502", down, self._fail_over, DOWN)]

    def steps(self) -> list[Step]:
        """From the unproven recovery to the closed incident."""
        back = (checks.REFUSED, checks.BREAKER_CLOSED)
        put_back = (
            checks.PLANNED,
            checks.UNFORCED,
            checks.INSERTED,
            checks.PROVEN,
            checks.CAUGHT_UP,
        )
        right = (checks.COMPARED, checks.HEALED)
        succeed = (checks.SUCCEED, checks.PROBE_GONE)
        ended = (checks.ALL_MET, checks.CLOSED)
        return [
            Step("is it well again?", (checks.UNPROVEN,), self._doubt, MEANWHILE),
            Step("a third of its webhooks is lost", (checks.LOST,), self._lose, MEANWHILE),
            Step("containment is verified", (checks.CONTAINED,), self._contain, MEANWHILE),
            Step("it answers again, and is probed", back, self._recover, BACK),
            Step("what was lost is replayed", put_back, self._put_back, BACK),
            Step("the books are compared and put right", right, self._reconcile, BACK),
            Step("new checkouts succeed", succeed, self._succeed, BACK),
            Step("nobody closes it yet", (checks.STAYS_SHUT,), self._try_to_close, OUT),
            Step("the final update is sent", (checks.TOLD,), self._tell, OUT),
            Step("72 hours of calm, and closed", ended, self._close, OUT),
        ]

    def leave(self) -> None:
        """Puts right what a run that was cut short leaves: outage, orders and lost events.

        The next run would find them lost.
        """
        if not self.bought:
            return
        books, sandbox = self.books, self.books.sandbox
        sandbox.end_outages()
        sandbox.lift()
        sandbox.run()
        for event in {*books.ids} - {sk for _, sk in books.stored(books.made)}:
            sandbox.resend(event, ENDPOINT)
        books.drain(sandbox)

    def _fail_over(self) -> Iterator[Check]:
        yield from fail_over(self, self.recovery)

    def _recover(self) -> Iterator[Check]:
        yield from recover(self, self.recovery)

    def _doubt(self) -> Iterator[Check]:
        yield checks.unproven(self._examine())

    def _lose(self) -> Iterator[Check]:
        books, sandbox = self.books, self.books.sandbox
        books.listen(sandbox)
        known = {event["id"] for event in sandbox.events()}
        sandbox.order("drop", fraction=LOST, seed=3)
        books.began_at = sandbox.now() - 400
        sandbox.tell(
            seed=len(known) + 5,
            start=books.began_at,
            until=books.began_at + 200,
            events=EVENTS,
            label=books.run,
        )
        books.made = [event for event in sandbox.events() if event["id"] not in known]
        books.drain(sandbox)
        sandbox.lift()
        stored = {sk for _, sk in books.stored(books.made)}
        self.lost = set(books.ids) - stored
        dropped = {
            str(one["event"]) for one in sandbox.undelivered() if one["endpoint"] == ENDPOINT
        }
        self.watcher.tell(f"{len(self.lost)} of {len(books.made)} events are in no ledger")
        yield checks.lost(books.ids, stored, dropped & set(books.ids))
        self.numbers["webhooks lost"] = str(len(self.lost))

    def _contain(self) -> Iterator[Check]:
        first = {
            "update": f"first-{self.paging.run}",
            "audience": "internal",
            "text": "Stripe is down. New checkouts go to Razorpay.",
            "accepted": True,
            "impact": "checkouts at Stripe fail",
            "mitigation": "failed over to Razorpay",
            "eta": "unknown",
        }
        self._do("update", first, COMMUNICATOR)
        self._do("customers", {"tell": False, "reason": "the other provider sells the plan"})
        action = {"action": "failover", "text": "New checkouts go to Razorpay"}
        self._do("contain", {"step": "plan", **action}, MITIGATOR)
        self._do("contain", {"step": "done", "action": "failover"}, MITIGATOR)
        self.paging.clear_alarm()
        self.paging.levers.advance(self.stage, MINUTE)
        for check in ("logs", "smoke_test", "targeted_check"):
            looked = {"check": check, "verdict": "passed", "detail": "checkouts at Razorpay"}
            self._do("verify", {"step": "observe", **looked}, MITIGATOR)
        self.paging.levers.advance(self.stage, MINUTE)
        self._do("verify", {"step": "contained"})
        view = self.commander.incident(self.incident)
        clocks = self.commander.clocks(self.incident)
        yield checks.contained(view, clocks)
        clock = clocks["clocks"]["contain"]
        took = parse_time(clock["stopped_at"]) - parse_time(clock["started_at"])
        self.numbers["time to contain"] = f"{took.total_seconds() / 60:.0f} min of 240"

    def _put_back(self) -> Iterator[Check]:
        self._do("fix", {"step": "provider", "provider": "stripe"})
        wish = self.window()
        plan = self._followed(self.post("/v1/replays", {**wish, "dry_run": True}))
        still = self.lost - {sk for _, sk in self.books.stored(self.books.made)}
        yield checks.planned(plan, self.lost, still)
        started = self.post("/v1/replays", wish)
        yield checks.unforced(started.status, started.body)
        self.replay = self._followed(started)
        found = self.books.stored(self.books.made)
        mine = {sk for (_, sk), item in found.items() if item.get("rp") == self.replay["id"]}
        yield checks.inserted(self.lost, mine, self.replay["counts"]["inserted"])
        yield checks.proven(self.replay)
        truth = self.books.truth()
        rows = self.books.rows
        wait_until(lambda: not differences(truth, rows(truth)), seconds=SETTLE_SECONDS)
        yield checks.caught_up(differences(truth, rows(truth)), len(truth))
        self.numbers["webhooks replayed"] = str(self.replay["counts"]["inserted"])

    def _reconcile(self) -> Iterator[Check]:
        yield from reconcile(self)

    def _succeed(self) -> Iterator[Check]:
        made = [self.buy(f"back-{number}") for number in range(RECOVERED)]
        paid = next((one for one in made if one.get("provider") == "stripe"), None)
        if paid is not None:
            self.books.sandbox.complete_checkout(paid["session"])
        found = self._examine()
        self.watcher.tell(
            f"{found.get('sessions')} sessions of {found.get('workspaces')} workspaces,"
            f" {found.get('paid')} paid; lacking: {found.get('lacks') or 'nothing'}"
        )
        yield checks.succeed(found)
        yield checks.probe_gone(self._probes())

    def _try_to_close(self) -> Iterator[Check]:
        self._record_replay()
        refused = self.command("close", {"resolution": "resolved"}, RESPONDER)
        gate = self._gate()
        unmet = [one["code"] for one in gate["criteria"] if one["status"] == "unmet"]
        self.watcher.table(
            ("criterion", "status", "evidence or next step"),
            (
                (one["code"], one["status"], one["evidence"] or one["next_step"])
                for one in gate["criteria"]
            ),
        )
        expected = {
            "fix_deployed_and_monitored",
            "communication_completed",
            "postmortem_published",
            "residual_update_sent",
        }
        yield checks.stays_shut(refused.status, str(refused.body.get("code")), unmet, expected)

    def _tell(self) -> Iterator[Check]:
        text = str(self.commander.read(f"/v1/incidents/{self.incident}/final-update")["text"])
        sent = self.post("/v1/billing/final-updates", {"incident": self.incident, "text": text})
        self.watcher.tell(f"sent: {sent.status}, {len(text.splitlines())} lines")

        def got() -> list[str]:
            mails = self.stage.messages(self.incident)
            return [one.text for one in mails if "Final update" in one.subject]

        wait_until(lambda: bool(got()), seconds=SETTLE_SECONDS)
        opened = str(self.commander.incident(self.incident)["opened_at"])[:16]
        inserted = int(self.replay["counts"]["inserted"])
        figures = {str(self.replay["id"]): f"{inserted} inserted", self.compared: "1 healed"}
        yield checks.told(got(), opened, figures)

    def _close(self) -> Iterator[Check]:
        work = {"text": "probe both providers' checkout every minute", "owner": MITIGATOR}
        due = {"due_at": "2035-01-01T00:00:00.000Z"}
        postmortem = {
            "url": "https://example.com/postmortem",
            "root_cause": "Stripe's checkout answered 502",
            "actions": [{**work, **due}],
        }
        self._do("postmortem", postmortem)
        self.paging.levers.advance(self.stage, CALM)
        gate = self._gate()
        yield checks.all_met(gate)
        met = sum(one["status"] == "met" for one in gate["criteria"])
        self.numbers["gate"] = f"{met} of {len(gate['criteria'])} criteria met"
        self.command("close", {"resolution": "resolved"}, RESPONDER)
        yield checks.closed(self.commander.incident(self.incident))

    def _record_replay(self) -> None:
        """The criterion of the replay, with the replay as evidence."""
        done = {"criterion": "replay_completed", "met": True, "evidence": str(self.replay["id"])}
        self._do("confirm", done)

    def _examine(self) -> dict[str, Any]:
        wish = {"incident": self.incident, "provider": "stripe", "probe": True}
        return self.post("/v1/billing/exit-checks", wish).body

    def _probes(self) -> list[Mapping[str, Any]]:
        """Sessions of this incident's probes at the provider, read with its own SDK."""
        sessions = self.books.sdk().v1.checkout.sessions
        entries = self.commander.timeline(self.incident)
        named = [one["content"].get("probe") for one in entries if one["type"] == EXAMINED]
        return [sessions.retrieve(session).to_dict() for session in named if session]

    def _followed(self, started: Answer) -> dict[str, Any]:
        """A plan or replay once it has ended. Raises `Unavailable` if it was not taken."""
        if (replay := started.body.get("id")) is None:
            raise Unavailable(f"a replay was refused: {started.status} {started.body}")
        bar = self.watcher.count("replay", len(self.lost))

        def ended() -> bool:
            found = self.commander.read(f"/v1/replays/{replay}")
            bar.at(int(found["counts"]["inserted"]))
            return str(found["stage"]) in {"complete", "stalled", "cancelled"}

        try:
            wait_until(ended, seconds=REPLAY_SECONDS)
        finally:
            bar.close()
        return self.commander.read(f"/v1/replays/{replay}")

    def _gate(self) -> dict[str, Any]:
        return self.commander.read(f"/v1/incidents/{self.incident}/gate")

    def _do(self, verb: str, body: Mapping[str, Any], who: str = RESPONDER) -> None:
        """A command that has to be taken. Raises `Unavailable` if it is not."""
        answer = self.command(verb, body, who)
        if answer.status >= 300:  # noqa: PLR2004 - HTTP
            raise Unavailable(f"{verb}: {answer.status} {answer.body}")
