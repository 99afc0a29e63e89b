"""Whose event it is, and which secrets may say so.

An event's account and mode come from the webhook registration whose secret verified its bytes,
never from its body: anybody can write `livemode` into JSON. The body may only contradict, but for a
live Connect endpoint: what it verified may be of the test mode of a connected account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tocsin.errors import RegistrationMismatch, SecretUnavailable, UnknownRegistration

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES = ("live", "test")
_OBJECT_ID = re.compile(r"[\x21\x22\x24-\x7e]{1,255}")
"""Visible ASCII without `#`, which parts our keys; no longer than an event's id may be."""

_ACCOUNT = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True)
class Identity:
    """The first three parts of every billing key.

    `account` is `<account>` or, for an event of a connected account, `<platform>/<account>`.
    """

    provider: str
    account: str
    mode: str

    def __str__(self) -> str:
        return f"{self.provider}#{self.account}#{self.mode}"

    @property
    def connected_account(self) -> str | None:
        """The account on whose behalf the platform acts, if the event is one of Connect's."""
        _, slash, connected = self.account.partition("/")
        return connected if slash else None

    @classmethod
    def parse(cls, text: str) -> Identity:
        """The inverse of `str()`.

        Raises:
            ValueError: if the text has not exactly three parts.
        """
        provider, account, mode = text.split("#")
        return cls(provider, account, mode)


def placed(text: str) -> tuple[Identity, str]:
    """What is written `<identity>#<id>`, taken apart; the id is foreign and may hold anything.

    Raises:
        ValueError: there are not enough parts.
    """
    provider, account, mode, rest = text.split("#", 3)
    return Identity(provider, account, mode), rest


def is_object_id(text: str) -> bool:
    """Whether this can be a provider's id of an object: what keys are made of and asked for."""
    return _OBJECT_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """One secret; `not_after` in epoch seconds, None for as long as it is registered."""

    secret: bytes = field(repr=False)
    not_after: int | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """One webhook endpoint as registered at the provider.

    `any_account` accepts whatever account the body names without using it: for a sandbox that
    replays other people's samples, never for production.
    """

    provider: str
    endpoint: str
    account: str
    mode: str
    secrets: tuple[SigningSecret, ...]
    connect: bool = False
    any_account: bool = False

    def active_secrets(self, now: int) -> tuple[bytes, ...]:
        """Those still valid at `now` (epoch seconds). An empty secret is never active."""
        return tuple(
            each.secret
            for each in self.secrets
            if each.secret and (each.not_after is None or now <= each.not_after)
        )

    def identify(self, *, account: str | None, live: bool | None) -> Identity:
        """The event's identity, given what its verified body claims (None: claims nothing).

        Raises:
            RegistrationMismatch: the body is of the other mode, or of an account that this
                registration does not serve.
        """
        connected = self.connect and account not in {None, self.account}
        if self.mode == "live" and live is False and connected and not self.any_account:
            # A live Connect endpoint is sent the test events of its accounts too, and a refusal
            # counts as a failure (docs.stripe.com/connect/webhooks): they are filed apart.
            return replace(self, mode="test").identify(account=account, live=live)
        if live is not None and live != (self.mode == "live"):
            raise RegistrationMismatch("The body is of the other mode.", mode=self.mode)
        if account is None or account == self.account or self.any_account:
            return Identity(self.provider, self.account, self.mode)
        if not self.connect or not _ACCOUNT.fullmatch(account):
            raise RegistrationMismatch("The body is of another account.", account=self.account)
        return Identity(self.provider, f"{self.account}/{account}", self.mode)


class Registrations:
    """The registrations secret, read: `{"<provider>/<endpoint>": {...}, "hash_key": "..."}`.

    `hash_key` keys the pseudonyms that stand for personal data in stored bodies; without it such
    data is dropped.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Reads the document once.

        Raises:
            SecretUnavailable: an entry cannot be read; none of it is used then, so a typo in one
                secret cannot silently open or close an endpoint.
        """
        try:
            self._by_name = {
                name: _read(name, entry) for name, entry in document.items() if "/" in name
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"The webhook registrations cannot be read: {type(error).__name__}."
            raise SecretUnavailable(problem) from error
        hash_key = document.get("hash_key")
        self.hash_key = hash_key.encode() if isinstance(hash_key, str) and hash_key else None

    def named(self, provider: str, endpoint: str) -> Registration:
        """The registration of `/webhooks/<provider>/<endpoint>`.

        Raises:
            UnknownRegistration: there is none.
        """
        registration = self._by_name.get(f"{provider}/{endpoint}")
        if registration is None:
            raise UnknownRegistration
        return registration


def _read(name: str, entry: Mapping[str, Any]) -> Registration:
    provider, _, endpoint = name.partition("/")
    account, mode = entry["account"], entry["mode"]
    if mode not in MODES or not isinstance(account, str) or not account or "#" in account:
        raise ValueError(name)
    secrets = tuple(
        SigningSecret(each["secret"].strip().encode(), each.get("not_after"))
        for each in entry["secrets"]
    )
    return Registration(
        provider,
        endpoint,
        account,
        mode,
        secrets,
        connect=entry.get("connect") is True,
        any_account=entry.get("any_account") is True,
    )
