"""No account is left out in silence: each is compared, or named with the reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.models.reconcile import NOW, RAZORPAY, STRIPE, ReconcileModel
from tocsin.adapters.billing.projection.memory import MemorySeenAccounts
from tocsin.application.billing.reconcile.accounts import KnownAccounts
from tocsin.billing.access.counting import Counting
from tocsin.billing.identity import Identity
from tocsin.billing.reconcile.accounts import Accounts, Left, NotCompared, divided
from tocsin.billing.reconcile.compare import Kind
from tocsin.billing.reconcile.work import Cursor, Scope, Stage
from tocsin.billing.subscription import Status
from tocsin.errors import BadInput

if TYPE_CHECKING:
    from tocsin.ports.billing.reconcile import SubscriptionPage

CONNECTED = Identity("stripe", "acct_1/acct_shop", "live")
STRANGE = Identity("stripe", "acct_1/acct_stranger", "live")
KEYLESS = Identity("stripe", "acct_9", "live")
TEST = Identity("stripe", "acct_1", "test")
TEST_CONNECTED = Identity("stripe", "acct_1/acct_shop", "test")
COUNTING = Counting(connected=frozenset({CONNECTED.account}))
KEYED = (STRIPE, RAZORPAY, TEST)
OWNERS = (STRIPE, RAZORPAY, CONNECTED, STRANGE, KEYLESS, TEST, TEST_CONNECTED)
PLANTED = [(kind, number) for kind in Kind for number in range(3)]
"""In each account: 8 classes, three times."""


def has_key(identity: Identity) -> bool:
    """As `ProviderKeys.key_for`: the platform's key is the key of its connected accounts."""
    own = identity.account.partition("/")[0]
    return any(
        (each.provider, each.account, each.mode) == (identity.provider, own, identity.mode)
        for each in KEYED
    )


def accounts() -> Accounts:
    known = KnownAccounts(
        seen=MemorySeenAccounts(*OWNERS),
        keyed=lambda: KEYED,
        has_key=has_key,
        counting=COUNTING,
    )
    return known()


def a_world(**options: object) -> ReconcileModel:
    unasked = frozenset(OWNERS) - set(accounts().compared)
    return ReconcileModel(
        size=len(OWNERS) * 40,
        owner=lambda number: OWNERS[number % len(OWNERS)],
        unasked=unasked,
        **options,  # type: ignore[arg-type]
    )


def full(world: ReconcileModel, name: str = "REC-1") -> Cursor:
    found = accounts()
    return world.start(name, Scope.FULL, identities=found.compared, left=found.left)


def test_each_account_is_compared_or_left_with_its_reason() -> None:
    assert accounts() == Accounts(
        compared=(RAZORPAY, STRIPE, CONNECTED),
        left=(
            Left("stripe#acct_1#test", NotCompared.MODE),
            Left("stripe#acct_1/*#test", NotCompared.MODE),
            Left("stripe#acct_1/*#live", NotCompared.CONNECTED),
            Left("stripe#acct_9#live", NotCompared.NO_KEY),
        ),
    )


def test_a_thousand_connected_accounts_that_count_for_nothing_are_one_line() -> None:
    shops = [Identity("stripe", f"acct_1/acct_{number}", "live") for number in range(1_000)]
    left = divided([*shops, *shops], Counting(), lambda _: True).left
    assert left == (Left("stripe#acct_1/*#live", NotCompared.CONNECTED, 1_000),)
    assert left[0].sentence.startswith("stripe#acct_1/*#live: 1000 accounts, each connected")
    assert all(left[0].holds(each) for each in shops)
    assert not left[0].holds(STRIPE)


def test_8_classes_3_times_in_every_account_are_found_or_named_and_nothing_else() -> None:
    world = a_world()
    planted = [
        (owner, *world.plant(kind, which * len(OWNERS) + 3 * index * len(OWNERS) + place))
        for place, owner in enumerate(OWNERS)
        for index, kind in enumerate(Kind)
        for which in range(3)
    ]
    assert len(planted) == len(OWNERS) * 24

    cursor = full(world)

    expected = sorted(
        (kind, workspace) for owner, kind, workspace in planted if owner in cursor.identities
    )
    assert len(expected) == 3 * 24
    assert world.found() == expected, "found, each by its class, and nothing that was not planted"
    named = [
        owner
        for owner, _, _ in planted
        if owner not in cursor.identities and sum(each.holds(owner) for each in cursor.left) == 1
    ]
    assert len(named) == 4 * 24, "and the rest lies in accounts that are named, once"
    assert world.standing().unknown == 0


def test_a_connected_account_that_names_our_workspace_makes_no_double() -> None:
    """It writes what it likes into its own metadata: that opens nothing and accuses nobody."""
    world = a_world()
    ours = world.truth[world.key(0)]
    theirs = replace(ours, id="sub_forged", status=Status.ACTIVE)
    world.truth[STRANGE, "sub_forged"] = theirs
    world.hold((STRANGE, "sub_forged"), theirs)
    full(world)
    assert (world.found(), world.standing().unknown) == ([], 0)


def test_a_row_of_an_account_nobody_knew_of_is_unknown_and_known_the_next_time() -> None:
    world = a_world()
    new = Identity("stripe", "acct_new", "live")
    ours = world.truth[world.key(0)]
    world.hold((new, "sub_new"), replace(ours, id="sub_new"))
    full(world)
    assert world.found() == []
    (why,) = [each for every in world.store.workspaces("REC-1") for each in every.unknown]
    assert why.startswith("stripe#acct_new#live: an account that was not known")
    assert world.seen.every() == [new]


@dataclass(frozen=True, slots=True)
class Refusing:
    """The provider's lists, one account's refused."""

    world: ReconcileModel

    def page(self, identity: Identity, after: str | None) -> SubscriptionPage:
        if identity == CONNECTED:
            raise BadInput("the provider refuses the API key (HTTP 403)", field="account")
        return self.world.page(identity, after)


def test_one_account_whose_key_is_refused_does_not_stop_the_others() -> None:
    """A connected account that took its permission back answers 403 (docs.stripe.com/api/errors).

    The accounts behind it are listed all the same, and that it was not is in the report.
    """
    world = a_world()
    world.plant(Kind.PLAN, 0)
    world.reconciler = replace(world.reconciler, source=Refusing(world))
    assert full(world).stage is Stage.READY
    assert world.found() == [(Kind.PLAN, "ws_0000")]
    unknown = [each for every in world.store.workspaces("REC-1") for each in every.unknown]
    assert unknown == [f"{CONNECTED}: the provider refuses the API key (HTTP 403)"]


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [
        ({"stage": Stage.LISTING}, None),
        ({"stage": Stage.STALLED}, False),
        ({}, True),
        ({"left": (Left("stripe#acct_1#test", NotCompared.MODE),)}, True),
        ({"left": (Left("stripe#acct_9#live", NotCompared.NO_KEY),)}, False),
        ({"left": (Left("stripe#acct_9#live", NotCompared.NO_KEY),), "signed_off_by": "ana"}, True),
    ],
)
def test_whether_it_agrees(changes: dict[str, object], *, agrees: bool | None) -> None:
    world = ReconcileModel(size=3)
    cursor = world.start()
    assert replace(cursor, **changes).agrees(world.standing()) is agrees  # type: ignore[arg-type]
    assert cursor.started_at == NOW
