"""A provider's event from the wire to the projection, through everything that is deployed.

Signed bytes over HTTP, gateway, function, ledger, stream, projector; refusals are refused over the
same wire, and what cannot be stored is never acknowledged.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.cloud.stage import probes
from tests.harness.cloud.local_cloud import eventually
from tests.harness.fakes.webhooks import compact, razorpay_headers, stripe_headers
from tocsin.billing.provider import PROVIDERS
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.stage import webhooks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed

EVENTS = Path(__file__).parents[3] / "events"
SUBSCRIPTION = "sub_1SxTeamMonthly00001"


def event(
    name: str = "evt_1SxSlice",
    *,
    status: str = "active",
    age: int = 0,
    subscription: str = SUBSCRIPTION,
) -> dict[str, Any]:
    """A subscription's change made `age` seconds ago, in the provider's own shape."""
    sample = EVENTS / "stripe" / "subscription_updated_2025-03-31.basil.json"
    document: dict[str, Any] = json.loads(sample.read_text("utf-8"))
    document["id"], document["created"] = name, int(time.time()) - age
    document["data"]["object"] |= {"status": status, "id": subscription}
    return document


class Provider:
    """Whoever knows the signing secrets of the deployed endpoints."""

    def __init__(self, stage: Deployed) -> None:
        self.url = stage.outputs["webhook_url"]
        self.secrets = stage.outputs["secrets"]
        self.http = urllib3.PoolManager(retries=False, timeout=30)

    def deliver(
        self, document: dict[str, Any], *, skew: int = 0, secret: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """One signed delivery; `skew` seconds are added to the signed time."""
        body = compact(document)
        key = (secret or self.secrets["stripe/default"]).encode()
        return self.post("stripe", body, stripe_headers(body, int(time.time()) + skew, secret=key))

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        answer = self.http.request("POST", f"{self.url}/{path}", body=body, headers=headers)
        return answer.status, json.loads(answer.data)


@pytest.fixture
def provider(stage: Deployed) -> Provider:
    return Provider(stage)


@pytest.fixture
def sandbox(stage: Deployed) -> Iterator[SandboxClient]:
    client = SandboxClient(stage.outputs["sandbox_url"])
    client.reset()
    yield client
    client.reset()


def projected(stage: Deployed) -> dict[str, dict[str, Any]]:
    """Rows of the projection by the subscription's id."""
    rows = stage.items("billing_subscriptions")
    return {row["PK"]["S"].rsplit("#", 1)[-1]: row for row in rows}


def status_of(stage: Deployed, subscription: str = SUBSCRIPTION) -> str | None:
    row = projected(stage).get(subscription)
    return None if row is None else str(row["raw"]["S"])


def test_a_signed_event_is_stored_and_projected(stage: Deployed, provider: Provider) -> None:
    assert provider.deliver(event(status="past_due")) == (200, {"status": "stored"})

    (stored,) = stage.items("billing_events")
    assert stored["SK"]["S"] == "evt_1SxSlice"
    assert stored["PK"]["S"].startswith("stripe#acct_local#test#")
    assert eventually(lambda: status_of(stage), lambda seen: seen == "past_due") == "past_due"


def test_a_repeated_event_is_acknowledged_and_changes_nothing(
    stage: Deployed, provider: Provider
) -> None:
    document = event()
    provider.deliver(document)
    eventually(lambda: status_of(stage))
    before = (stage.items("billing_events"), stage.items("billing_subscriptions"))

    assert provider.deliver(document) == (200, {"status": "duplicate"})

    assert (stage.items("billing_events"), stage.items("billing_subscriptions")) == before


def test_an_older_event_that_comes_later_does_not_win(stage: Deployed, provider: Provider) -> None:
    provider.deliver(event("evt_new", status="past_due", age=10))
    eventually(lambda: status_of(stage))
    provider.deliver(event("evt_old", status="active", age=300))
    provider.deliver(event("evt_fence", subscription="sub_behind_it"))

    # One shard hands records over in order: what stands behind the old event is done after it.
    assert eventually(lambda: status_of(stage, "sub_behind_it")) == "active"
    assert len(stage.items("billing_events")) == 3
    assert status_of(stage) == "past_due"


def test_a_providers_history_in_disorder_ends_in_the_providers_state(
    stage: Deployed, sandbox: SandboxClient
) -> None:
    sandbox.put_endpoint(
        "we_test",
        f"{stage.outputs['webhook_url']}/stripe",
        [stage.outputs["secrets"]["stripe/default"]],
    )
    sandbox.order("duplicate", fraction=0.2, seed=1)
    sandbox.order("reorder", window=8, seed=2)
    begin = sandbox.now() - 100
    sandbox.tell(seed=7, start=begin, until=begin + 80, events=40)
    assert sandbox.drain() == 0
    sandbox.lift()
    assert sandbox.drain() == 0
    truth = {one["id"]: one["status"] for one in sandbox.truth()["subscriptions"]}

    def seen() -> dict[str, str]:
        return {name: row["raw"]["S"] for name, row in projected(stage).items()}

    assert eventually(seen, lambda found: found == truth, seconds=40) == truth
    stored = {item["SK"]["S"] for item in stage.items("billing_events")}
    assert stored == {one["id"] for one in sandbox.events()}


