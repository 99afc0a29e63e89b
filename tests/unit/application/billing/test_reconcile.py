"""Reconciling a whole world: what was planted is found, and nothing else; healed, it is gone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.fakes.crashes import Killed
from tests.harness.models.reconcile import NOW, RAZORPAY, STRIPE, ReconcileModel, key, truth_of
from tests.harness.sizes import quick_or_full
from tocsin.adapters.billing.projection.memory import MemoryProjection
from tocsin.adapters.billing.reconcile.memory import MemoryReconciliations
from tocsin.application.billing.reconcile.heal import LAID_SINCE
from tocsin.billing.projection.ordering import Overlay
from tocsin.billing.reconcile.compare import Kind
from tocsin.billing.reconcile.sampling import Sampling
from tocsin.billing.reconcile.work import Compared, Cursor, Found, Scope, Stage, State
from tocsin.billing.subscription import Status
from tocsin.errors import MalformedPayload, StoreRefused, VersionConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Answer, Row

TABLE = [(kind, 3 * index + number) for index, kind in enumerate(Kind) for number in range(3)]


def planted(**options: object) -> tuple[ReconcileModel, list[tuple[Kind, str]]]:
    world = ReconcileModel(**options)  # type: ignore[arg-type]
    return world, sorted(world.plant(kind, number) for kind, number in TABLE)


def heal(world: ReconcileModel, *ids: str) -> None:
    cursor = world.store.load("REC-1")
    assert cursor is not None
    world.store.save(replace(cursor.to(Stage.HEALING), heal=ids, heal_by="bo"))
    world.run()


def test_24_of_24_are_found_each_by_its_class_and_nothing_else() -> None:
    world, expected = planted()
    assert world.start().stage is Stage.READY
    assert world.found() == expected
    standing = world.standing()
    assert standing.unresolved == dict.fromkeys(sorted(Kind), 3)
    assert (standing.unknown, standing.workspaces) == (0, 60)


def test_healed_and_read_again_nothing_is_left() -> None:
    world, _ = planted()
    world.start()
    rows = set(world.projection.rows)
    world.end_doubles({f"ws_{number:04d}" for kind, number in TABLE if kind is Kind.DOUBLE})
    heal(world)
    standing = world.standing()
    assert (standing.open, standing.healed, standing.unknown) == (0, 24, 0)
    assert rows <= set(world.projection.rows), "a row was deleted"
    world.start("REC-2")
    assert world.found("REC-2") == []
    lifted = [each for each in world.corrections.month("202609") if each.correction.lifts]
    assert len(lifted) == 3, "each correction taken away has its line in the log"


def test_only_what_was_approved_is_healed_and_what_nobody_ended_stays_double() -> None:
    world, _ = planted()
    world.start()
    before = dict(world.projection.rows)
    chosen = [
        each.mismatch.id
        for each in world.store.found("REC-1")
        if each.mismatch.kind in {Kind.STALE, Kind.DOUBLE}
    ]
    heal(world, *chosen)
    left = Counter(world.standing().unresolved)
    assert left == Counter(dict.fromkeys(sorted(Kind), 3)) - Counter({Kind.STALE: 3})
    notes = {each.note for each in world.store.found("REC-1") if each.mismatch.kind == "double"}
    assert notes == {"still double"}
    changed = {
        at
        for at, row in world.projection.rows.items()
        if at not in before or before[at].subscription != row.subscription
    }
    assert changed == {key(number) for kind, number in TABLE if kind is Kind.STALE}


def test_who_is_there_again_when_it_comes_to_healing_is_not_ended() -> None:
    world = ReconcileModel()
    world.plant(Kind.ORPHAN, 4)
    world.start()
    held = world.projection.rows[key(4)].subscription
    assert held is not None
    world.truth[key(4)] = held
    heal(world)
    assert world.projection.rows[key(4)].subscription == held
    assert world.standing().healed == 1


def test_a_report_changes_nothing() -> None:
    world, _ = planted()
    before = dict(world.projection.rows)
    world.start()
    assert world.projection.rows == before
    assert world.sent == []


@pytest.mark.parametrize("provider", ["stripe", "razorpay"])
def test_an_empty_list_makes_nothing_of_what_we_hold_an_orphan(provider: str) -> None:
    world = ReconcileModel(empty={provider})
    before = dict(world.projection.rows)
    world.start()
    assert world.found() == []
    assert world.standing().unknown == 1, "that the list was empty is in the report"
    assert world.projection.rows == before


def test_who_does_not_answer_is_unknown_and_no_mismatch() -> None:
    world = ReconcileModel()
    names = tuple(f"ws_{number:04d}" for number in range(20))
    world.down = {"stripe"}
    world.start(scope=Scope.RECENT, workspaces=names)
    assert world.found() == []
    assert world.standing().unknown == sum(key(number)[0] == STRIPE for number in range(20))


def test_a_provider_that_stays_down_while_listing_stalls_and_goes_on_when_woken() -> None:
    world, expected = planted()
    world.down = {"razorpay"}
    cursor = world.start()
    assert (cursor.stage, cursor.stalled_in) == (Stage.STALLED, Stage.LISTING)
    assert "503" in cursor.problem
    world.down = set()
    world.store.save(replace(cursor, stage=Stage.LISTING, stalled_in=None))
    world.run()
    missed = set(expected) - set(world.found())
    assert {kind for kind, _ in missed} == {Kind.ORPHAN}, "nobody was there to ask about them"
    assert world.standing().unknown == len(missed)


def test_a_list_of_a_moment_ago_is_only_a_hint() -> None:
    """What moved between the list and the question is no mismatch."""
    world = ReconcileModel(size=5)
    listed = world.truth[key(1)]
    stale_list = replace(listed, status=Status.PAUSED)
    page = world.page

    def lagging(identity: object, after: object) -> object:
        found = page(identity, after)  # type: ignore[arg-type]
        return replace(
            found,
            subscriptions=tuple(
                stale_list if each.id == listed.id else each for each in found.subscriptions
            ),
        )

    world.reconciler = replace(
        world.reconciler, source=type("S", (), {"page": staticmethod(lagging)})()
    )
    world.start()
    assert world.found() == []


@pytest.mark.parametrize("name", ["sub_1#2", "s" * 3_000, "sub 1", "sub_ü"])
def test_what_can_be_no_id_is_named_and_holds_nobody_up(name: str) -> None:
    """Stored before ids were checked: the window goes on, and the report says what it left out."""
    world = ReconcileModel(size=9)
    expected = [world.plant(Kind.MISSING, 1)]
    known = [(key(number)[1], NOW - 60) for number in (1, 2)]
    world.concerned.events[STRIPE] = [(name, NOW - 60), *known]
    cursor = world.start(scope=Scope.RECENT)
    assert cursor.stage is Stage.READY
    assert world.found() == expected
    unknown = [why for each in world.store.workspaces(cursor.id) for why in each.unknown]
    assert len(unknown) == 1
    assert "cannot be the id of a subscription" in unknown[0]
    assert len(unknown[0]) < 200


def test_a_row_that_cannot_be_read_is_named_and_holds_nobody_up() -> None:
    class OneDamaged(MemoryProjection):
        """Refuses to read one row, as the store does for one of a form it does not know."""

        def read(self, identity: Identity, subscription: str) -> Row | None:
            if subscription == key(1)[1]:
                raise MalformedPayload("A stored row cannot be read: KeyError('st').")
            return super().read(identity, subscription)

        def read_many(self, identity: Identity, subscriptions: Sequence[str]) -> dict[str, Row]:
            return super().read_many(
                identity, [each for each in subscriptions if each != key(1)[1]]
            )

        def of_workspace(self, workspace: str) -> list[tuple[Identity, Row]]:
            return [] if workspace == "ws_0001" else super().of_workspace(workspace)

    world = ReconcileModel(size=9, projection=OneDamaged())
    expected = [world.plant(Kind.MISSING, 4)]
    world.concerned.events[STRIPE] = [(key(number)[1], NOW - 60) for number in (1, 2, 4)]
    cursor = world.start(scope=Scope.RECENT)
    assert cursor.stage is Stage.READY
    assert world.found() == expected
    unknown = [why for each in world.store.workspaces(cursor.id) for why in each.unknown]
    assert [why for why in unknown if "cannot be read" in why]


def test_a_store_that_refuses_a_request_is_no_outage_to_wait_for() -> None:
    class Refusing(MemoryProjection):
        def read(self, identity: Identity, subscription: str) -> Row | None:
            raise StoreRefused("GetItem was refused: Size of hashkey has exceeded the limit")

    world = ReconcileModel(size=3)
    world.plant(Kind.MISSING, 1)
    world.projection.__class__ = Refusing
    world.concerned.events[STRIPE] = [(key(1)[1], NOW - 60)]
    cursor = world.start(scope=Scope.RECENT)
    assert (cursor.stage, cursor.waiting_since) == (Stage.STALLED, None)
    assert "refused" in cursor.problem


class TestSample:
    def test_those_touched_always_and_a_sample_of_the_others(self) -> None:
        world = ReconcileModel(size=150)
        world.concerned.events[STRIPE] = [(key(1)[1], NOW - 60), (key(2)[1], NOW - 30)]
        cursor = world.start(scope=Scope.SAMPLE, workspaces=("ws_0000",))
        assert cursor.population == 147
        assert Sampling().size(147) <= cursor.drawn <= Sampling().size(147) + 5
        read = {each.workspace for each in world.store.workspaces("REC-1")}
        assert {"ws_0000", "ws_0001", "ws_0002"} <= read
        assert len(read) == 3 + cursor.drawn
        assert not cursor.full

    def test_one_mismatch_in_the_sample_and_everything_is_read(self) -> None:
        world = ReconcileModel(size=150)
        quiet = ReconcileModel(size=150)
        quiet.start(scope=Scope.SAMPLE)
        drawn = {each.workspace for each in quiet.store.workspaces("REC-1")}
        inside, outside = (
            next(n for n in range(150) if (f"ws_{n:04d}" in drawn) is wanted)
            for wanted in (True, False)
        )
        expected = sorted([world.plant(Kind.PLAN, inside), world.plant(Kind.PERIOD, outside)])
        cursor = world.start(scope=Scope.SAMPLE)
        assert cursor.escalated
        assert world.found() == expected
        assert world.standing().workspaces == 150

    def test_a_mismatch_among_those_touched_alone_does_not(self) -> None:
        world = ReconcileModel(size=150)
        expected = [world.plant(Kind.PLAN, 4)]
        cursor = world.start(scope=Scope.SAMPLE, workspaces=("ws_0004",))
        assert not cursor.escalated
        assert world.found() == expected

    def test_recent_reads_those_touched_and_lists_nothing(self) -> None:
        world = ReconcileModel()
        expected = sorted([world.plant(Kind.MISSING, 1), world.plant(Kind.ORPHAN, 4)])
        world.plant(Kind.STATUS, 2)  # of which an event came that the row does not know
        world.concerned.events[STRIPE] = [(key(number)[1], NOW - 60) for number in (1, 2, 4, 5)]
        cursor = world.start(scope=Scope.RECENT)
        assert world.found() == sorted([*expected, (Kind.STALE, "ws_0002")])
        assert cursor.calls <= 8


class Fragile(MemoryReconciliations):
    """A store at whose calls the process may die, before or after."""

    draw = Random(0)

    def die(self) -> None:
        if self.draw.random() < 0.02:
            raise Killed

    def add(self, name: str, found: Found) -> None:
        self.die()
        super().add(name, found)
        self.die()

    def compare(self, name: str, compared: Compared) -> None:
        self.die()
        super().compare(name, compared)
        self.die()

    def save(self, cursor: Cursor) -> Cursor:
        self.die()
        after = super().save(cursor)
        self.die()
        return after


@pytest.mark.parametrize("scope", [Scope.FULL, Scope.SAMPLE])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_killed_anywhere_the_report_is_the_same(scope: Scope, seed: int) -> None:
    store = Fragile()
    store.draw = Random(seed)
    world, expected = planted(size=40, store=store)
    deaths = -1
    while deaths < 2_000:
        try:
            if store.load("REC-1"):
                world.run()
            else:
                world.start(scope=scope)
        except Killed:
            deaths += 1
        else:
            break
    found = world.store.load("REC-1")
    assert found is not None
    assert found.idle
    assert world.found() == expected
    assert world.standing().workspaces == 40


class DyingOnce(MemoryReconciliations):
    """A store that loses one save: the first after a mismatch of the sample was found."""

    dying = True

    def save(self, cursor: Cursor) -> Cursor:
        if self.dying and any(self.found(cursor.id)):
            self.dying = False
            raise Killed
        return super().save(cursor)


def test_who_died_over_a_mismatch_of_the_sample_still_has_everything_read() -> None:
    quiet = ReconcileModel(size=150)
    quiet.start(scope=Scope.SAMPLE)
    drawn = {each.workspace for each in quiet.store.workspaces("REC-1")}
    world = ReconcileModel(size=150, store=DyingOnce())
    inside, outside = (
        next(n for n in range(150) if (f"ws_{n:04d}" in drawn) is wanted)
        for wanted in (True, False)
    )
    expected = sorted([world.plant(Kind.PLAN, inside), world.plant(Kind.PERIOD, outside)])
    with pytest.raises(Killed):
        world.start(scope=Scope.SAMPLE)
    cursor = world.run()
    assert (cursor.stage, cursor.escalated) == (Stage.READY, True)
    assert world.found() == expected


def test_of_two_drivers_one_moves_the_cursor() -> None:
    world, expected = planted()
    stepped_in = False

    def both() -> bool:
        """In the middle of the first driver's run another one does all that is left."""
        nonlocal stepped_in
        cursor = world.store.load("REC-1")
        if cursor is not None and cursor.page == 2 and not stepped_in:
            stepped_in = True
            world.run()
        return True

    world.store.create(replace(blank(world), scope=Scope.FULL))
    with pytest.raises(VersionConflict):
        world.run(go_on=both)
    assert world.found() == expected


