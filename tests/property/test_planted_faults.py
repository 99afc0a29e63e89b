"""Faults planted one by one in core and adapters: each is found within the small size.

A simulation that finds nothing in a sound program proves little; here is what it finds in others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from infra.app import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LIVES = 100
_TRIES = 25
"""Shorter lives that are tried: what a story comes to, without waiting for the shortest."""
_SECONDS = 1_800
_FIRST_FAULT = """\
from tocsin.simulation import life

life._TRIES = {tries}
for seed in range({lives}):
    lived = life.live(seed)
    if lived.fault:
        print(f"seed {{seed}}, a story of {{len(lived.story)}} lines: {{lived.fault}}")
        break
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault: in `module`, `sound` is replaced by `broken`."""

    name: str
    module: str
    sound: str
    broken: str


FAULTS = (
    Planted(
        "a repeat is not recognised",
        "application/incidents/commit.py",
        "command=record_of(command, after, events[-1].at),",
        "command=None,",
    ),
    Planted(
        "a raise moves a promise later",
        "incidents/clocks/promises.py",
        "new_due = earlier(clock.due_at, promised(clock, target, calendar, release_due))",
        "new_due = promised(clock, target, calendar, release_due)",
    ),
    Planted(
        "kept out and told",
        "application/incidents/deliver.py",
        "if item.personal and item.person in incident.access.excluded:",
        "if False:",
    ),
    Planted(
        "restricted after it was queued",
        "application/incidents/deliver.py",
        "return in_restricted_form(item) if incident.restricted else item",
        "return item",
    ),
    Planted(
        "marked before it is sent",
        "application/incidents/deliver.py",
        "        result = self._send(item, tried, waits_at)\n",
        (
            "        now = self.clock.incident_now()\n"
            "        self.store.mark_sent(key, owner=owner, sent_at=now, tried=('x sent',))\n"
            "        result = self._send(item, tried, waits_at)\n"
            "        return result\n"
        ),
    ),
    Planted(
        "unsent messages are not sent again",
        "application/incidents/sweeper.py",
        "redriven.update(self._redrive(report.outbox_due))",
        "pass",
    ),
    Planted(
        "the ladder ends",
        "incidents/clocks/escalation.py",
        "if index < 0 or (self.times is not None and index >= self.times):",
        "if index < 0 or index >= (self.times or 6):",
    ),
    Planted(
        "a breach is of when it was seen",
        "incidents/rules/elapse.py",
        "            clock=name,\n            due_at=due.at,\n",
        "            clock=name,\n            due_at=draft.at,\n",
    ),
    Planted(
        "a round begins when a sweep comes",
        "incidents/rules/elapse.py",
        "start_round(draft, RoundReason.TIMEOUT, due.at, CLOCK)",
        "start_round(draft, RoundReason.TIMEOUT, draft.at, CLOCK)",
    ),
    Planted(
        "traced before it is written",
        "application/incidents/receive.py",
        "    outcome = _open_or_merge(fresh, policy, ports, pointer)\n",
        (
            "    now = ports.clock.incident_now()\n"
            "    ports.store.trace(fresh, incident=None, recorded_at=now)\n"
            "    outcome = _open_or_merge(fresh, policy, ports, pointer)\n"
        ),
    ),
    Planted(
        "the window is not waited for",
        "incidents/queries/gate.py",
        "    if at < window.ends_at:",
        "    if False:",
    ),
    Planted(
        "what has passed is said to lie ahead",
        "documents/asking.py",
        'until=f"- OVERDUE since {short}" if late else f"- ACK by {short}",',
        'until=f"- ACK by {short}",',
    ),
    Planted(
        "no due mark",
        "application/incidents/commit.py",
        "due=next_due(after, policy),",
        "due=next_due(after, policy) if after.round is None or after.round.open else None,",
    ),
    Planted(
        "holidays are worked",
        "incidents/runbook/calendar.py",
        "if not spans or day in self.closed_dates:",
        "if not spans:",
    ),
    Planted(
        "marks are forgotten",
        "adapters/incidents/memory.py",
        "self._outbox[key] = replace(item, state=OutboxState.SENT, tried=tried)",
        "self._outbox[key] = replace(item, state=OutboxState.PENDING, tried=tried)",
    ),
    Planted(
        "judged by the runbook of now",
        "application/people/on_call.py",
        "return self._manned(self.policies.version(version))",
        "return self._manned(self.policies.current())",
    ),
    Planted(
        "a page whose answer was lost was never made",
        "providers/checkout_outcome.py",
        'return Reply(Result.DOUBT, "no_answer")',
        'return Reply(Result.FAILED, "connect")',
    ),
    Planted(
        "a tie is decided by who comes last",
        "billing/projection/ordering.py",
        "    after_event = row.applied is None or row.applied < created - CREATED_JITTER\n",
        "    after_event = True\n",
    ),
    Planted(
        "what a provider did not answer is not asked again",
        "application/billing/projection/project.py",
        "        self.queue.send(request, delay=delay)\n",
        "",
    ),
    Planted(
        "an early answer is believed for good",
        "application/billing/projection/project.py",
        "            self.queue.send(request, delay=ordering.CONFIRM_DELAY)",
        "            pass",
    ),
    Planted(
        "a replay leaves one out",
        "application/billing/replay/drive.py",
        "self.queue.send(cursor.id, [*records, *again])",
        "self.queue.send(cursor.id, [*records, *again][1:])",
    ),
    Planted(
        "a missed heartbeat is forgotten",
        "incidents/model/heartbeats.py",
        "missed_at=heartbeat.expected_by, told=False)",
        "missed_at=heartbeat.expected_by, told=True)",
    ),
    Planted(
        "a late beat clears nothing",
        "incidents/model/heartbeats.py",
        "    end = since + _MOMENT if heartbeat.removed else heartbeat.returned_at\n",
        "    end = since + _MOMENT if heartbeat.removed else None\n",
    ),
    Planted(
        "a rule that only watches pages",
        "application/signals/set_aside.py",
        "    if judged.mode is RuleMode.MONITOR:\n",
        "    if False:\n",
    ),
    Planted(
        "what nobody triages rings nobody",
        "incidents/model/reports.py",
        "return self.received_at if self.waits_for_nobody else self.triage_due",
        "return self.received_at if self.waits_for_nobody else None",
    ),
    Planted(
        "what works have held is forgotten",
        "application/signals/set_aside.py",
        "ports.store.hold(replace(signal, held_until=verdict.until,",
        "str(replace(signal, held_until=verdict.until,",
    ),
    Planted(
        "what no rule knows is not listed",
        "application/incidents/receive.py",
        "noise.count_unknown(heard, owner,",
        "(lambda *_given, **_named: None)(heard, owner,",
    ),
    Planted(
        "acknowledged before it is stored",
        "application/billing/projection/ingest.py",
        "        return Receipt(self.ledger.put(record), record)\n",
        (
            "        try:\n"
            "            stored = self.ledger.put(record)\n"
            "        except Exception:\n"
            "            stored = True\n"
            "        return Receipt(stored, record)\n"
        ),
    ),
)


@pytest.mark.full
@pytest.mark.timeout(_SECONDS)
@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: planted.name)
def test_a_planted_fault_is_found_within_the_small_size(planted: Planted, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "shared/tocsin", tmp_path / "tocsin", ignore=shutil.ignore_patterns("__pycache__")
    )
    module = tmp_path / "tocsin" / planted.module
    text = module.read_text(encoding="utf-8")
    assert text.count(planted.sound) == 1, "the place of the fault has changed: plant it anew"
    module.write_text(text.replace(planted.sound, planted.broken), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_FAULT.format(lives=LIVES, tries=_TRIES)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    print(f"{planted.name}: {done.stdout.strip()}")  # noqa: T201 - the figures
    assert done.stdout.startswith("seed "), "no life found it"


def test_every_fault_still_has_its_place() -> None:
    for planted in FAULTS:
        text = (ROOT / "shared/tocsin" / planted.module).read_text(encoding="utf-8")
        assert text.count(planted.sound) == 1, planted.name
