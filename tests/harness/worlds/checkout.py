"""A world of two providers that fail in every way, and a checkout over memory stores in front."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.time import VirtualWallClock
from tocsin.adapters.billing.checkout.memory import MemoryBreakers, MemoryIntents
from tocsin.application.billing.checkout.settle import Settled, settle
from tocsin.application.billing.checkout.start import Checkouts, Offered, Wish
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.intent import Found
from tocsin.billing.checkout.leg import PAGE_LIFE
from tocsin.billing.checkout.routing import CheckoutPolicy
from tocsin.errors import SecretUnavailable, StoreUnavailable
from tocsin.ports.billing.checkout import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.breaker import Phase
    from tocsin.billing.checkout.intent import Intent
    from tocsin.billing.checkout.leg import Leg
    from tocsin.billing.identity import Identity

POLICY = CheckoutPolicy.read(
    {
        "providers": {
            "stripe": {"account": "acct_1", "mode": "test"},
            "razorpay": {"account": "acc_1", "mode": "test"},
        },
        "plans": {
            "pro": {
                "INR": {"amount": 49_900, "stripe": "price_1", "razorpay": "plan_1"},
                "USD": {"amount": 1_900, "stripe": "price_2"},
            }
        },
        "preferences": [
            {"regions": ["IN"], "currencies": ["INR"], "order": ["razorpay", "stripe"]},
            {"order": ["stripe", "razorpay"]},
        ],
    }
)
MODES = ("up", "down", "refuses", "lost", "late", "garbled", "error")
"""`lost`: no answer and nothing made. `late`: no answer, made. `garbled`: made, rubbish answer.
`error`: a server error and nothing made, which Stripe keeps for the key."""
ERROR = Reply(Result.DOUBT, "http_500", http_status=500)
NOTHING_MADE = {
    "down": Reply(Result.FAILED, "connect"),
    "refuses": Reply(Result.REFUSED, "http_400", http_status=400),
    "lost": Reply(Result.DOUBT, "timeout"),
}
MADE_IN_DOUBT = {
    "late": Reply(Result.DOUBT, "timeout"),
    "garbled": Reply(Result.DOUBT, "unreadable", http_status=200),
}


@dataclass(slots=True)
class Session:
    """What exists at a provider: `open`, `expired`, `running` or `ended`."""

    key: str
    intent: str
    name: str
    made_at: int
    state: str = "open"


@dataclass(slots=True)
class ModelProvider:
    """A provider's truth; `lag` is how many seconds its list is behind, `empty` that it is empty.

    Stripe answers a key for a day with what it answered first, a server error too. Razorpay knows
    no keys, so that its adapter only looks for what an earlier call made.
    """

    name: str
    clock: VirtualWallClock
    mode: str = "up"
    readable: bool = True
    lag: int = 0
    empty: bool = False
    slow: int = 0
    expire_answers: bool = True
    looks: int = 0
    sessions: dict[str, Session] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    kept: dict[str, tuple[int, Reply | None]] = field(default_factory=dict)
    """By key: when it was first used, and the error that Stripe keeps for it."""

    @property
    def now(self) -> int:
        return int(self.clock.wall_now().timestamp())

    def create(self, intent: Intent, leg: Leg) -> Reply:
        self.calls.append(self.now)
        self.clock.advance(timedelta(seconds=self.slow))
        if self.name == "razorpay" and leg.doubted:
            return self._made_before(leg)
        if self.mode in {"lost", "late"}:
            self.clock.advance(timedelta(seconds=5))
        if self.mode in NOTHING_MADE:
            return NOTHING_MADE[self.mode]
        first, kept = self.kept.setdefault(leg.key, (self.now, None))
        assert self.now < first + PAGE_LIFE, "a key that means nothing any more: a second page"
        if kept is not None:
            return Reply(Result.UNKNOWN, "replayed", http_status=500)
        if self.mode == "error":
            self.kept[leg.key] = (first, ERROR if self.name == "stripe" else None)
            return ERROR
        made = self.sessions.setdefault(
            leg.key, Session(leg.key, intent.id, f"s_{self.name}_{leg.key[-40:]}", self.now)
        )
        page = Reply(Result.OFFERED, "", made.name, f"https://pay/{made.name}", 200)
        return MADE_IN_DOUBT.get(self.mode, page)

    def _made_before(self, leg: Leg) -> Reply:
        found = self.find(leg, "looking") if self.mode not in {"down", "lost"} else None
        if found is None or found.session is None or not found.payable:
            return Reply(Result.UNKNOWN, "not_known_yet")
        return Reply(Result.OFFERED, "", found.session, f"https://pay/{found.session}", 200)

    def find(self, leg: Leg, intent_id: str) -> Found | None:
        assert intent_id
        self.looks += 1
        self.clock.advance(timedelta(seconds=self.slow))
        if not self.readable:
            return None
        if self.empty and leg.session is None:
            return Found(None, listed=False)
        made = self.sessions.get(leg.key)
        if made is not None and made.state == "open" and self.now >= made.made_at + PAGE_LIFE:
            made.state = "expired"
        if made is None or (leg.session is None and self.now < made.made_at + self.lag):
            return Found(None)
        running = made.name if made.state == "running" else None
        return Found(made.name, payable=made.state == "open", subscription=running)

    def expire(self, leg: Leg) -> bool:
        made = self.sessions.get(leg.key)
        if not self.readable or made is None or made.state != "open":
            return False
        made.state = "expired"
        return self.expire_answers


class CrashingIntents(MemoryIntents):
    """Fails the next save on demand: `before` it is written, or `after` (the answer is lost)."""

    crash: str = ""

    def save(self, intent: Intent, attempt: Attempt | None = None) -> bool:
        crash, self.crash = self.crash, ""
        if crash == "before":
            raise StoreUnavailable
        saved = super().save(intent, attempt)
        if crash == "after":
            raise StoreUnavailable
        return saved


class CheckoutWorld:
    """Checkout as deployed, over what the test controls."""

    def __init__(
        self,
        policy: CheckoutPolicy = POLICY,
        *,
        clock: VirtualWallClock | None = None,
        note: Callable[[Any, Identity], None] | None = None,
    ) -> None:
        self.clock = clock or VirtualWallClock()
        self.intents, self.breakers = CrashingIntents(), MemoryBreakers()
        self.providers = {name: ModelProvider(name, self.clock) for name in policy.accounts}
        self.reached: Counter[str] = Counter()
        self.keyless: set[str] = set()
        self._policy = policy
        self.checkouts = Checkouts(
            intents=self.intents,
            breakers=self.breakers,
            policies=self,
            clock=self.clock,
            note=note or self._note,
        )

    def policy(self) -> CheckoutPolicy:
        return self._policy

    def provider(self, name: str) -> ModelProvider:
        if name in self.keyless:
            raise SecretUnavailable(f"There is no key for {name}.")
        return self.providers[name]

    @property
    def stripe(self) -> ModelProvider:
        return self.providers["stripe"]

    @property
    def razorpay(self) -> ModelProvider:
        return self.providers["razorpay"]

    @property
    def now(self) -> int:
        return int(self.clock.wall_now().timestamp())

    def pass_time(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def wish(self, key: str = "k1", **changes: Any) -> Wish:
        base = Wish(
            principal="shop",
            key=key,
            workspace=f"ws_{key}",
            plan="pro",
            currency="INR",
            region="US",
            success_url="https://app.example/ok",
            cancel_url="https://app.example/no",
        )
        return replace(base, **changes)

    def buy(self, key: str = "k1", **changes: Any) -> Offered:
        return self.checkouts.start(self.wish(key, **changes))

    def settle(self, *, after: tuple[int, str] | None = None) -> Settled:
        return settle(intents=self.intents, policies=self, clock=self.clock, after=after)

    def phase(self, name: str) -> Phase:
        return self.breakers.load(self._policy.accounts[name]).phase

    def pages(self) -> list[Session]:
        """All that can be paid or runs."""
        every = (page for each in self.providers.values() for page in each.sessions.values())
        return [
            page
            for page in every
            if page.state == "running"
            or (page.state == "open" and self.now < page.made_at + PAGE_LIFE)
        ]

    def running(self, intent_id: str) -> list[Session]:
        return [
            session
            for provider in self.providers.values()
            for session in provider.sessions.values()
            if session.intent == intent_id and session.state == "running"
        ]

    def _note(self, what: object, _identity: Identity) -> None:
        name = getattr(what, "phase", None) or getattr(what, "result", "")
        self.reached[str(name)] += 1
