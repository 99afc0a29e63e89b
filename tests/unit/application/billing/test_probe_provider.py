"""A look at a provider says whether it answers, and whether its newest event came by webhook."""

from __future__ import annotations

import random

import pytest

from tests.harness.models.replay import END, IDENTITY, World, document
from tocsin.adapters.billing.outage.memory import MemoryProbes
from tocsin.adapters.billing.replay.memory import MemoryLedgerReader
from tocsin.application.billing.outage.probe import UNDER_WAY, Prober
from tocsin.billing.outage.recovery import PROBES, Doubt, Probe, doubts

NOW = END


@pytest.fixture
def world() -> World:
    return World(random.Random(1))


def prober(world: World, log: MemoryProbes) -> Prober:
    return Prober(world.provider, MemoryLedgerReader(world.ledger), log)


@pytest.mark.parametrize(
    ("delivered", "by", "seen"), [(True, "", True), (True, "RPL-1", False), (False, "", False)]
)
def test_the_newest_event_counts_if_it_came_by_webhook(
    world: World, *, delivered: bool, by: str, seen: bool
) -> None:
    world.provider.documents = [document(1, NOW - 900), document(2, NOW - 600)]
    if delivered:
        record, _ = world.filer(IDENTITY, world.provider.documents[1], now=NOW, replay=by)
        world.ledger.put(record)
    log = MemoryProbes()
    assert prober(world, log).look(IDENTITY, now=NOW) == Probe(NOW, True, seen)
    assert log.probes(IDENTITY, since=NOW) == [Probe(NOW, True, seen)]


def test_what_may_still_be_on_its_way_says_nothing(world: World) -> None:
    world.provider.documents = [document(1, NOW - UNDER_WAY)]
    assert prober(world, MemoryProbes()).look(IDENTITY, now=NOW) == Probe(NOW, True, None)


def test_no_answer_is_kept_too(world: World) -> None:
    world.provider.failing = lambda: True
    log = MemoryProbes()
    assert not prober(world, log).look(IDENTITY, now=NOW).succeeded
    assert log.probes(IDENTITY, since=0) == [Probe(NOW, False)]


def test_ten_good_looks_in_a_quarter_of_an_hour_confirm_recovery() -> None:
    good = [Probe(NOW - 60 * number, True, True) for number in range(PROBES)]
    assert doubts(good, breaker_closed=True, now=NOW) == ()
    assert doubts(good, breaker_closed=False, now=NOW) == (Doubt.BREAKER_OPEN,)
    assert doubts(good[:-1], breaker_closed=True, now=NOW) == (Doubt.TOO_FEW_PROBES,)
    older = [Probe(NOW - 1000, False), *good]
    assert doubts(older, breaker_closed=True, now=NOW) == (), "what failed before counts no more"
    failed = [*good[1:], Probe(NOW, False)]
    assert Doubt.PROBE_FAILED in doubts(failed, breaker_closed=True, now=NOW)
    silent = [Probe(probe.at, True, None) for probe in good]
    assert doubts(silent, breaker_closed=True, now=NOW) == (), "a quiet account makes no events"
    lost = [*silent[1:], Probe(NOW, True, False)]
    assert doubts(lost, breaker_closed=True, now=NOW) == (Doubt.NEWEST_EVENT_NOT_BY_WEBHOOK,)
