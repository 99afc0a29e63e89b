"""The billing providers there are, and what is known of each beyond its API.

Adding one is a line here, a folder `tocsin/providers/<name>/` and samples in `events/<name>/`:
`providers.registry` finds the folder by the name, and everything else goes by this table. Facts
only, each from the provider's own pages; what acts is in the folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from tocsin.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider. `name` is in stored keys and routes and never changes; `title` is for people.

    Attributes:
        api_base: where it is asked, unless a stage says otherwise.
        status_page: where it says itself how it is.
        per_second: requests a second that background work may make on one account.
        reaches: days back that it lists its events, or sends them again where it lists none.
        lists_events: the folder has `listing`; without, its objects have to be asked for.
        sells: the folder has `checkout`.
        tells_end: its subscription says when it is to end; without, no end told is no "no".
        unsent: its words for subscriptions that it has sent no event about.
        by_hand: what a person does first where it lists no events, in this order; `{start}` and
            `{end}` are the window's.
    """

    name: str
    title: str
    api_base: str
    status_page: str
    per_second: int
    reaches: int
    lists_events: bool = True
    sells: bool = True
    tells_end: bool = True
    unsent: frozenset[str] = frozenset()
    by_hand: Mapping[str, str] = field(default_factory=dict)

    @property
    def warns_from(self) -> int:
        """Days left of its reach from which on people are warned: a third of it."""
        return -(-self.reaches // 3)


_ALL = (
    # docs.stripe.com/rate-limits: an account may ask 100 times a second live, 25 in test mode, and
    # by default 25 per kind of request, out of which customers are served too.
    # docs.stripe.com/api/events/list: 30 days.
    Provider(
        name="stripe",
        title="Stripe",
        api_base="https://api.stripe.com",
        status_page="https://status.stripe.com",
        per_second=20,
        reaches=30,
    ),
    # Razorpay publishes no rate and answers 429. razorpay.com/docs/webhooks/replay-events: 7 days.
    # razorpay.com/docs/payments/subscriptions/subscribe-to-webhooks: its first event is of the
    # first payment; none is sent when a subscription is made, nor when it expires unpaid.
    # razorpay.com/docs/api/payments/subscriptions/entity: nothing in it says that it is to end.
    Provider(
        name="razorpay",
        title="Razorpay",
        api_base="https://api.razorpay.com",
        status_page="https://status.razorpay.com",
        per_second=5,
        reaches=7,
        lists_events=False,
        tells_end=False,
        unsent=frozenset({"created", "expired"}),
        by_hand={
            "dashboard-replay": "Razorpay dashboard, Webhooks, Replay events: the window {start} to"
            " {end}, every endpoint. It reaches 7 days back, sends only what was not acknowledged,"
            " signs with the present secret, and may be run 5 times in 24 hours.",
            "dashboard-arrived": "Wait until what was queued there has arrived, then plan again:"
            " the list of what cannot be recovered is shorter by it.",
            "ask-support": "For a window that begins more than 7 days ago: ask Razorpay's support"
            " to send the rest again.",
        },
    ),
)
PROVIDERS: Mapping[str, Provider] = MappingProxyType({each.name: each for each in _ALL})
DEFAULT = next(iter(PROVIDERS))
"""Who is meant where nobody says which."""


def provider(name: str) -> Provider:
    """The provider of that name.

    Raises:
        UnknownName: there is none; the message lists those there are.
    """
    try:
        return PROVIDERS[name]
    except KeyError:
        known = ", ".join(PROVIDERS)
        raise UnknownName(
            f"no billing provider is called {name[:64]!r}; known: {known}", kind="billing provider"
        ) from None
