"""What the stores of ways, links, news and requests promise, on both: memory and moto."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.fakes.time import VirtualWallClock
from tocsin.adapters.people.memory import (
    MemoryContacts,
    MemoryLinks,
    MemoryNews,
    MemoryRequests,
    MemoryTexts,
)
from tocsin.adapters.people.stores import DynamoContacts, DynamoLinks, DynamoNews, DynamoRequests
from tocsin.adapters.people.texts import DynamoTexts
from tocsin.errors import ConditionFailed
from tocsin.incidents.model.outbox import STAKEHOLDERS, OutboxItem, OutboxKey
from tocsin.incidents.vocabulary import MessageKind, WayKind
from tocsin.people.links import Bundle, Bundled, Link
from tocsin.people.storm import Left, Line, Texts
from tocsin.people.ways import Way, WayState
from tocsin.ports.messages import Told
from tocsin.ports.requests import Done

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.messages import NewsStore
    from tocsin.ports.people import ContactStore, LinkStore, TextStore
    from tocsin.ports.requests import RequestStore

NOW = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
PHONE = "+12025550123"


@dataclass
class Stores:
    contacts: ContactStore
    links: LinkStore
    news: NewsStore
    texts: TextStore
    client: Any = None

    def stored(self) -> str:
        """Everything that lies in the table, as one text; empty for memory."""
        if self.client is None:
            return ""
        return repr(self.client.scan(TableName=OPERATIONS)["Items"])


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryContacts(), MemoryLinks(), MemoryNews(), MemoryTexts())
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield Stores(
            DynamoContacts(BotoCall(client), table=OPERATIONS),
            DynamoLinks(BotoCall(client), table=OPERATIONS),
            DynamoNews(BotoCall(client), table=OPERATIONS),
            DynamoTexts(BotoCall(client), OPERATIONS, VirtualWallClock(NOW)),
            client,
        )


def way(name: str = "w1", person: str = "kim", **changes: Any) -> Way:
    values: dict[str, Any] = {
        "kind": WayKind.SMS,
        "address": PHONE,
        "state": WayState.PENDING,
        "added_at": NOW,
    }
    return Way(person=person, id=name, **(values | changes))


def test_a_way_reads_back_as_it_was_written(stores: Stores) -> None:
    written = stores.contacts.put(
        way(state=WayState.CONFIRMED, confirmed_at=NOW, code_hash="h", code_until=NOW, code_tries=3)
    )
    assert written.rev == 1
    assert stores.contacts.way("kim", "w1") == written
    assert stores.contacts.ways("kim") == (written,)


def test_a_persons_ways_come_in_the_order_they_were_added_and_nobody_elses(stores: Stores) -> None:
    stores.contacts.put(way("b", added_at=NOW + timedelta(minutes=1)))
    stores.contacts.put(way("z"))
    stores.contacts.put(way("a", person="kim2"))
    assert [each.id for each in stores.contacts.ways("kim")] == ["z", "b"]
    assert stores.contacts.ways("nobody") == ()
    assert stores.contacts.way("kim", "a") is None


@pytest.mark.parametrize("rev", [0, 1, 3])
def test_only_the_newest_revision_is_written_over(stores: Stores, rev: int) -> None:
    second = stores.contacts.put(stores.contacts.put(way()))
    with pytest.raises(ConditionFailed):
        stores.contacts.put(replace(second, rev=rev, address="+12025550199"))
    assert stores.contacts.way("kim", "w1") == second


def test_a_way_that_is_erased_leaves_no_address_behind(stores: Stores) -> None:
    kept = stores.contacts.put(way())
    stores.contacts.erase(kept)
    assert stores.contacts.ways("kim") == ()
    assert stores.contacts.way("kim", "w1") is None
    assert PHONE not in stores.stored()
    with pytest.raises(ConditionFailed):
        stores.contacts.put(kept)
    with pytest.raises(ConditionFailed):
        stores.contacts.erase(kept)


@pytest.mark.parametrize("stores", ["dynamodb"], indirect=True)
def test_an_address_is_in_no_key(stores: Stores) -> None:
    stores.contacts.put(way())
    (item,) = stores.client.scan(TableName=OPERATIONS)["Items"]
    assert (item["PK"]["S"], item["SK"]["S"]) == ("PERSON#kim", "WAY#w1")


def link(**changes: Any) -> Link:
    values: dict[str, Any] = {
        "handle": "abcdefghij",
        "kid": "1",
        "incident": "INC-1",
        "person": "kim",
        "round": 2,
        "step": 3,
        "message_id": "INC-1/4/page/person:kim",
        "expires_at": NOW,
    }
    return Link(**(values | changes))


def test_a_list_is_written_over_one_that_never_left(stores: Stores) -> None:
    members = (
        Bundled(incident="INC-1", message_id="INC-1/4/page/person:kim", link=link()),
        Bundled(incident="INC-2", message_id="INC-2/4/breach/person:kim"),
    )
    bundle = Bundle(
        handle="abcdefghij",
        kid="1",
        person="kim",
        message_id="bundle/abcdefghij",
        expires_at=NOW,
        members=members,
    )
    stores.links.keep_bundle(replace(bundle, members=()))
    stores.links.keep_bundle(bundle)
    assert stores.links.find_bundle("abcdefghij") == bundle
    assert stores.links.find_bundle("jihgfedcba") is None
    assert stores.links.find("abcdefghij") is None


LINE = Line(person="kim", way="w1")


def test_what_left_by_a_line_is_written_over_the_newest_revision_only(stores: Stores) -> None:
    assert stores.texts.texts(LINE) == Texts()
    first = Texts(full=(Left(NOW, critical=True, message_id="m"),), bundled_at=NOW, epoch=3)
    stores.texts.put_texts(LINE, first)
    read = stores.texts.texts(LINE)
    assert read == replace(first, rev=1)
    for stale in (first, replace(first, rev=2)):
        with pytest.raises(ConditionFailed):
            stores.texts.put_texts(LINE, stale)
    stores.texts.put_texts(LINE, replace(read, epoch=4))
    assert stores.texts.texts(LINE) == replace(first, epoch=4, rev=2)
    assert stores.texts.texts(replace(LINE, drill=True)) == Texts()
    assert stores.texts.texts(replace(LINE, way="w2")) == Texts()


def test_who_waits_for_one_bundle_waits_for_no_other(stores: Stores) -> None:
    keys = [OutboxKey(incident=f"INC-{n}", sk=f"OUT#0000000{n}#page#person:kim") for n in (2, 1)]
    for key in (*keys, keys[0]):
        stores.texts.wait(LINE, 3, key)
    stores.texts.wait(LINE, 4, OutboxKey(incident="INC-3", sk="OUT#00000003#page#person:kim"))
    stores.texts.wait(replace(LINE, drill=True), 3, OutboxKey(incident="DRL-1", sk="OUT#1"))
    assert stores.texts.waiting(LINE, 3) == (keys[1], keys[0])
    assert stores.texts.waiting(LINE, 5) == ()


def test_the_first_record_of_a_link_stays(stores: Stores) -> None:
    first = link()
    assert stores.links.keep(first) == first
    assert stores.links.keep(link(expires_at=NOW + timedelta(days=1))) == first
    assert stores.links.find("abcdefghij") == first
    assert stores.links.find("jihgfedcba") is None


def item(seq: int, **facts: str) -> OutboxItem:
    return OutboxItem(
        incident="INC-1",
        seq=seq,
        kind=MessageKind.OPENED,
        target=STAKEHOLDERS,
        due_at=NOW,
        correlation_id="c",
        facts=facts,
    )


def test_the_last_message_to_an_audience_is_remembered(stores: Stores) -> None:
    assert stores.news.last(item(1)) is None
    stores.news.keep(item(1, title="a"))
    stores.news.keep(item(2, title="b"))
    assert stores.news.last(item(9)) == Told(item(2, title="b").content_hash, 2)


def test_equal_words_are_equal_news_whatever_entry_asked_for_them() -> None:
    assert item(1, title="a").content_hash == item(7, title="a").content_hash
    assert item(1, title="a").content_hash != item(1, title="b").content_hash


@pytest.fixture(params=["memory", "dynamodb"])
def requests(request: pytest.FixtureRequest) -> Iterator[RequestStore]:
    if request.param == "memory":
        yield MemoryRequests()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield DynamoRequests(BotoCall(client), table=OPERATIONS)


def test_the_first_record_of_a_request_stays(requests: RequestStore) -> None:
    first = Done(wish="w", result="r")
    assert requests.done("d") is None
    requests.keep("d", first, until=2_000_000_000)
    requests.keep("d", Done(wish="other"), until=2_000_000_001)
    assert requests.done("d") == first
    assert requests.done("e") is None