def blank(world: ReconcileModel) -> Cursor:
    """A reconciliation that nobody has driven yet."""
    return Cursor(
        id="REC-1",
        identities=(STRIPE, RAZORPAY),
        scope=Scope.FULL,
        start=world.now - 3_600,
        end=world.now,
        seed="seed",
        started_at=world.now,
        started_by="ana",
    )


class TestAQuestionThatFailedIsUnknown:
    """A provider that does not answer has not said "no"."""

    def test_a_503_to_the_confirming_question_hides_no_double(self) -> None:
        """The list shows two that run; asked about each, one provider does not answer."""
        world = ReconcileModel()
        world.plant(Kind.DOUBLE, 4)
        world.silent.add("twin_0004")
        assert world.start().stage is Stage.READY
        standing = world.standing()
        assert (standing.found, standing.unknown) == (0, 1)
        (why,) = [each for one in world.store.workspaces("REC-1") for each in one.unknown]
        assert "not known whether ws_0004 pays twice" in why
        world.silent.clear()
        world.start("REC-2")
        assert world.found("REC-2") == [(Kind.DOUBLE, "ws_0004")]

    @pytest.mark.parametrize("scope", [Scope.FULL, Scope.SAMPLE])
    def test_a_list_that_shrank_since_the_last_one_is_not_whole(self, scope: Scope) -> None:
        world = ReconcileModel()
        world.start("REC-1", scope)
        assert world.standing("REC-1").unknown == 0
        kept = dict(world.truth)
        for at in sorted(kept, key=str)[::3]:
            del world.truth[at]
        for at in kept.keys() - world.truth.keys():  # their rows are gone too: nobody asks
            world.projection.rows.pop(at)
        world.start("REC-2", scope)
        unknown = [each for one in world.store.workspaces("REC-2") for each in one.unknown]
        assert len(unknown) == 2
        assert all("in an earlier reconciliation" in each for each in unknown)
        world.truth |= kept
        world.start("REC-3", scope)
        assert world.standing("REC-3").unknown == 0

    def test_an_account_that_is_empty_on_both_sides_agrees_when_it_is_asked_again(self) -> None:
        world = ReconcileModel(size=0)
        world.start("REC-1")
        assert world.standing("REC-1").unknown == 2, "an empty list alone proves nothing"
        world.now += 60
        world.start("REC-2")
        assert world.standing("REC-2").unknown == 0

    def test_an_account_that_listed_some_and_lists_none_does_not(self) -> None:
        world = ReconcileModel(size=9)
        world.start("REC-1")
        world.projection.rows.clear()
        world.truth.clear()
        for name in ("REC-2", "REC-3"):
            world.start(name)
            assert world.standing(name).unknown == 2

    def test_an_account_that_lists_none_and_of_which_we_hold_some_does_not(self) -> None:
        world = ReconcileModel(size=0)
        world.start("REC-1")
        world.size = 3
        world.hold(key(1), truth_of(1))
        world.concerned.events[STRIPE] = [(key(1)[1], world.now - 600)]
        world.start("REC-2")
        unknown = [each for one in world.store.workspaces("REC-2") for each in one.unknown]
        assert unknown == [f"{STRIPE} listed no subscriptions at all"]


