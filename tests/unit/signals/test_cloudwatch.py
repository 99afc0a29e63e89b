"""CloudWatch alarms: what each state means, what one change of state is called, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import MalformedPayload
from tocsin.signals.cloudwatch.parser import parse

EVENTS = Path(__file__).parents[3] / "events" / "cloudwatch"


def sample(name: str) -> dict[str, Any]:
    loaded = json.loads((EVENTS / f"{name}.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


def notification(**changes: object) -> dict[str, object]:
    """The message of an SNS notification as it arrives by raw delivery."""
    return {**json.loads(sample("sns-alarm")["Message"]), **changes}


def test_one_change_of_state_is_one_signal_by_whichever_way_it_comes() -> None:
    action, event = parse(sample("action-metric")), parse(sample("eventbridge-alarm"))
    assert action.id == event.id
    enveloped, record = parse(sample("sns-composite")), parse(sample("action-composite"))
    assert enveloped.id == record.id
    raw = parse(json.loads(sample("sns-alarm")["Message"]))
    assert raw.id == parse(sample("sns-alarm")).id


def test_the_next_change_of_the_same_alarm_is_another_signal_with_the_same_key() -> None:
    alarm, clear = parse(sample("sns-alarm")), parse(sample("sns-ok"))
    assert alarm.id != clear.id
    assert alarm.key == clear.key


def test_the_same_alarm_name_in_another_account_has_another_key() -> None:
    other = "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:api-auth-data-boundary"
    assert parse(notification(AlarmArn=other)).key != parse(notification()).key


@pytest.mark.parametrize(
    ("name", "previous", "fires"),
    [
        ("sns-insufficient-data", "OK", True),  # it was sent because somebody asked for it
        ("eventbridge-new-alarm", "OK", False),  # every new alarm starts like this
        ("eventbridge-data-stopped", "ALARM", True),  # no data is no recovery
    ],
)
def test_insufficient_data_never_clears_an_alarm(name: str, previous: str, *, fires: bool) -> None:
    signal = parse(sample(name))
    assert signal.facts["state"] == "INSUFFICIENT_DATA"
    assert signal.facts["previous_state"] == previous
    assert signal.firing is fires


def test_a_drill_is_a_drill_and_keeps_its_mark_out_of_rule_and_title() -> None:
    signal = parse(sample("sns-drill"))
    assert signal.drill
    assert (signal.rule, signal.title) == ("api-auth-data-boundary", "api-auth-data-boundary")
    assert not parse(sample("sns-alarm")).drill
    assert signal.key != parse(sample("sns-alarm")).key


def test_facts_say_what_the_alarm_watches() -> None:
    facts = parse(sample("sns-metric-math")).facts
    assert facts["expression"] == "100 * failed / requests"
    assert facts["metric"] == "Shop/Billing/CheckoutFailed, Shop/Billing/CheckoutRequested"
    assert facts["threshold"] == ">= 2.5"
    assert facts["dimensions"] == "ServiceName=checkout, provider=stripe"
    assert facts["region"] == "eu-west-1"
    assert facts["account"] == "111122223333"
    composite = parse(sample("sns-composite")).facts
    assert composite["children"] == "shop-5xx, shop-latency"
    assert composite["rule"].startswith("ALARM(")


def test_what_is_unlike_itself_says_which_band_it_left() -> None:
    """Anomaly detection: "Alarm events and EventBridge" (docs.aws.amazon.com) has no threshold."""
    signal = parse(sample("eventbridge-anomaly"))
    assert (signal.firing, signal.facts["metric"]) == (True, "AWS/ApiGateway/Latency")
    assert signal.facts["expression"] == "ANOMALY_DETECTION_BAND(m1, 2)"
    assert "upper thresholds [410.7]" in signal.detail
    assert "threshold" not in signal.facts


def test_a_thresholds_number_is_written_as_people_write_it() -> None:
    trigger = json.loads(sample("sns-alarm")["Message"])["Trigger"]
    shown = {}
    for value in (0.0, 5.0, 0.1, 10000.0, -3, 1e-7, 1e22):
        facts = parse(notification(Trigger={**trigger, "Threshold": value})).facts
        shown[value] = facts["threshold"].removeprefix("> ")
    assert list(shown.values()) == ["0", "5", "0.1", "10000", "-3", "0.0000001", "1" + "0" * 22]


def test_environment_and_correlation_come_from_the_message_where_it_says_so() -> None:
    staging = parse(sample("sns-lambda-record"))
    assert staging.environment == "staging"
    assert staging.correlation_id == sample("sns-lambda-record")["Sns"]["MessageId"]
    bare = parse(sample("sns-raw-delivery"))
    assert bare.environment == "production"
    assert bare.correlation_id == bare.id


def test_contributors_of_one_alarm_are_told_apart_by_both_ways() -> None:
    event, notified = sample("eventbridge-contributor"), sample("sns-contributor")
    first = parse(event)
    event["detail"]["alarmContributor"] = {"id": "0a1b", "attributes": {"TableName": "carts"}}
    second = parse(event)
    assert first.id != second.id
    assert first.key != second.key
    assert first.whole == second.whole == parse(sample("eventbridge-contributors-of-alarm")).key
    assert first.title == "Writes to a table of the shop are throttled (TableName=orders)"
    assert first.facts["contributor"] == "6d442278dba546f6 (TableName=orders)"
    message = json.loads(notified["Message"])
    message |= {"AlarmContributorId": "0a1b"}
    assert parse(message).key != parse(notified).key
    assert not parse(notified).suppressed, "it is an action: somebody asked to be told"


def test_a_contributor_says_which_service_and_stage_it_is() -> None:
    event = sample("eventbridge-contributor")
    event["detail"]["alarmContributor"]["attributes"] = {"ServiceName": "carts", "Stage": "qa"}
    signal = parse(event)
    assert (signal.service, signal.environment) == ("carts", "qa")


@pytest.mark.parametrize(
    ("reason", "waits"),
    [
        ("6 out of 6 time series evaluated to ALARM", True),
        ("100+ time series evaluated to ALARM", True),
        ("5 out of 10 contributors evaluated to ALARM", True),
        (
            "No time series were returned. Treat missing data is configured as [Breaching].",
            False,
        ),
        ("Threshold Crossed: 1 datapoint [6 out of 6] was greater than the threshold.", False),
    ],
)
def test_what_is_said_of_all_contributors_waits_for_them(reason: str, *, waits: bool) -> None:
    event = sample("eventbridge-contributors-of-alarm")
    event["detail"]["state"]["reason"] = reason
    signal = parse(event)
    assert signal.suppressed is waits
    assert (signal.held_until is not None) is waits


@pytest.mark.parametrize("end", [None, "", "soon", 7])
def test_a_mute_that_does_not_say_until_when_keeps_nothing_back(end: object) -> None:
    event = sample("eventbridge-muted")
    event["detail"]["muteDetail"]["muteWindowEnd"] = end
    assert not parse(event).suppressed


def test_long_names_of_alarms_and_contributors_are_kept_by_their_digests() -> None:
    event = sample("eventbridge-contributor")
    name = "a" * 255
    event["resources"] = [event["resources"][0].replace("shop-table-writes", name)]
    event["detail"]["alarmName"] = name
    event["detail"]["alarmContributor"]["id"] = "c" * 1024
    signal = parse(event)
    assert len(signal.key) < 200
    assert signal.key.startswith(signal.whole + "|sha256:")


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({}, "any shape"),
        ({"Message": "hello"}, "no JSON"),
        ({"Message": "[1]"}, "object"),
        ({"Message": "[" * 100_000}, "no JSON"),
        ({"Message": 3}, "text"),
        ({"Sns": []}, "object"),
        ({"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe"}, "JSON"),
        (notification(NewStateValue="BROKEN"), "BROKEN"),
        (notification(NewStateValue=""), "NewStateValue"),
        (notification(AlarmArn="arn:aws:sns:eu-west-1:111122223333:topic"), "ARN"),
        (notification(AlarmArn="arn:aws:cloudwatch:eu-west-1:1:alarm:a"), "ARN"),
        (notification(AlarmName="another"), "differ"),
        (notification(StateChangeTime="yesterday"), "no time"),
        (notification(StateChangeTime="2026-09-08T14:00:03"), "offset"),
        (notification(StateChangeTime="0001-01-01T00:00:00+23:59"), "no time"),
        (notification(NewStateReason="half a pair \ud800"), "NewStateReason"),
        (notification(Trigger=[]), "Trigger"),
        (notification(Trigger={"Threshold": "high"}), "Threshold"),
        (notification(Trigger={"Threshold": True}), "Threshold"),
        (notification(Trigger={"MetricName": "m", "Dimensions": ["x"]}), "Dimensions"),
        (notification(TriggeringChildren=[{}]), "Arn"),
        ({**sample("eventbridge-alarm"), "detail-type": "Scheduled Event"}, "any shape"),
        ({**sample("eventbridge-alarm"), "resources": []}, "one alarm"),
        ({**sample("eventbridge-alarm"), "resources": ["a", "b"]}, "one alarm"),
        ({**sample("eventbridge-alarm"), "resources": [7]}, "text"),
        ({**sample("eventbridge-alarm"), "detail": None}, "detail"),
        ({**sample("action-metric"), "alarmData": {}}, "state"),
        ({**sample("action-metric"), "alarmArn": None}, "alarmArn"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    payload: dict[str, object], says: str
) -> None:
    with pytest.raises(MalformedPayload, match=says):
        parse(payload)


def test_a_long_reason_is_cut_and_not_refused() -> None:
    assert len(parse(notification(NewStateReason="x" * 50_000)).detail) == 2000


def test_an_alarm_without_its_arn_is_known_by_account_region_and_name() -> None:
    named = notification(AlarmArn=None, Region="eu-west-1")

    assert parse(named).key == parse(notification()).key


def test_an_alarm_without_its_arn_in_a_region_named_in_words_is_refused() -> None:
    with pytest.raises(MalformedPayload, match="ARN"):
        parse(notification(AlarmArn=None, Region="EU (Ireland)"))


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("Requests read rows of another tenant.", "Requests read rows of another tenant"),
        ("Checkout is down. See the wiki.\nOwner: payments", "Checkout is down"),
        ("Latency is over 2.5 s for 5% of requests", "Latency is over 2.5 s for 5% of requests"),
        ("結帳 失敗 了", "結帳 失敗 了"),
        ("", "prd-chk-5xx"),
        ("checkout", "prd-chk-5xx"),
        ("Managed by Terraform module alarms", "prd-chk-5xx"),
        ("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy arn:aws:x.", "prd-chk-5xx"),
        ('{"team": "payments", "tier": 1, "run": "book"}', "prd-chk-5xx"),
        ("See the runbook https://wiki.example/x now", "prd-chk-5xx"),
        ("word " * 40, "prd-chk-5xx"),
    ],
)
def test_a_description_for_people_is_the_title_and_what_tools_write_is_not(
    description: str, title: str
) -> None:
    arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:prd-chk-5xx"
    named = {"AlarmName": "prd-chk-5xx", "AlarmArn": arn}
    found = parse(notification(**named, AlarmDescription=description))
    assert found.title == title
    assert found.rule == "prd-chk-5xx", "rules go by names"
