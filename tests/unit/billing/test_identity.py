"""Whose event it is comes from the registration; the body may only contradict."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.billing.identity import Identity, Registrations
from tocsin.errors import RegistrationMismatch, SecretUnavailable, UnknownRegistration


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "provider": "stripe",
        "endpoint": "default",
        "account": "acct_house",
        "mode": "live",
        "connect": False,
        "secrets": [{"secret": "whsec_new", "not_after": None}],
        **changes,
    }


def only(**changes: Any) -> Registrations:
    return Registrations({"stripe/default": entry(**changes)})


def test_a_body_that_agrees_gets_the_registrations_identity() -> None:
    registration = only().named("stripe", "default")
    for account in (None, "acct_house"):
        for live in (None, True):
            identity = registration.identify(account=account, live=live)
            assert str(identity) == "stripe#acct_house#live"
            assert Identity.parse(str(identity)) == identity
            assert identity.connected_account is None


@pytest.mark.parametrize(
    ("account", "live"), [("acct_other", True), (None, False), ("acct_house", False), ("", True)]
)
def test_a_body_of_another_account_or_mode_is_refused(account: str | None, *, live: bool) -> None:
    with pytest.raises(RegistrationMismatch):
        only().named("stripe", "default").identify(account=account, live=live)


def test_a_connected_account_is_a_second_part_of_the_key() -> None:
    identity = only(connect=True).named("stripe", "default").identify(account="acct_x", live=True)
    assert str(identity) == "stripe#acct_house/acct_x#live"
    assert identity.connected_account == "acct_x"


def test_a_test_event_at_a_live_connect_endpoint_is_filed_apart() -> None:
    """docs.stripe.com/connect/webhooks: a live endpoint gets both, and is told by `livemode`."""
    registration = only(connect=True, mode="live").named("stripe", "default")
    identity = registration.identify(account="acct_x", live=False)
    assert str(identity) == "stripe#acct_house/acct_x#test"
    with pytest.raises(RegistrationMismatch):
        registration.identify(account=None, live=False)
    tests_only = only(connect=True, mode="test").named("stripe", "default")
    with pytest.raises(RegistrationMismatch):
        tests_only.identify(account="acct_x", live=True)
    with pytest.raises(RegistrationMismatch):
        registration.identify(account="a/b", live=False)


@pytest.mark.parametrize("account", ["acct#x", "a/b", "", "é", "x" * 65, "acct x"])
def test_a_connected_account_cannot_forge_a_key(account: str) -> None:
    with pytest.raises(RegistrationMismatch):
        only(connect=True).named("stripe", "default").identify(account=account, live=True)


def test_a_registration_for_samples_takes_any_account_and_uses_none() -> None:
    registration = only(any_account=True).named("stripe", "default")
    assert registration.identify(account="acct_x", live=True).account == "acct_house"
    with pytest.raises(RegistrationMismatch):
        registration.identify(account="acct_x", live=False)


def test_secrets_end_and_overlap() -> None:
    registration = only(
        secrets=[
            {"secret": "  old\n", "not_after": 1000},
            {"secret": "new", "not_after": None},
            {"secret": "", "not_after": None},
        ]
    ).named("stripe", "default")
    assert registration.active_secrets(1000) == (b"old", b"new")
    assert registration.active_secrets(1001) == (b"new",)


def test_what_is_not_registered_is_unknown() -> None:
    for provider, endpoint in (("stripe", "other"), ("razorpay", "default"), ("", "")):
        with pytest.raises(UnknownRegistration):
            only().named(provider, endpoint)


@pytest.mark.parametrize(
    "broken",
    [
        {"mode": "production"},
        {"account": ""},
        {"account": "a#b"},
        {"account": 5},
        {"secrets": None},
        {"secrets": [{}]},
        {"secrets": ["text"]},
        {"secrets": [{"secret": None}]},
    ],
)
def test_one_unreadable_entry_makes_the_document_unreadable(broken: dict[str, Any]) -> None:
    with pytest.raises(SecretUnavailable):
        only(**broken)


def test_secrets_do_not_show_in_a_repr() -> None:
    assert "whsec_new" not in repr(only().named("stripe", "default"))


def test_the_hash_key_is_no_registration() -> None:
    assert Registrations({"hash_key": "k"}).hash_key == b"k"
    assert Registrations({}).hash_key is None
