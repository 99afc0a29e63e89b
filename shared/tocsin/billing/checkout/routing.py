"""Which provider a checkout goes to, and which one stands in: policy, no judgement of health.

The stage's document names the plans, what each costs in each currency and under which id each
provider sells it. A provider can stand in only where it sells the same plan in the same currency:
a customer who was shown a price is never charged another one because a provider is down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.billing.errors import PlanNotSold
from tocsin.billing.identity import MODES, Identity
from tocsin.errors import SecretUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

_CURRENCY_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Price:
    """One plan in one currency; `amount` in the currency's smallest unit, a period's charge.

    `ids` is the provider's own id of it, by provider.
    """

    amount: int
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preference:
    """In what order to ask, for whom: an empty set is everybody. The first that fits counts."""

    order: tuple[str, ...]
    regions: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()

    def fits(self, *, region: str, currency: str, plan: str) -> bool:
        return all(
            not wanted or given in wanted
            for wanted, given in (
                (self.regions, region),
                (self.currencies, currency),
                (self.plans, plan),
            )
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be sold: whose account, under which of its ids, for how much."""

    identity: Identity
    price: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class CheckoutPolicy:
    """Accounts by provider, prices by (plan, currency), and who is preferred where."""

    accounts: Mapping[str, Identity]
    prices: Mapping[tuple[str, str], Price]
    preferences: tuple[Preference, ...]

    def offers(self, *, plan: str, currency: str, region: str) -> tuple[Offer, ...]:
        """Who can sell it, the preferred first.

        Providers that no preference names come last, in the document's order: money that can be
        taken is not refused because a list was left short.

        Raises:
            PlanNotSold: nobody sells that plan in that currency.
        """
        price = self.prices.get((plan, currency))
        if price is None or not price.ids:
            raise PlanNotSold(plan=plan[:64], currency=currency[:8])
        preferred: tuple[str, ...] = next(
            (
                each.order
                for each in self.preferences
                if each.fits(region=region, currency=currency, plan=plan)
            ),
            (),
        )
        order = dict.fromkeys((*preferred, *self.accounts))
        return tuple(
            Offer(self.accounts[name], price.ids[name], price.amount, currency)
            for name in order
            if name in price.ids
        )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> CheckoutPolicy:
        """From the part `checkout` of the provider keys document.

            {"providers": {"stripe": {"account": "acct_1", "mode": "live"}, ...},
             "plans": {"pro": {"USD": {"amount": 1900, "stripe": "price_1", ...}, ...}, ...},
             "preferences": [{"regions": ["IN"], "order": ["razorpay", "stripe"]}, ...]}

        Raises:
            SecretUnavailable: it cannot be read; none of it is used then, so that a typo in one
                price cannot silently take another provider's place.
        """
        try:
            accounts = {
                name: _account(name, entry) for name, entry in document["providers"].items()
            }
            prices = {
                (plan, currency): _price(currency, entry, accounts)
                for plan, by_currency in document["plans"].items()
                for currency, entry in by_currency.items()
            }
            preferences = tuple(_preference(each, accounts) for each in document["preferences"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            problem = f"The checkout policy cannot be read: {error!r}"
            raise SecretUnavailable(problem[:200]) from error
        return cls(accounts, prices, preferences)


def _account(name: str, entry: Mapping[str, str]) -> Identity:
    if entry["mode"] not in MODES or "#" in entry["account"]:
        raise ValueError(name)
    return Identity(name, entry["account"], entry["mode"])


def _price(currency: str, entry: Mapping[str, Any], accounts: Mapping[str, Identity]) -> Price:
    amount = entry["amount"]
    if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
        raise ValueError(f"amount {amount!r}")
    if len(currency) != _CURRENCY_LETTERS or not currency.isupper():
        raise ValueError(f"currency {currency!r}")
    ids = {name: value for name, value in entry.items() if name != "amount"}
    if unknown := ids.keys() - accounts.keys():
        raise ValueError(f"no account for {sorted(unknown)}")
    if not all(isinstance(value, str) and value for value in ids.values()):
        raise ValueError(f"ids {ids!r}")
    return Price(amount, ids)


def _preference(entry: Mapping[str, Any], accounts: Mapping[str, Identity]) -> Preference:
    order = tuple(entry["order"])
    if unknown := set(order) - accounts.keys():
        raise ValueError(f"no account for {sorted(unknown)}")
    return Preference(
        order,
        frozenset(entry.get("regions", ())),
        frozenset(entry.get("currencies", ())),
        frozenset(entry.get("plans", ())),
    )
