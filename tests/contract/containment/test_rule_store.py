"""What every `RuleStore` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.fakes.time import START
from tests.harness.worlds.containing import BO_IS, CY_IS
from tocsin.adapters.containment.memory import MemoryRulebook
from tocsin.adapters.containment.rulebook import DynamoRulebook
from tocsin.containment.guards import Rules
from tocsin.containment.rulebook import Rulebook, agreed, proposed
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.containment import RuleStore

RULES = Rules(
    containable=("role/worker", "user/deployer"),
    protected=("user/break-glass",),
    approvers=("bo", "cy"),
    wide=("192.0.2.0/24",),
    per_hour=7,
    per_incident=3,
)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[RuleStore]:
    if request.param == "memory":
        yield MemoryRulebook()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield DynamoRulebook(BotoCall(client), OPERATIONS)


def asked(book: Rulebook, rules: Rules = RULES) -> Rulebook:
    return proposed(book, rules, by="bo", groups=BO_IS.groups, why="what there is", at=START)


def ruled(book: Rulebook) -> Rulebook:
    assert book.proposal is not None
    return agreed(book, by="cy", groups=CY_IS.groups, shown=book.proposal.bound, at=START)


def test_what_waits_and_what_is_in_force_are_read_again_whole(store: RuleStore) -> None:
    assert store.load() == Rulebook()
    waiting = asked(store.load())
    store.save(waiting)
    assert store.load() == waiting
    book = ruled(waiting)
    store.save(book, edition=book.edition)
    assert store.load() == book
    assert store.load().rules.digest == RULES.digest
    assert store.editions(limit=9) == (book.edition,)


def test_of_two_at_once_one_is_refused_and_leaves_no_edition(store: RuleStore) -> None:
    waiting = asked(store.load())
    store.save(waiting)
    with pytest.raises(ConditionFailed):
        store.save(waiting)
    book = ruled(waiting)
    store.save(asked(waiting, replace(RULES, per_hour=9)))
    with pytest.raises(ConditionFailed):
        store.save(book, edition=book.edition)
    assert store.load().number == 0
    assert store.editions(limit=9) == ()


def test_editions_come_newest_first_so_many_at_most(store: RuleStore) -> None:
    for limit in (9, 8, 7):
        book = asked(store.load(), replace(RULES, per_hour=limit))
        store.save(book)
        after = ruled(book)
        store.save(after, edition=after.edition)
    assert [one.rules.per_hour for one in store.editions(limit=2)] == [7, 8]
