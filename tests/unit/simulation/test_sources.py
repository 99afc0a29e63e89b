"""Jobs and findings in a simulated life: what is met, and that their laws can fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.application.heartbeats import keep
from tocsin.application.reports import ringing
from tocsin.application.reports.answering import Answering
from tocsin.application.signals import noise, set_aside
from tocsin.incidents.events import opening
from tocsin.incidents.model.heartbeats import beaten, missed
from tocsin.incidents.model.incident import SignalState
from tocsin.incidents.model.reports import Report
from tocsin.signals.registry import reader
from tocsin.simulation import life as lives
from tocsin.simulation.plan import Life, Step
from tocsin.simulation.sources.findings import Finding, Kind, messages
from tocsin.simulation.sources.findings import Step as Happens
from tocsin.simulation.sources.jobs import Job

if TYPE_CHECKING:
    from tocsin.incidents.model.heartbeats import Heartbeat
    from tocsin.simulation.life import Lived

AT = datetime(2026, 9, 8, 14, tzinfo=UTC)
EXPECTS = Step("expects", (0, 0, 0, 0), minutes=0)
SILENT = Step("a job changes", (0, 0, 0, 0), minutes=1)
NOTHING = Step("notes", (0, 0, 0, 0), minutes=80)
STRICT, SHIPPED = 2, 0
"""Seeds of lives under the runbook that only watches something, and under the other one."""


def lived(*steps: Step, seed: int = SHIPPED) -> Lived:
    return lives.through(Life(seed, AT, steps))


def test_a_job_is_expected_as_the_semantics_say() -> None:
    job = Job("nightly", timedelta(hours=1), None, datetime(2026, 9, 8, 10, tzinfo=UTC))
    assert job.due == datetime(2026, 9, 8, 11, 12, tzinfo=UTC)
    job.look(job.due)
    assert job.missing is None
    job.look(job.due + timedelta(seconds=1))
    assert job.missing == job.due


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("step", Happens)
def test_every_message_is_one_that_its_reader_takes_and_its_key_is_known(
    kind: Kind, step: Happens
) -> None:
    if step is Happens.TOLD and kind in {Kind.CONTROL, Kind.THREAT}:
        return
    finding = Finding(kind, 1)
    finding.happens(step, AT, 1)
    (change,) = finding.changes
    ((source, body),) = messages([(finding, change)], broken=False)
    (signal,) = reader(source)(body).signals
    assert (signal.key, signal.source) == (finding.key, finding.source)
    workflow_passed = kind is Kind.WORKFLOW and step is Happens.TOLD
    says = None if signal.only_told else signal.firing
    assert says == (False if workflow_passed else change.said)


def test_one_of_an_event_that_nobody_can_read_is_refused() -> None:
    finding = Finding(Kind.CONTROL, 1)
    finding.happens(Happens.FOUND, AT, 1)
    ((source, body),) = messages([(finding, finding.changes[0])], broken=True)
    reading = reader(source)(body)
    assert (len(reading.signals), len(reading.refusals)) == (1, 1)


def test_a_job_that_stays_away_is_heard_of_in_time() -> None:
    found = lived(EXPECTS, SILENT, NOTHING, NOTHING)
    assert found.fault is None
    assert found.reached["opened"] == 1
    assert found.reached["heartbeats seen missing"] > 0
    late = Step("a job changes", (0, 2, 0, 0), minutes=1)
    back = lived(EXPECTS, late, NOTHING, NOTHING)
    assert back.fault is None
    assert (back.reached["opened"], back.reached["heartbeats back"]) == (1, 1)
    assert lived(EXPECTS, NOTHING, NOTHING, NOTHING).reached["opened"] == 0


def test_a_missed_heartbeat_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(heartbeat: Heartbeat, now: datetime) -> Heartbeat:
        return replace(missed(heartbeat, now), told=True)

    monkeypatch.setattr(keep, "missed", forgotten)
    fault = lived(EXPECTS, SILENT, NOTHING, NOTHING).fault or ""
    assert fault.startswith("hidden-job-0 has been missing since")


def test_one_that_is_missed_too_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        keep, "beaten", lambda heartbeat, now: replace(beaten(heartbeat, now), missed_at=now)
    )
    fault = lived(EXPECTS, NOTHING).fault or ""
    assert "never stayed away, and INC-" in fault


FOUND_LATER = Step("finds", (0, 0, 0, 0), minutes=0)
OVER_LATER = Step("a finding changes", (0, 2, 0, 0), minutes=5)
ARRIVE = Step("findings arrive", (1, 1, 1, 0), minutes=5)


def test_what_is_told_in_the_wrong_order_ends_the_same() -> None:
    found = lived(FOUND_LATER, OVER_LATER, ARRIVE, NOTHING)
    assert found.fault is None
    assert found.reached["findings out of order"] == 1
    assert found.reached["findings seen true"] > 0


def test_what_is_believed_because_it_came_last_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_it_comes(old: Any, seen: Any, event: Any) -> Any:
        del old
        return SignalState(
            firing=seen.firing, since=event.at, last_at=seen.occurred_at, changed_at=event.at
        )

    monkeypatch.setattr(opening, "_signal_state", as_it_comes)
    told = Step("finds", (0, 0, 1, 0), minutes=0)
    again = Step("a finding changes", (0, 0, 2, 0), minutes=5)
    fault = lived(told, again, OVER_LATER, replace(ARRIVE, picks=(1, 0, 1, 0))).fault or ""
    assert fault.endswith("fires, and it is not so")


def test_a_rule_that_only_watches_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Step("finds", (list(Kind).index(Kind.CODE), 1, 1, 1), minutes=0)
    quiet = lived(watched, NOTHING, seed=STRICT)
    assert quiet.fault is None
    assert (quiet.reached["opened"], quiet.reached["findings only watched"]) == (0, 1)
    assert lived(watched, NOTHING, seed=SHIPPED).reached["opened"] == 1
    monkeypatch.setattr(set_aside, "_why_not", lambda *_given: None)
    fault = lived(watched, NOTHING, seed=STRICT).fault or ""
    assert fault.endswith("which is only watched")


def test_a_report_that_nobody_looks_at_rings_after_an_hour_and_one_answered_in_time_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = Step("reports", (1, 0, 0, 0), minutes=0)
    found = lived(sent, NOTHING, NOTHING)
    assert (found.fault, found.reached["opened"]) == (None, 1)
    assert found.reached["reports heard"] > 0
    answered = lived(sent, Step("reports", (0, 0, 0, 0), minutes=4), NOTHING, NOTHING)
    assert (answered.fault, answered.reached["opened"]) == (None, 0)
    monkeypatch.setattr(Report, "due_at", None)
    fault = lived(sent, NOTHING, NOTHING).fault or ""
    assert fault.endswith("nobody heard of it")


def test_what_is_found_while_somebody_works_is_heard_when_they_are_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = Step("works", (1, 0, 1, 1), minutes=0)
    found = lived(begun, NOTHING, NOTHING)
    assert (found.fault, found.reached["opened"]) == (None, 1)
    assert found.reached["held by works"] == 1
    sooner = lived(begun, Step("works", (0, 0, 0, 0), minutes=4), NOTHING)
    assert (sooner.fault, sooner.reached["opened"]) == (None, 1)
    monkeypatch.setattr(MemoryIncidents, "hold", lambda *_given, **_named: None)
    assert "no incident ever heard of it" in (lived(begun, NOTHING, NOTHING).fault or "")


def test_what_no_rule_knows_is_on_the_list_of_its_week(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Step("a stranger fires", (0, 0, 0, 0), minutes=0)
    found = lived(odd, NOTHING)
    assert (found.fault, found.reached["unknown to every rule"]) == (None, 1)
    assert found.reached["unknown listed"] > 0
    monkeypatch.setattr(noise, "count_unknown", lambda *_given, **_named: None)
    assert "lacks it" in (lived(odd, NOTHING).fault or "")


POSTED = Step("posts", (2, 1, 0, 0), minutes=0)
CLOSED = Step("closes what was reported", (0, 0, 0, 0), minutes=2)


def test_what_strangers_report_pages_once_in_ten_minutes_and_closing_it_answers_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = Step("posts", (1, 1, 0, 0), minutes=4)
    found = lived(POSTED, more, NOTHING, CLOSED, CLOSED, NOTHING)
    assert (found.fault, found.reached["reports by the form"]) == (None, 5)
    assert found.reached["pages by the form"] == 2
    assert found.reached["reports answered by closing"] > 0
    monkeypatch.setattr(Answering, "close", lambda *_given: None)
    fault = lived(POSTED, NOTHING, CLOSED, NOTHING).fault or ""
    assert fault.endswith("unanswered")


def test_a_form_that_pages_sooner_or_never_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    more = Step("posts", (1, 1, 0, 0), minutes=4)
    with monkeypatch.context() as patched:
        patched.setattr(ringing, "FORM_PAUSE", timedelta(minutes=2))
        assert (lived(POSTED, more, NOTHING).fault or "").startswith("the form paged")
    monkeypatch.setattr(ringing.Ringer, "_ring_form", lambda *_given: 0)
    assert (lived(POSTED, NOTHING).fault or "").endswith("nobody heard of it")
