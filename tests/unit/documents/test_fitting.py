"""One SMS and one subject line, whatever a source writes into a title."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.documents.fitting import (
    SUBJECT_LENGTH,
    ascii_line,
    fit_sms,
    fit_subject,
    one_line,
    parts,
    septets,
    text_line,
    units,
)

BEFORE = "[DRILL] [CRITICAL] DRL-01M20N32R0000G40R40M30E209"
AFTER = "- ACK by Tue 8 Sep 17:50 UTC-03:00"


@given(st.text(max_size=400))
def test_a_text_message_has_three_parts_at_most_and_keeps_all_but_the_symptom(symptom: str) -> None:
    text = fit_sms(BEFORE, symptom, AFTER)
    assert parts(text) <= (1 if text.isascii() else 3)
    assert text.startswith(BEFORE)
    assert text.endswith(AFTER)


LINK = (
    "OVERDUE since Tue 8 Sep 17:50 EDT https://abcdefghij.execute-api.us-east-1.amazonaws.com/a/"
    + ("a" * 24)
)


def test_what_has_no_room_for_the_symptom_takes_one_part_more() -> None:
    before = BEFORE + " CONTAINMENT LOST 12:00 EDT (errors again), BACKUP, 12x:"
    text = fit_sms(before, "checkout is down for everybody in the east " * 9, LINK)
    assert (parts(text), text.isascii()) == (2, True)
    assert text.endswith(f"... {LINK}")
    assert "checkout is down" in text


def test_scripts_other_than_latin_arrive_as_they_are() -> None:
    for symptom in (
        "支払いができません",
        "Оплата не работает",
        "الدفع لا يعمل",
        "भुगतान नहीं हो रहा",
    ):
        text = fit_sms("CRITICAL INC-1", symptom, "ACK by 10:15 EDT https://example.com/a/b")
        assert symptom[:8] in text
        assert "?" not in text
        assert parts(text) == (1 if units(text) <= 70 else 2)
    long = fit_sms(BEFORE, "決済" * 90, LINK)
    assert (parts(long), long.endswith(LINK)) == (3, True)


def test_latin_letters_and_the_usual_signs_cost_no_second_alphabet() -> None:
    assert text_line("Größe \u2013 “łódź” → 5 µs…") == 'Grosse - "lodz" -> 5 us...'
    assert text_line("on fire 🔥") == "on fire ?"


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
