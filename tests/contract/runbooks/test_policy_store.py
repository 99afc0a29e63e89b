"""What every `PolicyVersions` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.runbooks.memory import MemoryPolicies
from tocsin.adapters.runbooks.store import DynamoPolicies
from tocsin.errors import VersionConflict
from tocsin.incidents.runbook.policy import ChangedKey
from tocsin.policy.compiled.policies import DEFAULT_FILE
from tocsin.ports.runbooks import Asked, PolicyVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.runbooks import PolicyVersions

DOCUMENT = DEFAULT_FILE.read_bytes()
FIRST = PolicyVersion(
    number=1,
    version="acme-1+0123456789ab",
    document=DOCUMENT,
    sha256=hashlib.sha256(DOCUMENT).hexdigest(),
    published_by="ana",
    published_at=datetime(2026, 9, 8, 14, 0, tzinfo=UTC),
    why="answer faster, é",
    previous="source-1+ba9876543210",
    changed=(ChangedKey("limits.flap", "10 minutes", None), ChangedKey("triage.x", None, "é")),
    differences=250,
)
ASKED = Asked(digest="d1", wish="w1", number=1)


def after(before: PolicyVersion, version: str) -> PolicyVersion:
    return replace(before, number=before.number + 1, version=version, previous=before.version)


SECOND = after(FIRST, "acme-2+0123456789ab")
THIRD = after(SECOND, FIRST.version)
"""Taken back: the same policy as the first."""


class TestPolicyVersions:
    @pytest.fixture(params=["memory", "dynamodb"])
    def store(self, request: pytest.FixtureRequest) -> Iterator[PolicyVersions]:
        if request.param == "memory":
            yield MemoryPolicies()
            return
        with mock_aws():
            client = boto3.client("dynamodb")
            create_incident_tables(client)
            yield DynamoPolicies(BotoCall(client), table=OPERATIONS)

    def test_nothing_is_there_before_the_first(self, store: PolicyVersions) -> None:
        assert store.page(limit=5) == ()
        assert store.number(0) is None
        assert store.number(1) is None
        assert store.find(FIRST.version) is None
        assert store.asked("d1") is None

    def test_what_was_published_is_read_as_it_was_written(self, store: PolicyVersions) -> None:
        store.publish(FIRST, ASKED)
        assert store.page(limit=5) == (FIRST,)
        assert store.number(1) == FIRST
        assert store.find(FIRST.version) == FIRST
        assert store.find("acme-1") is None
        assert store.asked("d1") == ASKED

    def test_the_newest_come_first_and_pages_go_on_below_a_number(
        self, store: PolicyVersions
    ) -> None:
        for version in (FIRST, SECOND, THIRD):
            store.publish(version, None)
        assert store.page(limit=2) == (THIRD, SECOND)
        assert store.page(before=2, limit=2) == (FIRST,)
        assert store.page(before=1, limit=2) == ()
        found = store.find(FIRST.version)
        assert found is not None
        assert found.document == FIRST.document

    def test_ten_and_more_stay_in_the_order_of_their_numbers(self, store: PolicyVersions) -> None:
        for number in (8, 9, 10, 11, 100):
            store.publish(replace(FIRST, number=number, document=b"{}"), None)
        assert [each.number for each in store.page(limit=3)] == [100, 11, 10]
        assert [each.number for each in store.page(before=11, limit=3)] == [10, 9, 8]

    def test_of_two_that_publish_the_same_number_one_wins_and_the_other_writes_nothing(
        self, store: PolicyVersions
    ) -> None:
        store.publish(FIRST, None)
        other = replace(FIRST, version="other-1+0123456789ab", published_by="bo")
        with pytest.raises(VersionConflict):
            store.publish(other, Asked(digest="d2", wish="w2", number=1))
        assert store.page(limit=5) == (FIRST,)
        assert store.find(other.version) is None
        assert store.asked("d2") is None

    def test_a_request_that_was_carried_out_publishes_nothing_again(
        self, store: PolicyVersions
    ) -> None:
        store.publish(FIRST, ASKED)
        with pytest.raises(VersionConflict):
            store.publish(SECOND, replace(ASKED, number=2))
        assert store.page(limit=5) == (FIRST,)
        assert store.asked("d1") == ASKED


def test_the_shipped_policy_is_one_small_item() -> None:
    """DynamoDB takes 400 KB; a read of this costs two units."""
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        DynamoPolicies(BotoCall(client), table=OPERATIONS).publish(FIRST, ASKED)
        (item,) = [
            item
            for item in client.scan(TableName=OPERATIONS)["Items"]
            if item["SK"]["S"] == "v#000001"
        ]
        assert item["PK"] == {"S": "POLICY"}
        assert 4_000 < len(item["packed"]["B"]) < 8_000


def test_billing_reads_the_document_by_its_version() -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        store = DynamoPolicies(BotoCall(client), table=OPERATIONS)
        store.publish(FIRST, None)
        store.publish(replace(SECOND, document=b"{}"), None)
        published = store.document
        assert (published(FIRST.version), published(SECOND.version)) == (FIRST.document, b"{}")
        assert published("acme-1") is None


def test_what_was_spoilt_in_the_table_is_unpacked_to_what_no_digest_fits() -> None:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        store = DynamoPolicies(BotoCall(client), table=OPERATIONS)
        store.publish(FIRST, None)
        client.update_item(
            TableName=OPERATIONS,
            Key={"PK": {"S": "POLICY"}, "SK": {"S": "v#000001"}},
            UpdateExpression="SET packed = :spoilt",
            ExpressionAttributeValues={":spoilt": {"B": b"nothing"}},
        )
        (found,) = store.page(limit=1)
        assert found.document == b""
