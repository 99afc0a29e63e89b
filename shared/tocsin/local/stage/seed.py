"""Fills the secrets that a deployment leaves empty, for the local stage only.

In AWS a person puts the provider's own values there. Here they are drawn once per cloud and kept
in its state folder, readable by its owner alone, so that a second `up` does not change a secret
under a sandbox that already signs with it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any

from tocsin.adapters.people.stores import DynamoContacts
from tocsin.application.people.contacts import responders
from tocsin.incidents.vocabulary import WayKind
from tocsin.local.sandbox import catalogue
from tocsin.local.sandbox.defaults import (
    ACCOUNT,
    DEFAULT_API_KEY,
    RAZORPAY_ACCOUNT,
    RAZORPAY_KEY_ID,
)
from tocsin.people.ways import Way, WayState
from tocsin.policy.compiled.policies import default
from tocsin.runtime.clock import wall_clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tocsin.local.look.clients import Clients

STRIPE = "stripe/default"
RAZORPAY = "razorpay/default"

_MAIL_DOMAINS = ("mail-from.invalid", "tocsin.example")


def values(kept: Path) -> Mapping[str, dict[str, Any]]:
    """The secrets' documents by name; drawn on first use."""
    drawn = {
        "registrations": _registrations(),
        "provider-keys": _provider_keys(),
        "delivery-keys": _delivery_keys(),
        "github-webhooks": {"secrets": [{"secret": secrets.token_urlsafe(24), "not_after": None}]},
    }
    if kept.is_file():
        found: dict[str, dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8"))
        if found.keys() >= drawn.keys():
            return found
        drawn |= found
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(drawn, indent=2), encoding="utf-8")
    return drawn


def put(clients: Clients, name: str, document: Mapping[str, Any]) -> str:
    """Writes a secret's document, unless it is there already; the text it holds."""
    text = json.dumps(document, sort_keys=True)
    if clients.secrets.get_secret_value(SecretId=name).get("SecretString") != text:
        clients.secrets.put_secret_value(SecretId=name, SecretString=text)
    return text


def contacts(clients: Clients, table: str) -> int:
    """Gives everybody of the shipped roster a telephone and a mailbox that nobody has.

    Only who has no way yet; how many ways were made.
    """
    store, now = DynamoContacts(clients.tables, table), wall_clock().wall_now()
    made = 0
    for number, person in enumerate(responders(default())):
        if store.ways(person):
            continue
        for kind, address in (
            (WayKind.SMS, f"+120255501{number:02d}"),
            (WayKind.MAIL, f"{person}@tocsin.example"),
        ):
            store.put(
                Way(
                    person=person,
                    id=f"local{kind}{number}",
                    kind=kind,
                    address=address,
                    state=WayState.CONFIRMED,
                    added_at=now,
                    confirmed_at=now,
                )
            )
            made += 1
    return made


def mail_identities(clients: Clients) -> None:
    """Lets mail leave: sender and recipients have to be verified here as in a fresh account."""
    for domain in _MAIL_DOMAINS:
        with contextlib.suppress(clients.sesv2.exceptions.AlreadyExistsException):
            clients.sesv2.create_email_identity(EmailIdentity=domain)


def signing_secrets(registrations: Mapping[str, Any]) -> Mapping[str, str]:
    """The secret each endpoint's deliveries are signed with, by `<provider>/<endpoint>`."""
    return {
        name: entry["secrets"][0]["secret"] for name, entry in registrations.items() if "/" in name
    }


def _registrations() -> dict[str, Any]:
    return {
        STRIPE: _registration(STRIPE, ACCOUNT, f"whsec_{secrets.token_urlsafe(24)}"),
        # Bodies of Razorpay always name an account, and samples name other people's.
        RAZORPAY: _registration(RAZORPAY, RAZORPAY_ACCOUNT, secrets.token_urlsafe(24))
        | {"any_account": True},
        "hash_key": secrets.token_hex(32),
    }


def _registration(name: str, account: str, secret: str) -> dict[str, Any]:
    provider, _, endpoint = name.partition("/")
    return {
        "provider": provider,
        "endpoint": endpoint,
        "account": account,
        "mode": "test",
        "connect": False,
        "secrets": [{"secret": secret, "not_after": None}],
    }


def _delivery_keys() -> dict[str, Any]:
    return {
        "current": "1",
        "keys": {"1": secrets.token_hex(32)},
        "webhooks": secrets.token_hex(32),
    }


def _provider_keys() -> dict[str, Any]:
    """Both accounts' keys, and a checkout policy over what the sandbox sells from the start."""
    return {
        "checkout": {
            "providers": {
                "stripe": {"account": ACCOUNT, "mode": "test"},
                "razorpay": {"account": RAZORPAY_ACCOUNT, "mode": "test"},
            },
            "plans": {
                catalogue.PLAN: {
                    "INR": {
                        "amount": catalogue.INR_AMOUNT,
                        "stripe": catalogue.STRIPE_INR,
                        "razorpay": catalogue.RAZORPAY_INR,
                    },
                    "USD": {"amount": catalogue.USD_AMOUNT, "stripe": catalogue.STRIPE_USD},
                }
            },
            "preferences": [{"order": ["stripe", "razorpay"]}],
        },
        STRIPE: {"account": ACCOUNT, "mode": "test", "api_key": DEFAULT_API_KEY},
        RAZORPAY: {
            "account": RAZORPAY_ACCOUNT,
            "mode": "test",
            "api_key": f"{RAZORPAY_KEY_ID}:{DEFAULT_API_KEY}",  # key id and key secret
        },
    }
