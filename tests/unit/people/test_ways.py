"""Ways: their order, who lacks some, and how one is confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.fakes.ids import SeededIds
from tests.harness.fakes.time import START, VirtualWallClock
from tocsin.adapters.people.memory import MemoryContacts, MemoryRotas
from tocsin.application.people.contacts import (
    CODE_LIFE,
    CODE_TRIES,
    ContactDesk,
    code_of,
    erase_person,
    missed,
    numbers,
    responders,
)
from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents.runbook.paging import PAGE_WAYS, QUIET_WAYS
from tocsin.incidents.vocabulary import Role, WayKind
from tocsin.people.errors import CodeExpired, CodeTooSoon, CodeWrong, UnknownWay
from tocsin.people.rotation import Rotation
from tocsin.people.ways import (
    MAX_WAYS,
    Unreachable,
    Way,
    WayState,
    checked_address,
    order,
    reachability,
)
from tocsin.policy.compiled.policies import default

SMS, MAIL, CHAT, WEBHOOK = WayKind
ADDRESSES = {
    SMS: "+12025550123",
    MAIL: "kim@example.com",
    CHAT: "U012AB3CD",
    WEBHOOK: "https://pager.example.com/hook",
}


def way(kind: WayKind, name: str = "", *, confirmed: bool = True) -> Way:
    state = WayState.CONFIRMED if confirmed else WayState.PENDING
    return Way(
        person="kim",
        id=name or kind.value,
        kind=kind,
        address=ADDRESSES[kind],
        state=state,
        added_at=START,
    )


ALL = tuple(way(kind) for kind in WayKind)


def kinds(ways: tuple[Way, ...]) -> list[str]:
    return [str(each.kind) for each in ways]


def test_a_page_rings_first_and_mails_last() -> None:
    assert kinds(order(ALL, PAGE_WAYS, page=True)) == ["sms", "webhook", "chat", "mail"]


def test_what_is_no_page_never_rings() -> None:
    assert kinds(order(ALL, QUIET_WAYS, page=False)) == ["mail", "chat"]
    assert order([way(SMS), way(WEBHOOK)], QUIET_WAYS, page=False) == ()


def test_a_way_that_is_not_confirmed_carries_nothing() -> None:
    assert order([way(SMS, confirmed=False), way(MAIL)], PAGE_WAYS, page=True) == (way(MAIL),)


@pytest.mark.parametrize(
    ("step", "first"), [(0, "sms"), (1, "webhook"), (2, "chat"), (3, "sms"), (10, "webhook")]
)
def test_each_step_of_a_round_begins_with_another_way_that_rings(step: int, first: str) -> None:
    tried = kinds(order(ALL, PAGE_WAYS, page=True, step=step))
    assert tried[0] == first
    assert tried[-1] == "mail"
    assert sorted(tried) == sorted(WayKind)


@given(
    st.lists(st.tuples(st.sampled_from(WayKind), st.booleans()), max_size=6),
    st.booleans(),
    st.integers(0, 50),
)
def test_every_confirmed_way_that_fits_is_tried_exactly_once(
    given_ways: list[tuple[WayKind, bool]],
    page: bool,  # noqa: FBT001 - drawn by name
    step: int,
) -> None:
    ways = [way(kind, str(n), confirmed=ok) for n, (kind, ok) in enumerate(given_ways)]
    known = PAGE_WAYS if page else QUIET_WAYS
    fitting = {each.id for each in ways if each.confirmed and each.kind in known}
    assert sorted(each.id for each in order(ways, known, page=page, step=step)) == sorted(fitting)


@given(
    st.lists(st.sampled_from(WayKind), min_size=1, unique=True),
    st.lists(st.sampled_from(WayKind), max_size=8),
    st.integers(0, 20),
)
def test_a_way_is_never_tried_that_the_policy_does_not_name_and_mail_never_goes_first(
    named: list[WayKind], owned: list[WayKind], step: int
) -> None:
    ways = [way(kind, str(n)) for n, kind in enumerate(owned)]
    tried = order(ways, named, page=True, step=step)
    assert sorted(each.id for each in tried) == sorted(
        each.id for each in ways if each.kind in named
    )
    ringing = [each.kind is not MAIL for each in tried]
    assert ringing == sorted(ringing, reverse=True), "everything that rings before any mail"


def test_a_team_has_an_order_of_its_own() -> None:
    assert kinds(order(ALL, (WEBHOOK, SMS), page=True)) == ["webhook", "sms"]
    assert kinds(order(ALL, (CHAT, MAIL), page=False)) == ["chat", "mail"]


@pytest.mark.parametrize(
    ("ways", "problems"),
    [
        ([], ("fewer_than_two_ways", "no_way_that_rings")),
        ([way(MAIL)], ("fewer_than_two_ways", "no_way_that_rings")),
        ([way(SMS)], ("fewer_than_two_ways",)),
        ([way(MAIL), way(MAIL, "m2")], ("no_way_that_rings",)),
        ([way(MAIL), way(SMS, confirmed=False)], ("fewer_than_two_ways", "no_way_that_rings")),
        ([way(MAIL), way(SMS)], ()),
        ([way(SMS), way(WEBHOOK)], ()),
    ],
)
def test_reachable_is_two_confirmed_ways_one_of_them_no_mail(
    ways: list[Way], problems: tuple[str, ...]
) -> None:
    confirmed = sum(each.confirmed for each in ways)
    expected = (Unreachable("kim", confirmed, problems),) if problems else ()
    assert reachability(["kim", "kim"], {"kim": ways}) == expected


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (SMS, "2025550123"),
        (SMS, "+0049123456"),
        (MAIL, "lee.example.org"),
        (MAIL, "kim@example.com\nBcc: all@example.com"),
        (MAIL, "Kim <kim@example.com>"),
        (CHAT, "@kim"),
        (WEBHOOK, "ftp://pager.example.com"),
        (WEBHOOK, "https://kim:secret@pager.example.com/"),
        (WEBHOOK, "https://pager.example.com/ x"),
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(kind: WayKind, address: str) -> None:
    with pytest.raises(BadInput) as raised:
        checked_address(kind, address)
    assert address not in raised.value.detail


def test_a_number_is_stored_without_its_spaces() -> None:
    assert checked_address(SMS, " +1 (202) 555-0123 ") == "+12025550123"


def test_a_hint_shows_little_of_an_address() -> None:
    hints = {kind: way(kind).hint for kind in WayKind}
    assert hints == {
        SMS: "***23",
        MAIL: "k***@example.com",
        CHAT: "***CD",
        WEBHOOK: "pager.example.com",
    }


class Desk:
    """A desk with its clock."""

    def __init__(self) -> None:
        self.wall = VirtualWallClock()
        self.store = MemoryContacts()
        self.desk = ContactDesk(store=self.store, wall=self.wall, ids=SeededIds())

    def asked(self, code: str = "123456") -> Way:
        added, _ = self.desk.add("kim", SMS, ADDRESSES[SMS])
        return self.desk.issue("kim", added.id, code)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_way_is_confirmed_by_the_code_that_was_sent_to_it(desk: Desk) -> None:
    asked = desk.asked()
    confirmed = desk.desk.confirm("kim", asked.id, " 123456 ")
    assert (confirmed.confirmed, confirmed.confirmed_at) == (True, START)
    assert (confirmed.code_hash, confirmed.code_until) == ("", None)
    assert desk.desk.confirm("kim", asked.id, "anything") == confirmed


def test_a_code_is_not_stored_and_is_worth_nothing_for_another_way(desk: Desk) -> None:
    asked = desk.asked()
    other, _ = desk.desk.add("kim", MAIL, ADDRESSES[MAIL])
    desk.desk.issue("kim", other.id, "123456")
    found = desk.store.way("kim", other.id)
    assert found is not None
    assert "123456" not in repr(asked)
    assert found.code_hash != asked.code_hash


def test_five_wrong_answers_use_a_code_up(desk: Desk) -> None:
    asked = desk.asked()
    for _ in range(CODE_TRIES):
        with pytest.raises(CodeWrong):
            desk.desk.confirm("kim", asked.id, "000000")
    with pytest.raises(CodeExpired):
        desk.desk.confirm("kim", asked.id, "123456")


def test_a_code_ends_after_a_quarter_of_an_hour(desk: Desk) -> None:
    asked = desk.asked()
    desk.wall.advance(CODE_LIFE)
    with pytest.raises(CodeExpired):
        desk.desk.confirm("kim", asked.id, "123456")
    desk.desk.issue("kim", asked.id, "654321")
    assert desk.desk.confirm("kim", asked.id, "654321").confirmed


def test_codes_are_sent_half_a_minute_apart_and_never_for_a_confirmed_way(desk: Desk) -> None:
    asked = desk.asked()
    with pytest.raises(CodeTooSoon):
        desk.desk.issue("kim", asked.id, "111111")
    desk.desk.confirm("kim", asked.id, "123456")
    desk.wall.advance(timedelta(hours=1))
    with pytest.raises(IllegalTransition):
        desk.desk.issue("kim", asked.id, "111111")


def test_the_same_address_is_one_way_and_there_are_eight_at_most(desk: Desk) -> None:
    first, new = desk.desk.add("kim", SMS, "+1 202 555 0123")
    assert (desk.desk.add("kim", SMS, "+12025550123"), new) == ((first, False), True)
    for number in range(MAX_WAYS - 1):
        desk.desk.add("kim", SMS, f"+1202555019{number}")
    with pytest.raises(BadInput):
        desk.desk.add("kim", MAIL, ADDRESSES[MAIL])


def test_somebody_elses_way_is_no_way_of_yours(desk: Desk) -> None:
    asked = desk.asked()
    for act in (desk.desk.find, desk.desk.remove):
        call: Any = act
        with pytest.raises(UnknownWay):
            call("lee", asked.id)


def test_a_person_can_be_erased_whole(desk: Desk) -> None:
    desk.asked()
    desk.desk.add("kim", MAIL, ADDRESSES[MAIL])
    assert erase_person(desk.store, "kim") == 2
    assert desk.store.ways("kim") == ()


def test_the_whole_roster_and_whoever_a_rotation_adds_are_looked_at(desk: Desk) -> None:
    people, rotas = responders(default()), MemoryRotas()
    assert len(people) == len(set(people)) == 8
    turns = Rotation(
        role=Role.SECURITY_OWNER,
        zone="UTC",
        starts_at=START + timedelta(days=30),
        length_days=7,
        members=("rotating-person",),
    )
    rotas.set_rotation(turns, before=None)
    found = missed(default(), desk.store, rotas, now=START)
    assert [each.person for each in found] == [*people, "rotating-person"]
    after = missed(default(), desk.store, rotas, now=turns.starts_at)
    assert {each.person for each in found} - {each.person for each in after} == {"security-primary"}


def test_only_confirmed_telephones_are_given_out(desk: Desk) -> None:
    person = responders(default())[0]
    first, _ = desk.desk.add(person, SMS, ADDRESSES[SMS])
    desk.desk.add(person, SMS, "+12025550124")
    desk.desk.add(person, MAIL, ADDRESSES[MAIL])
    desk.desk.issue(person, first.id, "123456")
    desk.desk.confirm(person, first.id, "123456")
    found = numbers(default(), desk.store, MemoryRotas(), now=START)
    assert found.pop(person) == (ADDRESSES[SMS],)
    assert set(found.values()) == {()}


def test_a_code_is_six_digits() -> None:
    assert code_of(bytes(32)) == "000000"
    assert len(code_of(b"\xff" * 32)) == 6
