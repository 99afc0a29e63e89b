"""One SMS and one subject line, whatever a source writes into a title."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.documents.fitting import (
    SMS_SEPTETS,
    SUBJECT_LENGTH,
    ascii_line,
    fit_sms,
    fit_subject,
    one_line,
    septets,
)

BEFORE = "[DRILL] [CRITICAL] DRL-01M20N32R0000G40R40M30E209"
AFTER = "- ACK by Tue 8 Sep 17:50 UTC-03:00"


@given(st.text(max_size=400))
def test_an_sms_is_one_sms_and_keeps_all_but_the_symptom(symptom: str) -> None:
    text = fit_sms(BEFORE, symptom, AFTER)
    assert septets(text) <= SMS_SEPTETS
    assert text.isascii()
    assert text.startswith(BEFORE)
    assert text.endswith(AFTER)


@given(st.text(max_size=400))
def test_a_subject_is_one_short_line_and_keeps_all_but_the_title(title: str) -> None:
    subject = fit_subject(BEFORE, title, AFTER)
    assert len(subject) <= SUBJECT_LENGTH < 100
    assert subject.isprintable()
    assert subject.startswith(BEFORE)
    assert subject.endswith(AFTER)


def test_what_fits_is_not_cut() -> None:
    assert fit_subject("[HIGH] INC-1", "checkout 5xx 12%", "- ACK by 02:29 EDT") == (
        "[HIGH] INC-1 checkout 5xx 12% - ACK by 02:29 EDT"
    )


def test_what_is_cut_says_so() -> None:
    assert fit_subject(BEFORE, "x" * 200, AFTER).count("x...") == 1
    assert fit_sms(BEFORE, "[" * 200, AFTER).count("[...") == 1


def test_line_breaks_and_control_characters_become_spaces() -> None:
    assert one_line("a\r\nBcc: x\t\x00b") == "a Bcc: x b"


def test_accents_are_dropped_and_what_has_no_plain_letter_is_marked() -> None:
    assert ascii_line("Prüfung café 支払い") == "Prufung cafe ???"


def test_brackets_take_two_places_of_an_sms() -> None:
    assert septets("[HIGH]") == 8
