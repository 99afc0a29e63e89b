"""What was written to the projection by other means is found, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tocsin.adapters.billing.projection.items import key_of
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.access.corrections import Correction, Logged, SeenAccess, moment
from tocsin.billing.access.entitlement import Access
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.billing.projection.ordering import Change, Row
from tocsin.billing.subscription import Status, Subscription
from tocsin.cli.billing import desk as billing_desk
from tocsin.cli.billing.desk import Desk, desk
from tocsin.cli.main import FAILED_CHECK, OK, run
from tocsin.ports.billing.access import Request, Write
from tocsin.providers.bodies.codec import keep, unpack
from tocsin.providers.registry import object_reader, webhook_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_790_000_000
IDENTITY = Identity("stripe", "acct_1SxHouse", "test")
SAMPLE = Path("events/stripe/subscription_updated_2025-03-31.basil.json")
TEAM = "sub_1SxTeamMonthly00001"


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


class Stage:
    """A desk over a stage with three sound rows: from an event, from an answer, and corrected."""

    def __init__(self, cloud: MotoCloud) -> None:
        cloud.reset()
        self.cloud = cloud
        self.desk: Desk = desk(
            cloud.aws,
            subscriptions=cloud.table("billing-subscriptions"),
            events=cloud.table("billing-events"),
            operations=cloud.table("operations"),
            queue_url="",
        )
        document = json.loads(SAMPLE.read_text()) | {"created": NOW}
        envelope, read = webhook_reader("stripe").read({}, json.dumps(document).encode())
        record = LedgerRecord(IDENTITY, "default", envelope, NOW, keep(read, None))
        assert self.desk.ledger.put(record)
        event = billing_event(record, reader=object_reader("stripe"), unpack=unpack)
        assert self.desk.projection.apply(event, now=NOW).done
        for name in ("sub_asked", "sub_corrected"):
            state = Subscription(name, Status.SUSPENDED, "unpaid", "price_1", NOW)
            row = Row(ver=1, rev=1, subscription=state, fetched=NOW, since=NOW, source="provider")
            assert self.desk.projection.write(IDENTITY, name, Change(0, row))
        self.correct("sub_corrected")

    def correct(self, name: str, *, at: int = NOW, lift: bool = False) -> Logged:
        row = self.desk.projection.read(IDENTITY, name)
        assert row is not None
        until = None if lift else NOW + 3600
        seen = SeenAccess(Status.SUSPENDED, Access.NO, corrected=False)
        line = Logged(
            id=f"{moment(at)}#{name}",
            at=at,
            correction=Correction(
                IDENTITY, name, None if lift else Status.ACTIVE, until, "paid by transfer"
            ),
            by="ana",
            before=seen,
            after=seen,
            base_rev=row.rev,
        )
        nobody = Request("person:ana", "", "")
        written = self.desk.corrections.write(line, over=row.overlay, request=nobody)
        assert written is Write.DONE
        return line

    def edit(self, name: str, path: str, value: dict[str, Any] | None) -> None:
        """A direct write, as somebody with every right would make it; None removes."""
        parts = {f"#{n}": part for n, part in enumerate(path.split("."))}
        where = ".".join(parts)
        change: dict[str, Any] = {"UpdateExpression": f"REMOVE {where}"}
        if value is not None:
            change = {
                "UpdateExpression": f"SET {where} = :value",
                "ExpressionAttributeValues": {":value": value},
            }
        self.cloud.boto("dynamodb").update_item(
            TableName=self.cloud.table("billing-subscriptions"),
            Key=key_of(IDENTITY, name),
            ExpressionAttributeNames=parts,
            **change,
        )

    def found(self, *, now: int = NOW) -> list[tuple[str, str]]:
        return [(each.subscription, each.what) for each in self.desk.verify(now=now)]


@pytest.fixture
def stage(cloud: MotoCloud) -> Stage:
    return Stage(cloud)


def test_what_tocsin_wrote_is_sound(stage: Stage) -> None:
    assert stage.found() == []
    stage.correct("sub_corrected", at=NOW + 1)
    stage.correct("sub_corrected", at=NOW + 2, lift=True)
    assert stage.found() == []


FOREIGN = {
    "st": {"S": "active"},
    "until": {"N": str(NOW + 99)},
    "approval": {"S": ""},
    "by": {"S": "eve"},
    "base_rev": {"N": "1"},
}


@pytest.mark.parametrize(
    ("name", "path", "value", "says"),
    [
        (TEAM, "st", {"S": "past_due"}, "were edited"),
        (TEAM, "period_end", {"N": "1899999999"}, "were edited"),
        (TEAM, "workspace", {"S": "ws_mine"}, "of another workspace"),
        (TEAM, "src", {"S": "evt_made_up"}, "is not in the ledger"),
        ("sub_asked", "st", {"S": "active"}, "were edited"),
        ("sub_asked", "plan", {"S": "price_free"}, "were edited"),
        ("sub_asked", "fa", None, "neither an event nor an answer"),
        ("sub_asked", "ovr", {"M": FOREIGN}, "by eve that is in no log"),
        ("sub_corrected", "ovr.until", {"N": str(NOW + 9_999_999)}, "differs from"),
        ("sub_corrected", "ovr", None, "in force but not on the row"),
    ],
)
def test_a_direct_write_is_found(
    stage: Stage, name: str, path: str, value: dict[str, Any] | None, says: str
) -> None:
    stage.edit(name, path, value)
    ((where, what),) = stage.found()
    assert where == name
    assert says in what


def test_a_state_forged_together_with_its_fingerprint_is_found_by_its_event(stage: Stage) -> None:
    row = stage.desk.projection.read(IDENTITY, TEAM)
    assert row is not None
    assert row.subscription is not None
    forged = replace(row.subscription, status=Status.TRIALING)
    stage.edit(TEAM, "st", {"S": forged.status.value})
    stage.edit(TEAM, "fp", {"S": forged.fingerprint})
    ((_, what),) = stage.found()
    assert "says something else" in what


def test_an_overlay_put_back_after_it_was_lifted_is_found(stage: Stage) -> None:
    old = stage.desk.projection.read(IDENTITY, "sub_corrected")
    assert old is not None
    item = next(i for i in stage.desk.projection.everything() if "ovr" in i)
    stage.correct("sub_corrected", at=NOW + 1, lift=True)
    stage.edit("sub_corrected", "ovr", item["ovr"])
    ((_, what),) = stage.found()
    assert "which a later one replaced" in what


def test_the_command_says_so_and_fails(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(billing_desk, "stage_desk", lambda *_: stage.desk)
    line = ["billing", "corrections", "verify", "--stage", "test", "--region", "us-east-1"]
    assert run(line) == OK
    assert "every row follows" in capsys.readouterr().out
    stage.edit(TEAM, "st", {"S": "past_due"})
    assert run([*line, "--json"]) == FAILED_CHECK
    (found,) = json.loads(capsys.readouterr().out)
    assert found["subscription"] == TEAM
