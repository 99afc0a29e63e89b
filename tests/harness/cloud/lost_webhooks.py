"""A provider whose webhooks were lost for a while, and `tocsin replay` to get them back."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tocsin.adapters.evidence.s3 import S3Archive
from tocsin.cli import main
from tocsin.incidents.model.content import Stored
from tocsin.local.sandbox.clients.stripe import SandboxClient

if TYPE_CHECKING:
    import pytest

    from tests.harness.cloud.local_cloud import Deployed

IDENTITY = "stripe#acct_local#test"
EVENTS = 120
LOOKS, LOOKS_EVERY = 60, 5.0
"""How often somebody looks how far a replay is, and after how many seconds again."""


class Outage:
    """The sandbox as provider of a deployed Tocsin; times are epoch seconds."""

    def __init__(self, stage: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
        self.stage, self.capsys = stage, capsys
        self.sandbox = SandboxClient(stage.outputs["sandbox_url"])
        self.begins()

    def begins(self) -> None:
        """A new provider that knows nothing of an earlier one, with ten minutes behind it."""
        stage = self.stage
        self.sandbox.reset()
        self.sandbox.put_endpoint(
            "we_replay",
            f"{stage.outputs['webhook_url']}/stripe",
            [stage.outputs["secrets"]["stripe/default"]],
            max_attempts=2,
            backoff_seconds=0.2,
            timeout_seconds=30.0,
        )
        self.end = int(time.time()) - 60
        self.begin = self.end - 600

    def happens(self, lost: float) -> set[str]:
        """A history of which a share of the deliveries is dropped; the ids that were lost."""
        self.sandbox.order("drop", fraction=lost, seed=3)
        self.sandbox.tell(seed=8, start=self.begin, until=self.end - 1, events=EVENTS)
        self.all_delivered()
        self.sandbox.lift()
        return self.made() - self.stored()

    def all_delivered(self, *, minutes: int = 30) -> None:
        """Waits until every delivery has ended that no order holds back."""
        assert any(self.sandbox.drain(60) == 0 for _ in range(minutes)), "webhooks are stuck"

    def recovers(self, identity: str = IDENTITY) -> None:
        """Twelve looks at the provider within a quarter of an hour, all good."""
        for number in range(12):
            self.stage.clients.dynamodb.put_item(
                TableName=self.stage.outputs["tables"]["operations"],
                Item={
                    "PK": {"S": f"WATCH#{identity}"},
                    "SK": {"S": f"PROBE#{int(time.time()) - 60 * number:012d}"},
                    "ok": {"BOOL": True},
                },
            )

    def made(self) -> set[str]:
        return {str(event["id"]) for event in self.sandbox.events()}

    def ledger(self) -> list[tuple[str, str]]:
        """Of every item: the event's id, and the replay that inserted it, `""` for a webhook."""
        items = self.stage.items("billing_events")
        return [(each["SK"]["S"], each["rp"]["S"] if "rp" in each else "") for each in items]

    def stored(self, replay: str | None = None) -> set[str]:
        return {event for event, by in self.ledger() if replay in {None, by}}

    def undelivered(self) -> dict[str, set[str]]:
        """The sandbox's own books: what never got a 2xx, by why."""
        found: dict[str, set[str]] = {}
        for each in self.sandbox.undelivered():
            found.setdefault(str(each["why"]), set()).add(str(each["event"]))
        return found

    def wrong(self) -> dict[str, Any]:
        """Subscriptions whose projection is not what the provider says."""
        rows = {
            row["PK"]["S"].rsplit("#", 1)[-1]: row["raw"]["S"]
            for row in self.stage.items("billing_subscriptions")
            if "raw" in row
        }
        truth = {each["id"]: each["status"] for each in self.sandbox.truth()["subscriptions"]}
        assert truth
        return {name: rows.get(name) for name in truth if rows.get(name) != truth[name]}

    def replay(self, *words: str, code: int = 0) -> dict[str, Any]:
        self.capsys.readouterr()
        ended = main.run(["replay", *words, "--json"])
        shown = self.capsys.readouterr()
        assert ended == code, shown.err
        return dict(json.loads(shown.out if code == 0 else shown.err))

    def looked_at(self, replay: str) -> dict[str, Any]:
        """How far a replay is; a store that is busy for once is asked again."""
        for _ in range(LOOKS):
            self.capsys.readouterr()
            if main.run(["replay", "status", replay, "--json"]) == 0:
                return dict(json.loads(self.capsys.readouterr().out))
            time.sleep(LOOKS_EVERY)
        raise AssertionError(self.capsys.readouterr().err)

    def tell(self, *words: str) -> Any:
        """What a command of `tocsin` prints as JSON."""
        self.capsys.readouterr()
        ended = main.run([*words, "--json"])
        shown = self.capsys.readouterr()
        assert ended == 0, shown.err
        return json.loads(shown.out)

    def opens(self) -> str:
        """An incident that the replay belongs to; quiet, so that nobody has to be expected."""
        opened = self.tell(
            *("open", "Stripe was down", "--severity", "low", "--category", "operational")
        )
        return str(opened["id"])

    def proof(self, incident: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the incident's timeline says of the replay, and the report that it points to."""
        timeline = self.tell("incidents", "timeline", incident)
        (entry,) = [each for each in timeline if each["type"] == "replay_recorded"]
        said = entry["content"]
        archive = S3Archive(
            lambda: self.stage.clients.s3, bucket=self.stage.outputs["evidence_bucket"]
        )
        kept = archive.read(Stored(**said["evidence"]))
        return said, json.loads(kept)

    def window(self) -> list[str]:
        return [
            *("--account", "acct_local", "--mode", "test"),
            *("--from", f"{datetime.fromtimestamp(self.begin, UTC):%Y-%m-%dT%H:%M:%SZ}"),
            *("--to", f"{datetime.fromtimestamp(self.end, UTC):%Y-%m-%dT%H:%M:%SZ}"),
        ]
