"""Triage, dedup keys and merging: what a batch of signals makes of an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.stories import CLOUDWATCH, Story, make, signal
from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.commands.opening import MergeSignals, OpenFromSignals
from tocsin.incidents.model.signals import triage
from tocsin.incidents.vocabulary import Category, Kind, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from tocsin.incidents.model.signals import Signal

T0 = "09-08 10:00"
KEY = "v1:cloudwatch:api-5xx"


def opened(*signals: Signal) -> Story:
    story = Story()
    story.do(T0, make(OpenFromSignals, CLOUDWATCH, signals=signals))
    return story


def merge(story: Story, at: str, *signals: Signal) -> None:
    story.do(at, make(MergeSignals, CLOUDWATCH, signals=signals))


def test_the_first_rule_that_matches_decides() -> None:
    at = Story().at(T0)

    found = triage(signal(at, rule="prod-Checkout-All-Providers-down"), default())

    assert (found.severity, found.category) == (Severity.CRITICAL, Category.OPERATIONAL)
    assert found.rule == "no-payment-path"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("auth-failures", "authentication"),
        ("AuthFailures-prod", "authentication"),
        ("oauth_token_errors", "authentication"),
        ("author-feed-lag", "any-alarm"),
        ("authority-sync", "any-alarm"),
        ("db-outages", "outage"),
        ("outageous-feed", "any-alarm"),
        ("webhooks-failing", "billing-webhook"),
        ("stripe-webhook-long-backlog", "billing-webhook-backlog"),
        ("Stripe Webhook Backlog", "billing-webhook-backlog"),
        ("checkout-all-providers", "no-payment-path"),
        ("preCheckoutAllProvidersDown", "no-payment-path"),
        ("precheckout", "any-alarm"),
        ("tenant_isolation", "tenant-isolation"),
        ("tenantless-isolation", "any-alarm"),
    ],
)
def test_shipped_rules_match_whole_words_also_in_the_plural(name: str, rule: str) -> None:
    assert triage(signal(Story().at(T0), rule=name), default()).rule == rule


def test_an_alarm_no_rule_knows_is_a_high_production_incident() -> None:
    at = Story().at(T0)

    found = triage(signal(at, source="elsewhere"), default())

    assert (found.severity, found.category) == (Severity.HIGH, Category.PRODUCTION)
    assert found.rule == "unmatched"


def test_a_drill_has_a_dedup_space_of_its_own() -> None:
    at = Story().at(T0)

    assert signal(at).key == KEY
    assert signal(at, drill=True).key == "v1:drill:cloudwatch:api-5xx"


def test_a_very_long_dedup_key_stands_by_its_digest() -> None:
    at = Story().at(T0)
    one, other = (signal(at, dedup_key="k" * 500 + end) for end in "ab")

    assert len(one.key) < 100
    assert one.key != other.key


def test_a_clear_signal_opens_nothing() -> None:
    with pytest.raises(IllegalTransition):
        opened(signal(Story().at(T0), firing=False))


def test_the_worst_firing_signal_of_a_batch_gives_title_and_severity() -> None:
    story = Story()
    mild, bad = (
        signal(story.at("09-08 09:58"), name="queue-age"),
        signal(story.at("09-08 09:59"), name="total-outage"),
    )
    story.do(T0, make(OpenFromSignals, CLOUDWATCH, signals=(mild, bad)))

    assert story.incident.severity is Severity.CRITICAL
    assert story.incident.title == "total-outage is firing"
    assert story.incident.began_at == story.at("09-08 09:58")
    assert story.incident.opened_at == story.at(T0)


def test_a_batch_is_one_entry_in_the_order_of_the_sources_times() -> None:
    story = opened(signal(Story().at("09-08 09:59")))
    first, second = (signal(story.at(f"09-08 10:0{n}")) for n in (1, 2))

    merge(story, "09-08 10:03", second, first)

    merged = story.entries[-1]
    assert merged.type == "signals_merged"
    assert [seen["id"] for seen in merged.content["signals"]] == [first.id, second.id]  # type: ignore[union-attr, index, call-overload]
    assert story.incident.signals[KEY].count == 3


def test_a_late_delivery_of_an_old_state_changes_nothing() -> None:
    story = opened(signal(Story().at("09-08 09:50")))
    merge(story, "09-08 10:05", signal(story.at("09-08 10:04")))

    merge(story, "09-08 10:06", signal(story.at("09-08 10:02"), firing=False))

    assert story.incident.firing


def test_a_signal_from_the_future_cannot_silence_what_follows() -> None:
    story = opened(signal(Story().at("09-08 09:50")))
    merge(story, "09-08 10:05", signal(story.at("2099-01-01 00:00"), firing=False))
    assert not story.incident.firing

    merge(story, "09-08 10:06", signal(story.at("09-08 10:06")))

    assert story.incident.firing


def test_firing_since_is_when_the_state_began_not_when_it_was_last_heard() -> None:
    story = opened(signal(Story().at("09-08 09:50")))

    merge(story, "09-08 10:05", signal(story.at("09-08 10:04")))

    assert story.incident.signals[KEY].since == story.at("09-08 09:50")


def test_a_drill_signal_opens_a_drill() -> None:
    assert opened(signal(Story().at(T0), drill=True)).incident.kind is Kind.DRILL


def test_a_sources_words_are_shortened_with_a_mark() -> None:
    at = Story().at(T0)
    story = opened(signal(at, title="t" * 500, detail="d" * 5000, facts={"f": "x" * 900}))

    assert len(story.incident.title) == limits.LINE
    assert story.incident.title.endswith("…")


def test_only_the_newest_of_a_storm_are_kept_in_full() -> None:
    story = opened(signal(Story().at("09-08 09:00")))
    storm = [
        signal(story.at(f"09-08 10:{n:02d}"), detail="why", id=f"s{n}")
        for n in range(limits.SIGNALS_PER_ENTRY)
    ]

    merge(story, "09-08 11:00", *storm)

    details = [seen["detail"] for seen in story.entries[-1].content["signals"]]  # type: ignore[union-attr, index, call-overload]
    assert details.count("why") == limits.SIGNALS_IN_FULL
    assert details[-1] == "why"


def test_a_batch_over_the_limit_is_refused_whole() -> None:
    story = opened(signal(Story().at("09-08 09:00")))
    storm = [signal(story.at(T0), id=f"s{n}") for n in range(limits.SIGNALS_PER_ENTRY + 1)]

    with pytest.raises(BadInput):
        merge(story, "09-08 11:00", *storm)


def test_an_incident_does_not_swallow_every_key() -> None:
    story = opened(signal(Story().at("09-08 09:00")))
    keys = [signal(story.at(T0), name=f"a{n}") for n in range(limits.KEYS_PER_INCIDENT)]

    with pytest.raises(BadInput):
        merge(story, "09-08 11:00", *keys)