def test_both_providers_of_the_sandbox_are_heard_as_up_has_it(
    stage: Deployed, sandbox: SandboxClient
) -> None:
    """`local up` registers their webhooks, and the fixture has forgotten them."""
    webhooks.register(stage.outputs)
    begin = sandbox.now() - 100
    sandbox.tell(seed=9, start=begin, until=begin + 80, events=20)
    sandbox.razorpay.tell(seed=9, start=begin, until=begin + 80)
    assert sandbox.drain() == 0
    truth = sandbox.truth()
    expected = {one["id"]: one["status"] for one in truth["subscriptions"]}
    expected |= {
        one["id"]: one["status"]
        for one in truth["razorpay"]["subscriptions"]
        if one["status"] not in PROVIDERS["razorpay"].unsent
    }

    def seen() -> dict[str, str]:
        return {name: row["raw"]["S"] for name, row in projected(stage).items()}

    assert eventually(seen, lambda found: found == expected, seconds=60) == expected


def test_a_signed_event_of_the_other_provider_is_stored_too(
    stage: Deployed, provider: Provider
) -> None:
    body = (EVENTS / "razorpay" / "invoice_paid.json").read_bytes()
    secret = stage.outputs["secrets"]["razorpay/default"].encode()

    assert provider.post("razorpay", body, razorpay_headers(body, secret=secret)) == (
        200,
        {"status": "stored"},
    )

    (stored,) = stage.items("billing_events")
    assert stored["PK"]["S"].startswith("razorpay#")


@pytest.mark.parametrize(
    ("skew", "secret", "code"),
    [
        (0, "whsec_of_somebody_else", "signature_invalid"),
        (-301, None, "timestamp_out_of_tolerance"),
        # Not a second over: a function that starts cold hears of it seconds later.
        (900, None, "timestamp_out_of_tolerance"),
    ],
    ids=["forged", "stale", "from-the-future"],
)
def test_what_is_not_proven_to_be_the_providers_is_refused_and_not_stored(
    stage: Deployed, provider: Provider, skew: int, secret: str | None, code: str
) -> None:
    status, problem = provider.deliver(event(), skew=skew, secret=secret)

    assert (status, problem["code"], problem["retryable"]) == (400, code, False)
    assert stage.items("billing_events") == []


def test_a_moved_incident_clock_does_not_move_the_tolerance(
    stage: Deployed, provider: Provider
) -> None:
    clock = stage.cloud.clock()
    clock.set(clock.read().wall.replace(year=2031))

    assert provider.deliver(event())[0] == 200
    assert provider.deliver(event("evt_late"), skew=-301)[0] == 400


def test_an_event_of_the_other_mode_is_refused(stage: Deployed, provider: Provider) -> None:
    status, problem = provider.deliver(event() | {"livemode": True})

    assert (status, problem["code"]) == (400, "registration_mismatch")
    assert stage.items("billing_events") == []


@pytest.mark.parametrize(
    ("path", "status"), [("paypal", 404), ("stripe/second", 404), ("stripe/a/b", 404)]
)
def test_an_address_nobody_registered_is_not_found(
    stage: Deployed, provider: Provider, path: str, status: int
) -> None:
    body = compact(event())
    key = provider.secrets["stripe/default"].encode()

    assert (
        provider.post(path, body, stripe_headers(body, int(time.time()), secret=key))[0] == status
    )
    assert stage.items("billing_events") == []


def test_an_oversized_body_is_refused(stage: Deployed, provider: Provider) -> None:
    status, problem = provider.deliver(event() | {"padding": "x" * 1_000_000})

    assert (status, problem["code"]) == (413, "payload_too_large")
    assert stage.items("billing_events") == []


def test_i10_what_cannot_be_stored_is_not_acknowledged_and_is_accepted_later(
    stage: Deployed, provider: Provider
) -> None:
    role = probes.role_name(stage, "webhook_ingest")
    deny = {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}
    stage.clients.iam.put_role_policy(
        RoleName=role,
        PolicyName="outage",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    try:
        status, problem = provider.deliver(event())
    finally:
        stage.clients.iam.delete_role_policy(RoleName=role, PolicyName="outage")

    assert (status, problem["code"], problem["retryable"]) == (503, "store_unavailable", True)
    assert stage.items("billing_events") == []
    assert provider.deliver(event()) == (200, {"status": "stored"})
