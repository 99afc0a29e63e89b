"""The provider's part: events, delivered until they are answered, and what became of them."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tocsin.local.sandbox.clients.stripe import SandboxClient

if TYPE_CHECKING:
    from tests.chaos.fire import Fire
    from tests.harness.cloud.local_cloud import Deployed

CHAPTER = 1_000
"""Events the sandbox is asked to make at once."""

TRIES, WAITS = 12, 0.1
"""How often a delivery is tried, and seconds before the second time; doubled each time."""

PATIENCE = 10.0
LOOKS_EVERY = 3.0
SPAN = 3_000
"""Seconds of the provider's time over which a history is spread."""

PROVIDER_FAULTS = ("error_500", "rate_limited", "lose_answer", "html_502")
"""What its API does to those who ask it."""


class Provider:
    """Stripe's sandbox, which delivers through the link and misbehaves by itself."""

    def __init__(self, stage: Deployed, fire: Fire, *, seed: int) -> None:
        self._stage, self._seed = stage, seed
        self._sandbox = SandboxClient(stage.outputs["sandbox_url"])
        self._sandbox.reset()
        base = stage.outputs["webhook_url"].replace(stage.clients.endpoint, fire.link)
        self._sandbox.put_endpoint(
            "we_chaos",
            f"{base}/stripe",
            [stage.outputs["secrets"]["stripe/default"]],
            max_attempts=TRIES,
            backoff_seconds=WAITS,
            timeout_seconds=PATIENCE,
        )

    def misbehaves(self, *, share: float) -> None:
        """Some deliveries come twice, all are mixed up; its API fails by that share each way."""
        self._sandbox.order("duplicate", seed=self._seed, fraction=0.05)
        self._sandbox.order("reorder", seed=self._seed, window=20)
        for number, kind in enumerate(PROVIDER_FAULTS):
            self._sandbox.begin_outage(kind, fraction=share, seed=self._seed + number)

    def tell(self, events: int) -> None:
        """Makes a history of so many events and starts to deliver it."""
        now = int(time.time())
        parts = max(1, events // CHAPTER)
        width = max(1, SPAN // parts)
        for part in range(parts):
            start = now - SPAN - 60 + part * width
            self._sandbox.tell(
                seed=self._seed + part,
                start=start,
                until=start + width - 1,
                events=events // parts,
                customers=40,
                label=f"part{part}",
            )

    def delivered(self, *, seconds: float) -> int:
        """How many deliveries are under way still when all is delivered or time is up."""
        deadline = time.monotonic() + seconds
        while (left := self._sandbox.drain(20)) and time.monotonic() < deadline:
            pass
        return left

    def recovers(self) -> dict[str, int]:
        """Behaves well from now on; how often it did not, by kind."""
        self._sandbox.lift()
        found: Counter[str] = Counter()
        for ended in self._sandbox.end_outages():
            found[f"provider_{ended['kind']}"] += int(ended["taken"])
        notes = Counter(note for sent in self._sandbox.sent() for note in set(sent.notes))
        return dict(found | Counter({f"provider_{name}": count for name, count in notes.items()}))

    def account(self, *, seconds: float) -> dict[str, int]:
        """What became of the events, once the projection has come to rest.

        `applied` are those that the projection shows, or that concern no subscription. An event is
        lost when it is not stored, or not applied; every further item of one is a double.
        """
        made = self._sandbox.events()
        wrong = self._at_rest(seconds)
        ledger = Counter(item["SK"]["S"] for item in self._stage.items("billing_events"))
        names = {str(each["id"]) for each in made}
        applied = {
            str(each["id"])
            for each in made
            if str(each["id"]) in ledger and _subscription(each) not in wrong
        }
        refused = {each["event"] for each in self._sandbox.undelivered()}
        return {
            "sent": len(names),
            "stored": len(names & ledger.keys()),
            "applied": len(applied),
            "lost": len(names - applied),
            "doubled": ledger.total() - len(ledger),
            "never_acknowledged": len(refused),
            "set_aside": sum(
                item["PK"]["S"].startswith("QUAR#") for item in self._stage.items("operations")
            ),
        }

    def _at_rest(self, seconds: float) -> set[str]:
        """What is wrong once nothing was put right for so long; looks rarely, for it reads all."""
        wrong, since = self._wrong(), time.monotonic()
        while wrong and time.monotonic() - since < seconds:
            time.sleep(LOOKS_EVERY)
            if (now := self._wrong()) != wrong:
                wrong, since = now, time.monotonic()
        return wrong

    def _wrong(self) -> set[str]:
        """Subscriptions of which the projection says something else than the provider."""
        rows = {
            row["PK"]["S"].rsplit("#", 1)[-1]: row["raw"]["S"]
            for row in self._stage.items("billing_subscriptions")
            if "raw" in row
        }
        truth = {each["id"]: each["status"] for each in self._sandbox.truth()["subscriptions"]}
        return {name for name, status in truth.items() if rows.get(name) != status}


def _subscription(event: dict[str, Any]) -> str:
    """The subscription that an event is about; empty for none."""
    found = event["data"]["object"]
    if found.get("object") == "subscription":
        return str(found["id"])
    parent = (found.get("parent") or {}).get("subscription_details") or {}
    return str(found.get("subscription") or parent.get("subscription") or "")
