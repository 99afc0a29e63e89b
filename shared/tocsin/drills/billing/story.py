"""The second half of the demo: a provider that repeats and reorders, and a forger."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import key_of
from tocsin.drills.billing import checks, forgery
from tocsin.drills.billing.checks import Projected
from tocsin.drills.scenario import Step
from tocsin.drills.stage import fingerprint, wait_until
from tocsin.errors import Unavailable
from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.defaults import ACCOUNT, DEFAULT_API_KEY, ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tocsin.drills.checks import Check
    from tocsin.drills.levers import Levers
    from tocsin.drills.scenario import Watcher
    from tocsin.drills.stage import Stage
    from tocsin.local.sandbox.clients.official import ProviderTruth
    from tocsin.local.sandbox.clients.stripe import SandboxClient

ENDPOINT: Final = ENDPOINTS["stripe"]
"""The stage's own: what a drill makes comes once, and the stage goes on hearing after it."""
IDENTITY: Final = Identity("stripe", ACCOUNT, "test")
EVENTS: Final = 200
RESENT: Final = 20
SETTLE_SECONDS: Final = 15.0
SEND_SECONDS: Final = 90.0
CARD: Final = "pm_card_visa"


@dataclass(slots=True)
class BillingStory:
    """What happened so far. `run` labels this run's customers and workspaces."""

    stage: Stage
    levers: Levers
    watcher: Watcher
    run: str
    made: list[dict[str, Any]] = field(default_factory=list)
    began_at: int = 0

    def steps(self) -> list[Step]:
        """From the first webhook to the last forgery."""
        again = (checks.LEDGER_UNTOUCHED, checks.PROJECTION_UNTOUCHED)
        sent = (checks.DISORDERED, checks.ACCEPTED, checks.EACH_ONCE)
        return [
            Step("the provider sends 200 events, in disorder", sent, self._send),
            Step("the projection is compared with the provider", (checks.EQUAL,), self._compare),
            Step("known events come again", again, self._repeat),
            Step("a subscription's first event comes last", (checks.STALE,), self._come_late),
            Step("somebody forges webhooks", (checks.FORGED, checks.NOT_STORED), self._forge),
        ]

    @property
    def sandbox(self) -> SandboxClient:
        return self.stage.sandbox

    @property
    def _webhook(self) -> str:
        return f"{self.stage.outputs['webhook_url']}/stripe"

    @property
    def ids(self) -> list[str]:
        return [str(event["id"]) for event in self.made]

    def _send(self) -> Iterator[Check]:
        sandbox = self.sandbox
        self.listen(sandbox)
        known = {event["id"] for event in sandbox.events()}
        self.levers.misbehave(sandbox)
        self.began_at = sandbox.now() - 100
        told = sandbox.tell(
            seed=len(known) + 1,
            start=self.began_at,
            until=self.began_at + 80,
            events=EVENTS,
            label=self.run,
        )
        self.made = [event for event in sandbox.events() if event["id"] not in known]
        self.watcher.tell(
            f"{told.events} events on {len(told.subscriptions)} subscriptions;"
            f" {told.ties} changes share their second with another of the same subscription"
        )
        self.drain(sandbox)
        sandbox.lift()
        sent = sandbox.sent()
        yield checks.disordered(sent, self.ids)
        yield checks.accepted(sent, self.ids)
        yield checks.each_once((sk for _, sk in self.stored(self.made)), self.ids)

    def _compare(self) -> Iterator[Check]:
        """What is still on its way could make rows equal for a moment and other ones after it."""
        self._has_projected()
        truth = self.truth()
        wait_until(lambda: not checks.differences(truth, self.rows(truth)), seconds=SETTLE_SECONDS)
        yield checks.equal(truth, self.rows(truth))
        calls = [call for call in self.sandbox.calls() if "/v1/subscriptions/" in call["path"]]
        self.watcher.tell(f"the provider was asked {len(calls)} times for a single subscription")

    def _repeat(self) -> Iterator[Check]:
        sandbox, truth = self.sandbox, self.truth()
        again = self.made[:: max(1, len(self.made) // RESENT)]
        ledger, rows = self.stored(self.made), self.rows(truth)
        seen = len(sandbox.sent())
        for event in again:
            sandbox.resend(event["id"], ENDPOINT)
        self.drain(sandbox)
        yield checks.ledger_untouched(
            fingerprint(ledger), fingerprint(self.stored(self.made)), sandbox.sent()[seen:]
        )
        self._fence()
        yield checks.projection_untouched(rows, self.rows(truth))

    def _come_late(self) -> Iterator[Check]:
        """Its creation is kept back, and lifted when a later change is long projected."""
        sandbox, now = self.sandbox, self.sandbox.now()
        order = sandbox.order("withhold", types=["customer.subscription.created"], count=1)
        try:
            sandbox.freeze(now - 60)
            subscription = self.subscribe()
            sandbox.freeze(now - 30)
            self.sdk().v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
        finally:
            sandbox.run()
        real = self.truth()[subscription]
        wait_until(
            lambda: not checks.differences({subscription: real}, self.rows([subscription])),
            seconds=SETTLE_SECONDS,
        )
        before = self.rows([subscription]).get(subscription)
        sandbox.lift(order)
        self.drain(sandbox)
        self._fence()
        yield checks.stale(real, before, self.rows([subscription]).get(subscription))

    def _forge(self) -> Iterator[Check]:
        secret = str(self.stage.outputs["secrets"]["stripe/default"])
        attempts = forgery.attempts(self.sandbox.events(), secret, run=self.run)
        answers = {one.name: forgery.send(self._webhook, one) for one in attempts}
        yield checks.forged(answers, forgery.REFUSED)
        yield checks.not_stored(self.stored([one.event for one in attempts]))

    def _fence(self) -> None:
        """Waits until a brand-new subscription is projected, so all that came before it was too.

        Raises:
            Unavailable: it never was.
        """
        if not self._has_projected():
            raise Unavailable("a new subscription was not projected")

    def _has_projected(self) -> bool:
        subscription = self.subscribe()
        self.drain(self.sandbox)
        return wait_until(lambda: bool(self.rows([subscription])), seconds=SETTLE_SECONDS)

    def subscribe(self) -> str:
        """A new subscription of this run's workspaces; its id."""
        sdk = self.sdk()
        price = self.made_price()
        customer = sdk.v1.customers.create({"invoice_settings": {"default_payment_method": CARD}})
        made = sdk.v1.subscriptions.create(
            {
                "customer": customer.id,
                "items": [{"price": price}],
                "metadata": {"workspace_id": f"ws-{self.run}-{customer.id[-6:]}"},
            }
        )
        return str(made.id)

    def made_price(self) -> str:
        """Any price of this run's story.

        Raises:
            Unavailable: the story made none.
        """
        for event in self.made:
            if event["type"] == "price.created":
                return str(event["data"]["object"]["id"])
        raise Unavailable("the provider sent nothing to go on with")

    def listen(self, sandbox: SandboxClient) -> None:
        sandbox.lift()
        sandbox.run()
        sandbox.put_endpoint(
            ENDPOINT,
            self._webhook,
            [self.levers.signing_secret(self.stage)],
            max_attempts=3,
            backoff_seconds=0.25,
            timeout_seconds=30.0,
        )

    def drain(self, sandbox: SandboxClient) -> None:
        bar = self.watcher.count("webhooks", len(self.made))
        try:
            deadline = time.monotonic() + SEND_SECONDS
            while sandbox.drain(0.5) and time.monotonic() < deadline:
                ids = set(self.ids)
                bar.at(len({one.event for one in sandbox.sent() if one.event in ids}))
        finally:
            bar.close()

    def sdk(self) -> Any:
        return official.client(self.stage.outputs["stripe_api_base"], DEFAULT_API_KEY)

    def truth(self) -> dict[str, ProviderTruth]:
        """Every subscription this run made, read with the official SDK."""
        found = official.subscriptions(self.sdk(), created_from=self.began_at)
        mine = f"ws-{self.run}-"
        return {one.id: one for one in found if (one.workspace or "").startswith(mine)}

    def stored(self, events: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
        """The ledger's items of these events, by key."""
        keys = [key_of(IDENTITY, event["id"], event["created"]) for event in events]
        return self.stage.get_many("billing_events", [(key.pk, key.sk) for key in keys])

    def rows(self, subscriptions: Collection[str]) -> dict[str, Projected]:
        """The projections that exist, by subscription."""
        keys = [(f"SUB#{IDENTITY}#{one}", "SUB") for one in subscriptions]
        items = self.stage.get_many("billing_subscriptions", keys)
        return {
            pk.rpartition("#")[2]: Projected(
                raw_status=str(item["raw"]),
                plan=str(item["plan"]),
                period_end=int(item["period_end"]) if item.get("period_end") else None,
                rev=int(item["rev"]),
            )
            for (pk, _), item in items.items()
            if "raw" in item
        }
