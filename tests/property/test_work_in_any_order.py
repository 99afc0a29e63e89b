"""Runs and deployments of commits, late, doubled and before their commit is linked, end alike.

Attempts and deployments are drawn, each with its own time. One run hears them as they occur, with
the commit linked at once; the other in any order, some twice, and the link comes somewhere between.
Two that tell of one commit at the same time are tried by hand: the older is written last.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.fakes.application import CountingIds, ManualClock, Policies
from tests.harness.worlds.stories import local
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.application.incidents.engine import Engine
from tocsin.incidents.commands.fix import LinkFix
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.model.parts import RunKind
from tocsin.incidents.model.work import Seen, Work, WorkKind
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Category, Group, Severity

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.work import Known

T0, MINUTE = local("09-08 10:00"), timedelta(minutes=1)
COMMIT = "b" * 40
CHECKS = (".github/workflows/ci.yml", ".github/workflows/tests.yml", ".github/workflows/codeql.yml")
ANA = Actor(ActorKind.PERSON, "ana")


def work(seen: Seen) -> Work:
    return Work(
        id=f"{seen.rank}-{seen.name}",
        source="github",
        kind=seen.kind,
        names=(),
        title="",
        url=seen.url,
        at=seen.at,
        commit=seen.commit,
        seen=seen,
    )


class Run:
    """One incident of the service `shop`, and who tells of its commit."""

    def __init__(self, store: MemoryIncidents | None = None) -> None:
        self.store, self.clock = store or MemoryIncidents(), ManualClock(T0)
        self.engine = Engine(
            store=self.store, policies=Policies(), clock=self.clock, ids=CountingIds()
        )
        opening = OpenIncident(
            incident_id=self.engine.ids.incident_id(drill=False),
            command_id="open",
            actor=ANA,
            correlation_id="c",
            groups=frozenset({Group.RESPONDER}),
            title="checkout is down",
            severity=Severity.HIGH,
            category=Category.PRODUCTION,
            service="shop",
        )
        self.id = self.engine.execute(opening).incident.id

    def link(self) -> None:
        command = LinkFix(
            incident_id=self.id,
            command_id="link",
            actor=ANA,
            correlation_id="c",
            groups=frozenset({Group.RESPONDER}),
            commit=COMMIT,
        )
        self.engine.execute(command)

    def hear(self, seen: Seen) -> None:
        self.clock.now += MINUTE
        self.engine.see(work(seen))

    @property
    def incident(self) -> Incident:
        found = self.store.load(self.id)
        assert found is not None
        return found

    def end(self) -> tuple[set[RunKind], bool]:
        fix = self.incident.fix
        return set(fix.green), fix.deployed_at is not None


def attempts(name: str, conclusions: list[str]) -> list[Seen]:
    """What GitHub tells of a run: each attempt begins and ends."""
    found: list[Seen] = []
    for number, conclusion in enumerate(conclusions, start=1):
        begun = Seen(
            source="github",
            kind=WorkKind.RUN,
            commit=COMMIT,
            repository="shop",
            name=name,
            number=7,
            attempt=number,
            at=T0 + 2 * number * MINUTE,
        )
        found += [begun, replace(begun, conclusion=conclusion, at=begun.at + MINUTE)]
    return found


def deployments(conclusions: list[str]) -> list[Seen]:
    return [
        Seen(
            source="github",
            kind=WorkKind.DEPLOYMENT,
            commit=COMMIT,
            repository="shop",
            name="production",
            number=number,
            conclusion=conclusion,
            at=T0 + number * MINUTE,
        )
        for number, conclusion in enumerate(conclusions)
    ]


RESULTS = {"success", "failure", "timed_out"}
ENDS = st.sampled_from(["success", "success", "failure", "timed_out", "cancelled", "skipped"])


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Seen], list[Seen | None]]:
    in_order: list[Seen] = []
    for name in CHECKS:
        in_order += attempts(name, draw(st.lists(ENDS, max_size=3)))
    in_order += deployments(draw(st.lists(st.sampled_from(["failure", "success"]), max_size=2)))
    again = draw(st.lists(st.sampled_from(in_order), max_size=4)) if in_order else []
    mixed: list[Seen | None] = [None, *in_order, *again]
    return sorted(in_order, key=lambda one: one.at), draw(st.permutations(mixed))


def expected(story: list[Seen]) -> set[RunKind]:
    """By the plain rule: of each check its last result; of a kind all, and one at least."""
    runs = [one for one in story if one.kind is WorkKind.RUN]
    last = {one.name: one.conclusion for one in runs if one.conclusion in RESULTS}
    found = set[RunKind]()
    for kind, names in ((RunKind.QUALITY, CHECKS[:2]), (RunKind.SECURITY, CHECKS[2:])):
        if {last[name] for name in names if name in last} == {"success"}:
            found.add(kind)
    return found


@settings(max_examples=60, deadline=None)
@given(stories())
def test_in_any_order_doubled_and_linked_at_any_moment_it_ends_the_same(
    story: tuple[list[Seen], list[Seen | None]],
) -> None:
    in_order, mixed = story
    first, second = Run(), Run()
    first.link()
    for seen in in_order:
        first.hear(seen)
    for one in mixed:
        if one is None:
            second.link()
        else:
            second.hear(one)
    assert first.end()[0] == second.end()[0] == expected(in_order)
    assert first.end()[1] == second.end()[1]
    entries = len(second.store.entries(second.id))
    for one in mixed:
        if one is not None:
            second.hear(one)
    assert len(second.store.entries(second.id)) == entries


class Overtaken(MemoryIncidents):
    """While one reads what is known of a commit, another tells of it and is through first."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Seen] = []
        self.run: Run | None = None

    def known_of(self, commit: str) -> Known:
        found = super().known_of(commit)
        if self.meanwhile and self.run is not None:
            self.run.hear(self.meanwhile.pop())
        return found


def test_of_two_at_the_same_time_the_newer_stands_though_the_older_is_written_last() -> None:
    store = Overtaken()
    store.run = run = Run(store)
    run.link()
    _, failed, _, passed = attempts(CHECKS[0], ["failure", "success"])
    store.meanwhile = [passed]
    run.hear(failed)
    assert run.end()[0] == {RunKind.QUALITY}
