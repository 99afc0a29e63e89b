"""Examining checkouts over a world of providers: probes are cleaned up whatever goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.checkout import CheckoutWorld
from tocsin.application.billing.outage.examine_checkouts import Examiner
from tocsin.billing.checkout.breaker import Phase
from tocsin.billing.checkout.leg import ABSENCE_PROVES, LegState
from tocsin.billing.outage.examination import PROBE_WORKSPACE, Lack
from tocsin.errors import BadInput, StoreUnavailable

if TYPE_CHECKING:
    from tocsin.billing.outage.examination import Examination

PAID_ONLY = {Lack.NOT_PAID_NOR_QUIET}


@pytest.fixture
def world() -> CheckoutWorld:
    return CheckoutWorld()


def examine(world: CheckoutWorld, *, probe: str | None = None, ago: int = 3600) -> Examination:
    examiner = Examiner(
        intents=world.intents, breakers=world.breakers, policies=world, clock=world.clock
    )
    return examiner.examine("stripe", opened=world.now - ago, probe=probe)


def recovered(world: CheckoutWorld) -> None:
    """An outage that opened the breaker, and three good checkouts that closed it."""
    world.stripe.mode = "down"
    for number in range(10):
        world.buy(f"down-{number}")
    world.stripe.mode = "up"
    world.pass_time(120)
    for number in range(3):
        world.buy(f"half-{number}")
        world.pass_time(1)
    assert world.phase("stripe") is Phase.CLOSED


def test_sessions_from_before_the_recovery_prove_nothing(world: CheckoutWorld) -> None:
    for number in range(5):
        world.buy(f"before-{number}")
    recovered(world)
    assert examine(world).workspaces <= 1, "the one that closed the breaker, at most"
    world.pass_time(1)
    for number in range(3):
        world.buy(f"after-{number}")
    assert examine(world).workspaces >= 3


def test_a_paid_session_is_found_at_the_provider_and_kept(world: CheckoutWorld) -> None:
    offered = [world.buy(f"k{number}") for number in range(3)]
    assert set(examine(world).lacks) == PAID_ONLY
    session = world.stripe.sessions[offered[1].leg.key]
    session.state = "running"

    assert examine(world).lacks == ()

    world.stripe.readable = False
    assert examine(world).lacks == (), "what was found is kept: the provider is not asked again"
    kept = world.intents.load(offered[1].intent.id)
    assert kept is not None
    assert kept.legs[0].state is LegState.LIVE
    unpaid = world.intents.load(offered[0].intent.id)
    assert unpaid is not None
    assert unpaid.legs[0].state is LegState.OFFERED, "a page that may still be paid stays one"


def test_a_probe_makes_a_marked_session_and_expires_it(world: CheckoutWorld) -> None:
    found = examine(world, probe="w1")
    assert found.probe is not None
    (session,) = world.stripe.sessions.values()
    assert (session.state, found.probe.session, found.probe.expired) == (
        "expired",
        session.name,
        True,
    )
    intent = world.intents.load(session.intent)
    assert intent is not None
    assert (intent.workspace, intent.settled) == (PROBE_WORKSPACE, True)
    assert set(found.lacks) == PAID_ONLY
    assert world.intents.log == [], "a probe is no customer's attempt"

    examine(world, probe="w1")
    assert len(world.stripe.sessions) == 1, "the same word is the same probe"


@pytest.mark.parametrize(
    ("mode", "lack"),
    [("down", Lack.PROBE_FAILED), ("refuses", Lack.PROBE_FAILED), ("lost", Lack.PROBE_FAILED)],
)
def test_a_probe_that_makes_nothing_is_no_proof(
    world: CheckoutWorld, mode: str, lack: Lack
) -> None:
    world.stripe.mode = mode
    assert lack in examine(world, probe="w1").lacks


def test_a_probe_whose_end_is_not_known_is_no_proof_until_it_is(world: CheckoutWorld) -> None:
    world.stripe.readable = False
    assert Lack.PROBE_LEFT_OPEN in examine(world, probe="w1").lacks
    world.stripe.readable = True
    assert Lack.PROBE_LEFT_OPEN not in examine(world, probe="w1").lacks


@pytest.mark.parametrize("mode", ["up", "late", "garbled", "lost"])
@pytest.mark.parametrize("save", range(3))
@pytest.mark.parametrize("crash", ["before", "after"])
def test_a_probe_leaves_nothing_to_pay_wherever_it_breaks_off(
    world: CheckoutWorld, mode: str, save: int, crash: str
) -> None:
    """Killed at each of its writes, with each answer of the provider."""
    world.stripe.mode = mode
    saved, real = iter(range(9)), world.intents.save

    def save_or_crash(intent: object, attempt: object = None) -> bool:
        if next(saved) == save:
            world.intents.crash = crash
        return bool(real(intent, attempt))  # type: ignore[arg-type]

    world.intents.save = save_or_crash  # type: ignore[method-assign]
    try:
        examine(world, probe="w1")
    except StoreUnavailable:
        assert save < 3
    world.intents.save = real  # type: ignore[method-assign]
    world.stripe.mode = "up"
    for _ in range(3):
        world.pass_time(ABSENCE_PROVES)
        world.settle()

    assert {one.state for one in world.stripe.sessions.values()} <= {"expired"}
    assert world.intents.unsettled() == ()


def test_a_provider_that_sells_nothing_here_is_said_to_be_unknown(world: CheckoutWorld) -> None:
    examiner = Examiner(
        intents=world.intents, breakers=world.breakers, policies=world, clock=world.clock
    )
    with pytest.raises(BadInput, match="stripe, razorpay"):
        examiner.examine("paypal", opened=0)