class TestWhereTheProviderSays:
    """A subscription is counted for whom its provider has it under."""

    def wrongly_held(self, world: ReconcileModel, number: int, under: int) -> None:
        """We hold the subscription of one workspace under another."""
        at = key(number)
        world.truth[at] = replace(world.truth[at], status=Status.ACTIVE)
        world.hold(at, replace(world.truth[at], workspace=f"ws_{under:04d}"))
        other = key(under)
        world.truth[other] = replace(world.truth[other], status=Status.ACTIVE)
        world.hold(other, world.truth[other])

    def test_a_row_held_under_the_wrong_workspace_makes_no_double_there(self) -> None:
        world = ReconcileModel()
        self.wrongly_held(world, 7, under=8)
        world.start()
        assert world.found() == [(Kind.ENFORCEMENT, "ws_0007")]

    def test_a_mismatch_of_somebody_undrawn_met_in_a_drawn_one_escalates(self) -> None:
        world = ReconcileModel(size=300)
        world.start("REC-0", Scope.SAMPLE, seed="s")
        drawn = {each.workspace for each in world.store.workspaces("REC-0")}
        inside = next(number for number in range(300) if f"ws_{number:04d}" in drawn)
        outside = next(number for number in range(300) if f"ws_{number:04d}" not in drawn)
        self.wrongly_held(world, outside, under=inside)
        cursor = world.start("REC-1", Scope.SAMPLE, seed="s")
        assert (cursor.escalated, cursor.full) == (True, True)
        assert world.found() == [(Kind.ENFORCEMENT, f"ws_{outside:04d}")]

    def test_a_mismatch_without_a_workspace_escalates(self) -> None:
        world = ReconcileModel(size=300)
        at = STRIPE, "sub_nobody"
        world.truth[at] = replace(world.truth[key(1)], id=at[1], workspace=None)
        cursor = world.start("REC-1", Scope.SAMPLE)
        assert (Kind.MISSING, None) in world.found()
        assert cursor.escalated


