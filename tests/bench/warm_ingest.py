"""Warm ingest: CPU per webhook, of the whole process, against the floor and the usual answer.

CPU and not time, because time on a laptop is the server's and the scheduler's too. Each contender
has a process of its own; they take turns, and the server answers at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.certificate import loopback_certificate
from tests.bench.cold_start import lambda_environ, settings_environ
from tests.bench.figures import Figure, ratio
from tests.bench.stub_aws import stub_aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.bench.layouts import Layout, Layouts

OURS, FLOOR, POWERTOOLS = "tocsin", "floor", "powertools_idempotency"
LIMITS = {"ingest.ratio_floor": 1.25, "ingest.ratio_powertools": 0.7}
CONTENDERS = Path(__file__).with_name("contenders")

_SECRET = "whsec_" + "bench" * 6
_SECONDS = 120


def measure(
    layouts: Layouts, work: Path, *, sample: Path, rounds: int, chunks: int = 8, events: int = 100
) -> dict[str, list[float]]:
    """Microseconds of CPU per event by contender, one number per chunk of `events`."""
    ingest, usual = layouts.function("webhook_ingest"), layouts.usual_stack()
    runs = {OURS: ingest, FLOOR: ingest, POWERTOOLS: usual}
    plan = work / "warm-ingest.json"
    plan.write_text(json.dumps(plan_of(sample, chunks=chunks, events=events)), encoding="utf-8")
    series: dict[str, list[float]] = {name: [] for name in runs}
    settings = settings_environ("webhook_ingest")
    certificate = loopback_certificate(work)
    trust = {"AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(certificate)}
    secrets = {settings["REGISTRATIONS_SECRET"]: json.dumps(registrations())}
    with stub_aws(secrets, certificate=certificate) as endpoint:
        environ = lambda_environ("bench") | settings | trust | {"AWS_ENDPOINT_URL": endpoint}
        for _ in range(rounds):
            for name, layout in runs.items():
                series[name] += [value / 1_000 for value in _run(name, layout, plan, environ)]
    return series


def plan_of(sample: Path, *, chunks: int, events: int) -> dict[str, Any]:
    """The sample as an event of this minute, spaced as Stripe spaces its bodies."""
    document = json.loads(sample.read_text(encoding="utf-8")) | {"created": int(time.time())}
    return {
        "secret": _SECRET,
        "body": json.dumps(document, indent=2),
        "event_id": document["id"],
        "chunks": chunks,
        "events": events,
    }


def registrations() -> dict[str, Any]:
    return {
        "stripe/default": {
            "provider": "stripe",
            "endpoint": "default",
            "account": "acct_bench",
            "mode": "test",
            "connect": False,
            "secrets": [{"secret": _SECRET, "not_after": None}],
        }
    }


def _run(name: str, layout: Layout, plan: Path, environ: Mapping[str, str]) -> list[float]:
    python = getattr(sys, "_base_executable", sys.executable)
    command = [python, "-I", "-S", "-B", str(CONTENDERS / "harness.py")]
    command += [str(layout.task), str(CONTENDERS / f"{name}.py"), str(plan)]
    done = subprocess.run(
        command,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} does not run:\n{done.stderr}")
    values: list[float] = json.loads(done.stdout)
    return values


def figures(series: Mapping[str, Sequence[float]]) -> Iterator[Figure]:
    """Our CPU per event as a share of each opponent's."""
    for key, other in (("ingest.ratio_floor", FLOOR), ("ingest.ratio_powertools", POWERTOOLS)):
        note = f"CPU per event, of {other.replace('_', ' ')}"
        yield Figure(key, ratio(series[OURS], series[other]), LIMITS[key], note)
