"""The checkout policy of the stage and the providers behind it, from one secret document.

Both are in the provider keys document: whom to ask, with which key, for which price. A part that
cannot be read stops checkout with a clear word and touches nothing else that reads the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from tocsin.billing.checkout.routing import CheckoutPolicy
from tocsin.billing.provider import PROVIDERS
from tocsin.errors import SecretUnavailable
from tocsin.providers.http.one import ProviderKeys
from tocsin.providers.registry import place
from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.ports.billing.checkout import CheckoutProvider


CHECKOUT = "tocsin.providers.*.checkout"
SELLERS = Registry(
    "seller",
    *(Entry(each.name, place(CHECKOUT, each.name)) for each in PROVIDERS.values() if each.sells),
)
"""Apart from the registry of providers: what is named there is bundled with every function that
hears of a provider, and only those that sell carry the SDKs."""


@dataclass(frozen=True, slots=True)
class SalesDocument:
    """The document, read: keys by identity, and the policy.

    `status_webhook`: where a hosted status page takes our public status, if there is one.
    """

    keys: ProviderKeys
    policy: CheckoutPolicy
    status_webhook: str | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> SalesDocument:
        """Without a policy nothing is sold. Raises `SecretUnavailable` for an unreadable part."""
        policy = document.get("checkout", {"providers": {}, "plans": {}, "preferences": []})
        hook = document.get("status_webhook")
        return cls(
            ProviderKeys.read(document),
            CheckoutPolicy.read(policy),
            hook if isinstance(hook, str) and hook else None,
        )


class DocumentSource(Protocol):
    """`runtime.aws.secrets.CachedSecret` over the provider keys secret."""

    def get(self) -> SalesDocument: ...


class ReadAgain(DocumentSource, Protocol):
    """The same, which can be read before its time."""

    def refreshed(self) -> SalesDocument | None:
        """Read anew, or None if that was done a moment ago."""
        ...


@dataclass(frozen=True, slots=True)
class Sales:
    """Implements `ports.billing.checkout.PolicySource`; `bases` are API base URLs by provider.

    `waited_for`: who asks is a person and no schedule.
    """

    document: ReadAgain
    bases: Mapping[str, str]
    waited_for: bool = False

    def policy(self) -> CheckoutPolicy:
        """The policy as it was read; for a person who waits read again while it sells nothing."""
        found = self.document.get()
        if self.waited_for and not found.policy.prices:
            found = self.document.refreshed() or found
        return found.policy

    def provider(self, name: str) -> CheckoutProvider:
        """Raises `SecretUnavailable` where no account of it is named, or no key of it is known."""
        found = self.document.get()
        identity = found.policy.accounts.get(name)
        if identity is None:
            raise SecretUnavailable(f"The checkout policy names no account of {name}.")
        key = found.keys.key_for(identity)
        if key is None:
            raise SecretUnavailable(f"There is no key for {identity}.")
        seller = SELLERS.module(name).seller
        return cast("CheckoutProvider", seller(key, self.bases[name], identity))