class TestHealing:
    """It does what was approved, on what was seen, and of the request budget."""

    def test_a_correction_laid_since_is_not_lifted(self) -> None:
        world = ReconcileModel()
        world.plant(Kind.ENFORCEMENT, 4)
        world.start()
        laid = Overlay(Status.SUSPENDED, world.now + 500_000, "", "ana", 3)
        world.projection.rows[key(4)] = replace(world.projection.rows[key(4)], overlay=laid)
        heal(world)
        assert world.projection.rows[key(4)].overlay == laid
        (found,) = world.store.found("REC-1")
        assert (found.state, found.note) == (State.OPEN, LAID_SINCE)
        world.start("REC-2")
        world.store.save(replace(world.run("REC-2").to(Stage.HEALING), heal_by="bo"))
        world.run("REC-2")
        assert world.projection.rows[key(4)].overlay is None

    def test_what_was_accepted_while_it_was_healed_stays_accepted(self) -> None:
        world = ReconcileModel()
        world.plant(Kind.STATUS, 4)
        world.start()
        (found,) = world.store.found("REC-1")
        fetch = world.reconciler.client.fetch

        def accepting(identity: Identity, subscription: str) -> Answer:
            accepted = replace(found, state=State.ACCEPTED, by="ana", note="known")
            world.store.settle("REC-1", accepted)
            return fetch(identity, subscription)

        object.__setattr__(world.reconciler, "client", _Client(accepting))
        heal(world)
        (after,) = world.store.found("REC-1")
        assert (after.state, after.by) == (State.ACCEPTED, "ana")

    def test_every_question_takes_from_the_budget(self) -> None:
        world, _ = planted()
        world.start()
        taken: list[Identity] = []
        asked = world.calls
        object.__setattr__(world.reconciler, "rate", _Rate(taken))
        heal(world)
        assert world.calls - asked <= len(taken)


