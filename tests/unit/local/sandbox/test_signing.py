"""The sandbox's signatures against the provider's own verifier and its published vectors."""

from __future__ import annotations

import json
import time

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from tocsin.local.sandbox.delivery.signing import signature_header

BODY = b'{"id":"evt_test","object":"event"}'


def test_the_known_vector_comes_out_to_the_letter() -> None:
    assert signature_header(BODY, ["whsec_test_secret"], at=1_700_000_000) == (
        "t=1700000000,v1=8042376f6ca064adbe037642a718227dfd59047137eb49497a54c49eb0cfb724"
    )


def test_a_body_outside_ascii_is_signed_as_its_bytes() -> None:
    header = signature_header('{"n": "Zoë ₹"}'.encode(), ["whsec_test_secret"], at=1_700_000_000)
    assert header.endswith("298cac7a08603b5c2979b272c0703db7771fab7a57a216f8c34226cb9a191881")


@given(st.text(max_size=60), st.text("abcdef0123456789", min_size=4, max_size=30))
def test_the_official_sdk_accepts_what_the_sandbox_signs(text: str, tail: str) -> None:
    body = b'{"object":"event","id":' + json.dumps(text).encode() + b"}"
    header = signature_header(body, [f"whsec_{tail}"], at=int(time.time()))
    event = stripe.Webhook.construct_event(body, header, f"whsec_{tail}")
    assert event.id == text


def test_the_official_sdk_refuses_another_secret_an_old_time_and_a_changed_byte() -> None:
    now = int(time.time())
    good = signature_header(BODY, ["whsec_right"], at=now)
    stripe.Webhook.construct_event(BODY, good, "whsec_right")
    late = signature_header(BODY, ["whsec_right"], at=now - 301)
    for body, header, secret in (
        (BODY, good, "whsec_wrong"),
        (BODY, late, "whsec_right"),
        (BODY.replace(b"evt", b"evu"), good, "whsec_right"),
    ):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, header, secret)


def test_during_a_secret_roll_one_header_satisfies_both_secrets() -> None:
    header = signature_header(BODY, ["whsec_old", "whsec_new"], at=int(time.time()))
    assert header.count("v1=") == 2
    for secret in ("whsec_old", "whsec_new"):
        stripe.Webhook.construct_event(BODY, header, secret)
