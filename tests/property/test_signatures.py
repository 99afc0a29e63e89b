"""The providers' SDKs as oracles: agree everywhere but where the difference is meant and named."""

from __future__ import annotations

import hmac

import razorpay
import stripe
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.errors import SignatureInvalid, TimestampOutOfTolerance
from tocsin.providers.razorpay import signature as ours_razorpay
from tocsin.providers.stripe import signature as ours_stripe

SECRET = "whsec_oracle"
NOW = 1_790_000_000

bodies = st.binary(max_size=200)
texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=200)


def ours_accepts(header: str, body: bytes, *, now: int = NOW) -> bool:
    try:
        ours_stripe.verify(header, body, secrets=[SECRET.encode()], now=now)
    except (SignatureInvalid, TimestampOutOfTolerance):
        return False
    return True


def stripe_accepts(header: str, body: str) -> bool:
    """Stripe's own check; its clock is not an argument, so the tolerance is left out."""
    try:
        stripe.WebhookSignature.verify_header(body, header, SECRET, tolerance=None)
    except stripe.SignatureVerificationError:
        return False
    return True


def sign(body: bytes, at: str = str(NOW)) -> str:
    return hmac.new(SECRET.encode(), at.encode() + b"." + body, "sha256").hexdigest()


@st.composite
def ascii_headers(draw: st.DrawFn) -> tuple[str, str]:
    """A body and a header around its signature, right or wrong in a way that may matter."""
    body = draw(texts)
    good = sign(body.encode())
    parts = draw(
        st.lists(
            st.sampled_from(
                [
                    *(f"v1={each}" for each in (good, "0" * 64, good[:-1], good.upper(), "")),
                    *(f"v0={good}", f" v1={good}", "x=y", ""),
                ]
            ),
            max_size=6,
        )
    )
    return body, ",".join([f"t={NOW}", *parts])


@given(ascii_headers())
def test_stripe_sdk_and_we_agree_on_every_ascii_header_with_a_plain_time(
    case: tuple[str, str],
) -> None:
    body, header = case
    assert ours_accepts(header, body.encode()) == stripe_accepts(header, body)


@given(bodies, st.integers(0, 10**12 - 1))
def test_what_we_sign_for_any_second_only_passes_near_it(body: bytes, second: int) -> None:
    header = f"t={second},v1={sign(body, str(second))}"
    assert ours_accepts(header, body, now=second)
    assert ours_accepts(header, body, now=second + 300)
    assert not ours_accepts(header, body, now=second + 301)
    assert not ours_accepts(header, body, now=second - 301)


@given(bodies.filter(len), st.data())
def test_no_flipped_bit_passes(body: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(body) - 1))
    bit = data.draw(st.integers(0, 7))
    altered = bytearray(body)
    altered[position] ^= 1 << bit
    assert not ours_accepts(f"t={NOW},v1={sign(body)}", bytes(altered))


@given(st.text(max_size=400), bodies)
@example("t=1,v1=\udcff", b"")
@example("t=१७,v1=x", b"\xff")
def test_no_header_does_anything_but_be_refused(header: str, body: bytes) -> None:
    assert not ours_accepts(header, body)


# The differences, each meant. If an SDK changes one, its test says so.


def test_difference_the_sdk_lets_the_future_pass() -> None:
    late = NOW + 3600
    header = f"t={late},v1={sign(b'{}', str(late))}"
    assert stripe_accepts(header, "{}")
    assert not ours_accepts(header, b"{}")


def test_difference_the_sdk_breaks_on_a_signature_that_is_no_ascii() -> None:
    header = f"t={NOW},v1=é"
    try:
        stripe_accepts(header, "{}")
    except TypeError:
        pass
    else:  # pragma: no cover - the SDK has learnt it
        raise AssertionError("the SDK refuses it properly now")
    assert not ours_accepts(header, b"{}")


def test_difference_the_sdk_reads_times_that_are_no_plain_number() -> None:
    odd = f"+{NOW}"
    header = f"t={odd},v1={sign(b'{}', str(NOW))}"
    assert stripe_accepts(header, "{}")
    assert not ours_accepts(header, b"{}")


def test_difference_the_sdk_takes_the_first_of_two_times() -> None:
    header = f"t={NOW},t=1,v1={sign(b'{}')}"
    assert stripe_accepts(header, "{}")
    assert not ours_accepts(header, b"{}")


def test_difference_the_sdk_stops_reading_a_signature_at_an_equals_sign() -> None:
    header = f"t={NOW},v1={sign(b'{}')}=x"
    assert stripe_accepts(header, "{}")
    assert not ours_accepts(header, b"{}")


@given(texts, st.sampled_from(["good", "upper", "cut", "other", "empty"]))
def test_razorpay_sdk_and_we_agree_on_every_ascii_header(body: str, kind: str) -> None:
    good = hmac.new(b"rzp_secret", body.encode(), "sha256").hexdigest()
    header = {
        "good": good,
        "upper": good.upper(),
        "cut": good[:-1],
        "other": "0" * 64,
        "empty": "",
    }[kind]
    try:
        razorpay.Utility().verify_webhook_signature(body, header, "rzp_secret")
        theirs = True
    except razorpay.errors.SignatureVerificationError:
        theirs = False
    try:
        ours_razorpay.verify(header, body.encode(), secrets=[b"rzp_secret"])
        mine = True
    except SignatureInvalid:
        mine = False
    assert mine == theirs
