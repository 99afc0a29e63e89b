"""Razorpay's verifier against its vector and against hostile input."""

from __future__ import annotations

import hmac

import pytest

from tocsin.errors import SignatureInvalid
from tocsin.providers.razorpay.signature import MAX_HEADER_BYTES, verify

SECRET = b"rzp_secret"
BODY = b'{"entity":"event","account_id":"acc_BFQ7uQEaa7j2z7","event":"payment.authorized"}'
GOOD = "0d334f6acc44eccc662b2e8463b9eb0fb5bda5f09858f99948ca96feca90d042"


def test_the_vector_passes() -> None:
    verify(GOOD, BODY, secrets=[SECRET])


def test_the_old_secret_passes_beside_the_new_one() -> None:
    verify(GOOD, BODY, secrets=[b"the_new_one", SECRET])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        GOOD.upper(),
        GOOD[:-1],
        GOOD + "0",
        f" {GOOD}",
        f"{GOOD}\n",
        "é" * 32,
        "\ud800",
        "\0",
        "0" * (MAX_HEADER_BYTES + 1),
    ],
)
def test_any_other_header_is_refused_and_never_breaks_it(header: str | None) -> None:
    with pytest.raises(SignatureInvalid):
        verify(header, BODY, secrets=[SECRET])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        BODY + b" ",
        BODY.replace(b":", b": "),
        BODY.replace(b"authorized", b"captured"),
        b"\xff" + BODY,
    ],
    ids=["none", "a-space", "re-serialised", "another-event", "no-text"],
)
def test_any_other_body_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify(GOOD, body, secrets=[SECRET])


def test_a_body_that_is_no_text_is_signed_like_any_other() -> None:
    body = b"\xff\xfe\x80"
    verify(hmac.new(SECRET, body, "sha256").hexdigest(), body, secrets=[SECRET])


@pytest.mark.parametrize("secrets", [[], [b""]], ids=["none", "empty"])
def test_no_secret_verifies_nothing(secrets: list[bytes]) -> None:
    with pytest.raises(SignatureInvalid):
        verify(hmac.new(b"", BODY, "sha256").hexdigest(), BODY, secrets=secrets)