@dataclass
class _Client:
    fetch: Callable[[Identity, str], Answer]


@dataclass
class _Rate:
    taken: list[Identity]

    def take(self, identity: Identity) -> None:
        self.taken.append(identity)


REACHED: Counter[str] = Counter()


@pytest.mark.timeout(900)
@settings(max_examples=quick_or_full(25, 4_000), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_nothing_can_be_signed_for_while_anything_is_wrong_unseen_or_undone(seed: int) -> None:
    """Questions fail, lists are cut short, corrections are laid while others are healed."""
    dice, world = Random(seed), ReconcileModel(size=24)
    world.start("REC-0")
    numbers = dice.sample(range(24), dice.randrange(1, 6))
    kinds = [*Kind, Kind.DOUBLE, Kind.ENFORCEMENT, Kind.ENFORCEMENT, Kind.ENFORCEMENT]
    wanted = {world.plant(dice.choice(kinds), number) for number in numbers}
    for name in {key(number)[1] for number in numbers} | {f"twin_{n:04d}" for n in numbers}:
        if dice.random() < 0.08:
            world.silent.add(name)
            REACHED["a question that fails"] += 1
    if dice.random() < 0.27:
        world.hidden = {at for at in world.truth if dice.random() < 0.3}
        REACHED["a list cut short"] += bool(world.hidden)
    world.start("REC-1")
    found, standing = set(world.found()), world.standing()
    assert found <= wanted
    assert standing.unknown or found == wanted, "signable, and something was not seen"

    laid, lays = Overlay(Status.SUSPENDED, world.now + 700_000, "", "late", 9), dice.random() < 0.4
    for each in list(world.store.found("REC-1")):
        at = each.mismatch.identity, each.mismatch.subscription
        if each.mismatch.kind is Kind.ENFORCEMENT and lays:
            world.projection.rows[at] = replace(world.projection.rows[at], overlay=laid)
            REACHED["a correction laid while healing"] += 1
    doubles = {of for kind, of in world.found() if kind is Kind.DOUBLE and of}
    if doubles and dice.random() < 0.8:
        world.end_doubles(doubles)
        REACHED["a double that a person ended"] += 1
    heal(world)
    for row in world.projection.rows.values():
        assert row.overlay is None or row.overlay.by in {"late", "mallory"}
    if not world.standing().open and not world.standing().unknown:
        REACHED["signable"] += 1
        world.silent.clear()
        world.hidden.clear()
        world.start("REC-2")
        assert world.found("REC-2") == [], "signed for, and still wrong"


def test_each_of_these_was_met_often() -> None:
    """Of the test before, where it ran in the same process."""
    if REACHED:
        least = quick_or_full(1, 1_000)
        for name in (
            "a question that fails",
            "a list cut short",
            "a correction laid while healing",
            "a double that a person ended",
            "signable",
        ):
            assert REACHED[name] >= least, REACHED
