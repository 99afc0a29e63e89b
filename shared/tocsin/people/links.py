"""Links that act for the person they were sent to: signed, short-lived, bound to one state.

A token is `<action><handle><seal>`: the handle finds the record that was written when the message
was, the seal is an HMAC over that record and the action. So a text message has room for it, and
neither a changed token nor a changed record is worth anything. That a link works once is not kept
here: the command it becomes carries the link's own id, and the transaction that makes the command
true refuses that id a second time.

Links live in real time, which nobody moves.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.errors import SecretUnavailable
from tocsin.incidents.timeline.entry import Json, canonical_json, format_time
from tocsin.people.errors import LinkInvalid

PAGE_LIFE = timedelta(hours=24)

MAIL_LIFE = timedelta(days=6)

"""Shorter than a command id is remembered (7 days), or a used link could be used again."""

HANDLE, SEAL = 10, 13

BY_HAND = -1
"""The step, or one below it, of whoever was asked for by a person and by no step of the ladder."""

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz234567")


BUNDLE = "b"
"""The first letter of the token of a list."""


class LinkAction(StrEnum):
    """What a link does; the value is the first letter of its tokens."""

    ACKNOWLEDGE = "a"
    ESCALATE = "e"
    HAND_OVER = "h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What one message's links are bound to: person, incident, and how far paging had come.

    For who was asked for by hand the first link says that they are on it, the second that they
    cannot.

    `kid` names the key that seals them. `expires_at` is real time.
    """

    handle: str
    kid: str
    incident: str
    person: str
    round: int
    step: int
    message_id: str
    expires_at: datetime

    @property
    def by_hand(self) -> bool:
        return self.step <= BY_HAND

    def command_id(self, action: LinkAction) -> str:
        """The id of the one command that this link may become."""
        return f"link:{self.handle}:{action}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """One message of a bundle, and what its own links are bound to; None: it asks for nothing."""

    incident: str
    message_id: str
    link: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The list behind one text that stands for many, the worst first.

    It is for one person; what is done from it is done by the links of its members.
    """

    handle: str
    kid: str
    person: str
    message_id: str
    expires_at: datetime
    members: tuple[Bundled, ...]


@dataclass(frozen=True, slots=True)
class Keyring:
    """The sealing keys; `current` is used for new links, the others until theirs expired."""

    current: str
    keys: Mapping[str, bytes]


def handle_of(message_id: str) -> str:
    """The handle of a message's links: the same for every attempt to send it."""
    return _text(hashlib.sha256(message_id.encode()).digest(), HANDLE)


def token(link: Link, action: LinkAction, ring: Keyring) -> str:
    """The token of one action.

    Raises:
        LinkInvalid: the key that sealed it is no longer in the ring.
    """
    return f"{action}{link.handle}{seal_of(link, action, ring)}"


def keyring(document: Mapping[str, object]) -> Keyring:
    """The ring of the secret `delivery-keys`: `{"current": "1", "keys": {"1": "<hex>"}}`.

    Raises:
        SecretUnavailable: it holds no key yet, or one shorter than 32 bytes.
    """
    current, keys = document.get("current"), document.get("keys")
    if not isinstance(current, str) or not isinstance(keys, Mapping) or current not in keys:
        raise SecretUnavailable("the secret with the delivery keys is not filled")
    try:
        ring = {str(kid): bytes.fromhex(str(value)) for kid, value in keys.items()}
    except ValueError as error:
        raise SecretUnavailable("a delivery key is not hexadecimal") from error
    if any(len(value) < 32 for value in ring.values()):  # noqa: PLR2004 - bytes of SHA-256
        raise SecretUnavailable("a delivery key has fewer than 32 bytes")
    return Keyring(current, ring)


def link_base(document: Mapping[str, object]) -> str:
    """The address links begin with, from the same secret: `{"link_base": "https://…"}`.

    Raises:
        SecretUnavailable: nobody has said it yet.
    """
    base = document.get("link_base")
    if not isinstance(base, str) or not base.startswith(("https://", "http://127.0.0.1:")):
        raise SecretUnavailable("the secret does not say what links begin with")
    return base


def seal_of(link: Link, action: LinkAction, ring: Keyring) -> str:
    """The seal of a link, so that nobody can make one up."""
    return _sealed(
        link.kid,
        ring,
        {
            "v": 1,
            "use": "link",
            "action": str(action),
            "handle": link.handle,
            "kid": link.kid,
            "incident": link.incident,
            "person": link.person,
            "round": link.round,
            "step": link.step,
            "message_id": link.message_id,
            "expires_at": format_time(link.expires_at),
        },
    )


def seal_of_bundle(bundle: Bundle, ring: Keyring) -> str:
    """The seal of a list."""
    return _sealed(
        bundle.kid,
        ring,
        {
            "v": 1,
            "use": "bundle",
            "handle": bundle.handle,
            "kid": bundle.kid,
            "person": bundle.person,
            "message_id": bundle.message_id,
            "members": [one.message_id for one in bundle.members],
            "expires_at": format_time(bundle.expires_at),
        },
    )


def bundle_token(bundle: Bundle, ring: Keyring) -> str:
    """The token of a list.

    Raises:
        LinkInvalid: the key that sealed it is no longer in the ring.
    """
    return f"{BUNDLE}{bundle.handle}{seal_of_bundle(bundle, ring)}"


def counted_as(address: str, ring: Keyring) -> str:
    """What an address is counted by: nothing from which it can be found again without the key."""
    return _text(hmac.digest(ring.keys[ring.current], f"counted:{address}".encode(), "sha256"), 26)


def _sealed(kid: str, ring: Keyring, what: Mapping[str, Json]) -> str:
    if (secret := ring.keys.get(kid)) is None:
        raise LinkInvalid("the key of this link was taken away")
    return _text(hmac.digest(secret, canonical_json(dict(what)), "sha256"), SEAL)


def _text(digest: bytes, length: int) -> str:
    """Lower case letters and digits: a telephone cuts other signs off the end of a link."""
    return base64.b32encode(digest).decode().lower()[:length]
