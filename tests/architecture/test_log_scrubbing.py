"""Every line a function writes in any suite is looked at; here that the look sees something."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.harness import log_watch
from tocsin.runtime.watch import json_lines
from tocsin.runtime.watch.logging import Journal

if TYPE_CHECKING:
    from pathlib import Path

LEAKS = {
    "an address": "mail to kim@example.com failed",
    "a telephone number": "no answer from +4915112345678",
    "a secret of an endpoint": "whsec_4kBbT signed it",
    "a key of a provider": "sk_live_51Habc",
    "a key of AWS": "AKIAIOSFODNN7EXAMPLE",
    "a signature": "t=1,v1=" + "ab" * 32,
    "a link that acts": "https://x.example/a/a" + "bcdefghij2" + "klmnopqrst2uv",
    "a card": "4242 4242 4242 4242",
}


@pytest.mark.parametrize("kind", LEAKS)
@pytest.mark.parametrize("writer", ["json_lines", "journal"])
def test_a_line_with_personal_data_or_a_secret_fails_the_test_that_wrote_it(
    kind: str, writer: str
) -> None:
    log_watch.install()
    journal = Journal(f"leak-{kind}", stage="test", stream=io.StringIO())
    with log_watch.expected() as found:
        if writer == "json_lines":
            json_lines.log("webhook.rejected", detail=LEAKS[kind])
        else:
            journal.warning("request.refused", detail=LEAKS[kind])

    assert found == [f"a log line holds {kind} in `detail` of {_message(writer)}"]


def _message(writer: str) -> str:
    return "webhook.rejected" if writer == "json_lines" else "request.refused"


def test_every_kind_is_tried_and_none_is_passed_over_at_a_first_look() -> None:
    assert LEAKS.keys() == log_watch.PATTERNS.keys()
    assert [each for each in LEAKS.values() if not log_watch.ANY.search(each)] == []


def test_who_it_was_and_how_long_it_took_are_what_a_log_is_for() -> None:
    line = {
        "message": "request.answered",
        "person": "kim@example.com",
        "timestamp": "2026-09-08T10:00:00.000+00:00",
        "incident": "INC-01M8NW7TE3BKPWHBXEG8ZK14Q5",
        "seconds": 12.5,
    }
    assert log_watch.wrong(line) == []


def test_the_log_of_a_deployed_stage_is_read_too(tmp_path: Path) -> None:
    log = tmp_path / "ministack.log"
    lines = [
        "2026-11-30 INFO the emulator's own line about kim@example.com",
        json.dumps({"service": "notifier", "message": "message.sent", "to": "kim@example.com"}),
        '{"service": "cut off',
    ]
    log.write_text("\n".join(lines), encoding="utf-8")

    assert log_watch.of_stage(log) == ["an address in `to` of message.sent"]
