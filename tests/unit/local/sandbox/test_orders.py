"""Orders decide the fate of deliveries repeatably and lose nothing they were not told to lose."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.local.sandbox.delivery.orders import Delivery, Order, Orders
from tocsin.local.sandbox.outages import Outage, Outages


def deliveries(count: int) -> list[Delivery]:
    return [Delivery(f"evt_{number}", "customer.updated", "e") for number in range(count)]


def run(orders: Orders, count: int) -> list[str]:
    sent = [one for delivery in deliveries(count) for one in orders.admit(delivery)]
    return [one.event for one in [*sent, *orders.flush(), *orders.lift()]]


orders_lists = st.lists(
    st.builds(
        Order,
        st.just("o"),
        st.sampled_from(["duplicate", "reorder", "withhold", "delay", "drop"]),
        fraction=st.floats(0, 1),
        seed=st.integers(0, 9),
        window=st.integers(1, 9),
        copies=st.integers(1, 3),
    ),
    max_size=4,
)


@given(orders_lists, st.integers(0, 60))
def test_every_delivery_is_sent_or_in_the_drop_log_and_nothing_else_is(
    active: list[Order], count: int
) -> None:
    doubles = any(order.kind == "duplicate" for order in active)
    orders = Orders(active)
    sent = Counter(run(orders, count))
    dropped = Counter(one.event for one in orders.dropped)
    everything = {delivery.event for delivery in deliveries(count)}
    assert set(sent) | set(dropped) == everything
    if not doubles:
        assert sent + dropped == Counter(everything)


def test_the_same_seed_gives_the_same_fate() -> None:
    def fate() -> list[str]:
        mixed = [Order("a", "duplicate", fraction=0.3, seed=4), Order("b", "reorder", seed=5)]
        return run(Orders(mixed), 100)

    assert fate() == fate()
    assert fate() != [delivery.event for delivery in deliveries(100)]


def test_reordering_moves_but_keeps_every_delivery() -> None:
    sent = run(Orders([Order("a", "reorder", window=10, seed=1)]), 50)
    assert sent != sorted(sent, key=lambda event: int(event[4:]))
    assert sorted(sent) == sorted(delivery.event for delivery in deliveries(50))


def test_a_count_takes_the_first_ones_only() -> None:
    orders = Orders([Order("a", "drop", count=3)])
    assert run(orders, 10) == [f"evt_{number}" for number in range(3, 10)]


def test_types_take_only_what_they_name() -> None:
    orders = Orders([Order("a", "drop", types=("customer.subscription.*", "invoice.paid"))])
    kinds = ("customer.subscription.updated", "invoice.paid", "invoice.created")
    sent = [one.kind for kind in kinds for one in orders.admit(Delivery("e", kind, "x"))]
    assert sent == ["invoice.created"]


def test_withheld_deliveries_wait_until_lifted_and_can_be_lost() -> None:
    orders = Orders([Order("a", "withhold")])
    assert [one for delivery in deliveries(3) for one in orders.admit(delivery)] == []
    assert orders.flush() == []
    assert [one.event for one in orders.lift("a")] == ["evt_0", "evt_1", "evt_2"]
    lossy = Orders([Order("a", "withhold")])
    assert [one for delivery in deliveries(3) for one in lossy.admit(delivery)] == []
    assert lossy.lift(lose=True) == []
    assert [one.event for one in lossy.dropped] == ["evt_0", "evt_1", "evt_2"]


def test_copies_and_delays_are_noted_on_what_is_sent() -> None:
    orders = Orders([Order("a", "duplicate", copies=2), Order("b", "delay", seconds=1.5)])
    sent = orders.admit(deliveries(1)[0])
    doubled = ("duplicate", "delay")
    assert [one.notes for one in sent] == [("delay",), doubled, doubled]
    assert {one.delay_seconds for one in sent} == {1.5}


@pytest.mark.parametrize(
    "wrong", [{"kind": "explode"}, {"fraction": 1.5}, {"window": 0}, {"copies": 0}]
)
def test_an_order_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not one of|fraction"):
        Order(**{"id": "a", "kind": "drop", **wrong})  # type: ignore[arg-type]  # wrong on purpose


def test_the_first_outage_that_takes_a_request_decides_and_counts() -> None:
    outages = Outages([Outage("a", "error_500", count=1), Outage("b", "html_502", method="GET")])
    taken = [outages.of(method, "/v1/events") for method in ("POST", "GET", "POST")]
    assert [one.id if one else None for one in taken] == ["a", "b", None]


def test_an_outage_of_a_fraction_hits_about_that_many_and_the_same_ones_again() -> None:
    def hits() -> list[bool]:
        outage = Outage("a", "error_503", fraction=0.25, seed=3)
        return [outage.takes("GET", "/v1/events") for _ in range(400)]

    assert hits() == hits()
    assert 60 < sum(hits()) < 140
