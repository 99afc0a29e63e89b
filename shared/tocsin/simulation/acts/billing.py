"""Customers, a provider that fails or forgets, and people who put billing right again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.application.billing.access.approvals import Person
from tocsin.application.billing.reconcile import desk as reconciling
from tocsin.application.billing.replay import desk as replaying
from tocsin.billing.reconcile.work import Scope, Stage
from tocsin.billing.replay.cursor import Window
from tocsin.errors import TocsinError
from tocsin.incidents.vocabulary import Group
from tocsin.simulation.acts.base import REASON, Picks, one_of
from tocsin.simulation.billing.office import IDENTITY
from tocsin.simulation.billing.stripe import FAILURES
from tocsin.simulation.desk import GROUPS, Desk, person
from tocsin.simulation.troubles import Died

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR = 3_600
_LOOKED_BACK = (1, 2, 6, 24, 48, 24 * 40)
"""Hours of a window; the last reaches further than a provider lists."""
_STEPS = 40
"""What one invocation of a driver comes to."""


def subscribes(desk: Desk, picks: Picks) -> str | None:
    """A customer begins: pays, is on trial, or has yet to pay."""
    del picks
    return f"{desk.world.billing.books.stripe.begin()} begins"


def customers_change(desk: Desk, picks: Picks) -> str | None:
    """Up to three bursts of changes, as a rush at a provider brings them."""
    stripe = desk.world.billing.books.stripe
    names = [stripe.change(picks[0] + number) for number in range(1 + picks[1] % 3)]
    return f"{', '.join(names)} change"


def provider_fails(desk: Desk, picks: Picks) -> str | None:
    """Its API fails in one way for up to three hours, or is well again."""
    books = desk.world.billing.books
    stripe, minutes = books.stripe, picks[1] % 180
    if stripe.failing:
        stripe.failing_until = books.at
        return "stripe is well again"
    stripe.failure = one_of(FAILURES, picks[0])
    stripe.failing_until = books.at + minutes * 60
    return f"stripe fails for {minutes} minutes: {stripe.failure}"


def rush_in_an_outage(desk: Desk, picks: Picks) -> str | None:
    """Customers change again and again while the API fails, and then nobody does for a while."""
    books = desk.world.billing.books
    stripe = books.stripe
    stripe.failure, stripe.failing_until = one_of(FAILURES, picks[0]), books.at + 3_600
    for number in range(2 + picks[1] % 5):
        stripe.change(picks[2] + number % 2)
        books.sleep(1 + (picks[3] + number) % 3)
    return f"a rush while stripe fails for an hour: {stripe.failure}"


def webhooks_are_lost(desk: Desk, picks: Picks) -> str | None:
    """For up to three hours no webhook ever comes."""
    books, minutes = desk.world.billing.books, 1 + picks[0] % 180
    books.losing_until = books.at + minutes * 60
    return f"webhooks of the next {minutes} minutes never come"


def events_are_never_made(desk: Desk, picks: Picks) -> str | None:
    """The provider itself forgets to make one or two: neither webhook nor list shows them."""
    desk.world.billing.books.stripe.account.ungenerated += 1 + picks[0] % 2
    return "stripe forgets to make an event"


def buys(desk: Desk, picks: Picks) -> str | None:
    """A customer wants to buy, a new one or again; perhaps pays at once, on whichever page."""
    shop = desk.world.billing.shop
    if shop.customers and picks[0] % 3:
        customer = picks[0] % shop.customers
    else:
        customer, shop.customers = shop.customers, shop.customers + 1
    region = one_of(("IN", "US"), customer)
    offered = _asked(desk, lambda: shop.buy(customer, region=region))
    if offered is None:
        return f"customer {customer} finds nowhere to pay, or nobody knows"
    desk.world.met["checkouts"] += 1
    desk.world.met["checkouts failed over"] += offered.failed_over
    return f"customer {customer} is sent to {offered.leg.provider}"


def pays(desk: Desk, picks: Picks) -> str | None:
    """Somebody pays on a page, or on every page of one wish."""
    shop = desk.world.billing.shop
    open_pages = [each for each in shop.pages() if not each.running]
    if not open_pages:
        return None
    chosen = open_pages[picks[0] % len(open_pages)]
    pages = [each for each in open_pages if each.intent == chosen.intent][: 1 + picks[1] % 2]
    paid = sum(shop.pay(each) for each in pages)
    desk.world.met["pages paid"] += paid
    return f"{chosen.intent} is paid {paid} times"


def is_served_twice(desk: Desk, picks: Picks) -> str | None:
    """An answer is lost after the page was made; the customer pays wherever there is a page."""
    shop, stripe = desk.world.billing.shop, desk.world.billing.books.stripe
    stripe.failure, stripe.failing_until = "lose_answer", shop.books.at + 300
    customer, shop.customers = shop.customers, shop.customers + 1
    offered = _asked(desk, lambda: shop.buy(customer, region="US"))
    if offered is None:
        return f"customer {customer} finds nowhere to pay, or nobody knows"
    pages = [each for each in shop.pages() if each.intent == offered.intent.id]
    paid = sum(shop.pay(each) for each in pages[: 1 + picks[0] % 2])
    desk.world.met["pages paid"] += paid
    return f"{offered.intent.id} has {len(pages)} pages, and is paid {paid} times"


def other_provider_fails(desk: Desk, picks: Picks) -> str | None:
    """Razorpay fails in one way for up to three hours, or is well again."""
    shop, minutes = desk.world.billing.shop, picks[1] % 180
    if shop.razorpay.failing:
        shop.razorpay.failing_until = shop.books.at
        return "razorpay is well again"
    shop.razorpay.failure = one_of(FAILURES, picks[0])
    shop.razorpay.failing_until = shop.books.at + minutes * 60
    return f"razorpay fails for {minutes} minutes: {shop.razorpay.failure}"


def settles(desk: Desk, picks: Picks) -> str | None:
    """The schedule looks at what became of checkouts nobody heard the end of."""
    del picks
    done = _asked(desk, desk.world.billing.shop.settle)
    if done is None:
        return "checkouts are not settled this time"
    desk.world.met["checkouts settled"] += done.settled
    desk.world.met["doubles"] += len(done.doubles)
    return f"{done.settled} checkouts are settled, {len(done.doubles)} are doubles"


def replays(desk: Desk, picks: Picks) -> str | None:
    """Somebody starts a replay, or a driver goes on with one that has not ended."""
    office, who = desk.world.billing, person(picks[1])
    under_way = [
        name
        for name in office.replays.of(IDENTITY)
        if (cursor := office.replays.load(name)) is not None and not cursor.ended
    ]
    if under_way and picks[0] % 4:
        name = under_way[picks[0] % len(under_way)]
        groups = GROUPS.get(who, frozenset())
        _asked(desk, lambda: office.replay_desk.resume(name, person=who, groups=groups))
    else:
        hours, override = one_of(_LOOKED_BACK, picks[2]), REASON if picks[3] % 2 else ""
        wish = replaying.Wish(
            identity=IDENTITY,
            window=Window(office.now() - hours * _HOUR, office.now()),
            person=who,
            groups=GROUPS.get(who, frozenset()),
            dry_run=picks[3] % 5 == 0,
            override=override,
        )
        if (started := _asked(desk, lambda: office.replay_desk.start(wish))) is None:
            return f"{who} may start no replay"
        name = started[0].id
    done = office.drive_replay(name, steps=_STEPS)
    return f"{who} replays {name}: {done.stage if done else 'the driver died'}"


def reconciles(desk: Desk, picks: Picks) -> str | None:
    """Somebody compares, heals what was found, signs, or goes on with what stands still."""
    office, who = desk.world.billing, person(picks[1])
    own = Person(name=who, groups=GROUPS.get(who, frozenset({Group.RESPONDER})))
    reconcile, newest = office.reconcile_desk(), office.reconciliations.latest(limit=1)
    cursor = office.reconciliations.load(newest[0]) if newest else None
    if cursor is None or picks[0] % 4 == 0:
        hours = one_of(_LOOKED_BACK, picks[2])
        wish = reconciling.Wish(
            scope=one_of(Scope, picks[3]), start=office.now() - hours * _HOUR, end=office.now()
        )
        started = _asked(desk, lambda: reconcile.start(wish, own))
        if started is None:
            return f"{who} may not reconcile"
        name = started[0].id
    else:
        name = cursor.id
        if cursor.stage is Stage.STALLED:
            _asked(desk, lambda: reconcile.resume(name, own))
        elif cursor.stage is Stage.READY and picks[0] % 4 == 1:
            _asked(desk, lambda: reconcile.heal(name, (), own))
        elif cursor.stage is Stage.READY:
            _asked(desk, lambda: reconcile.sign(name, own))
    done = office.drive_reconciliation(name, steps=_STEPS)
    return f"{who} reconciles {name}: {done.stage if done else 'the driver died'}"


def _asked[T](desk: Desk, ask: Callable[[], T]) -> T | None:
    """What was asked, or None where it was refused; the refusal is counted."""
    try:
        return ask()
    except Died:
        return None
    except TocsinError as refusal:
        desk.refusals[refusal.code] = desk.refusals.get(refusal.code, 0) + 1
        return None
