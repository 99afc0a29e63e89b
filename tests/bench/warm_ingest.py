"""Warm ingest: CPU per webhook, of the whole process, against the floor and the usual answers.

CPU and not time, because time on a laptop is the server's and the scheduler's too. Each contender
has a process of its own and all live side by side; they take turns in blocks of a few events, in
an order that rotates, and the server answers at once. A block is compared with the other blocks of
its turn only, so what else the machine does in that moment weighs on both sides; a figure is the
median over all turns.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.certificate import loopback_certificate
from tests.bench.cold_start import lambda_environ, settings_environ
from tests.bench.figures import Figure, paired, quartiles
from tests.bench.stub_aws import stub_aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.bench.layouts import Layout, Layouts

OURS, FLOOR, CLIENT, POWERTOOLS = "tocsin", "floor", "boto3_put", "powertools_idempotency"
OPPONENTS = {
    "ingest.ratio_floor": FLOOR,
    "ingest.ratio_client": CLIENT,
    "ingest.ratio_powertools": POWERTOOLS,
}
LIMITS = {"ingest.ratio_floor": 1.25, "ingest.ratio_powertools": 0.7}
CONTENDERS = Path(__file__).with_name("contenders")

_SECRET = "whsec_" + "bench" * 6
_EVENTS = 25  # per block: long enough for the CPU clock, short against what disturbs a laptop
_WARM_UP = 4  # turns until caches, connections and specialised bytecode are as they will stay
_SECONDS = 600


def measure(
    layouts: Layouts, work: Path, *, sample: Path, turns: int, processes: int = 3
) -> dict[str, list[float]]:
    """Microseconds of CPU per event by contender, one number per turn.

    Contenders are started `processes` times over, for a process may be lucky in its memory layout.
    """
    bare = layouts.bare_boto3()
    runs = {
        OURS: layouts.function("webhook_ingest"),
        FLOOR: bare,
        CLIENT: bare,
        POWERTOOLS: layouts.usual_stack(),
    }
    plan = work / "warm-ingest.json"
    plan.write_text(json.dumps(plan_of(sample, events=_EVENTS)), encoding="utf-8")
    series: dict[str, list[float]] = {name: [] for name in runs}
    settings = settings_environ("webhook_ingest")
    certificate = loopback_certificate(work)
    trust = {"AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(certificate)}
    secrets = {settings["REGISTRATIONS_SECRET"]: json.dumps(registrations())}
    with stub_aws(secrets, certificate=certificate) as endpoint:
        environ = lambda_environ("bench") | settings | trust | {"AWS_ENDPOINT_URL": endpoint}
        for _ in range(processes):
            with contextlib.ExitStack() as stack:
                started = {
                    name: stack.enter_context(_started(name, layout, plan, environ))
                    for name, layout in runs.items()
                }
                for turn in range(-_WARM_UP, turns):
                    for name in _rotated(list(started), turn):
                        used = _block(started[name])
                        if turn >= 0:
                            series[name].append(used / 1_000)
    return series


def _rotated(names: list[str], turn: int) -> list[str]:
    first = turn % len(names)
    return names[first:] + names[:first]


def plan_of(sample: Path, *, events: int) -> dict[str, Any]:
    """The sample as an event of this minute, spaced as Stripe spaces its bodies."""
    document = json.loads(sample.read_text(encoding="utf-8")) | {"created": int(time.time())}
    return {
        "secret": _SECRET,
        "body": json.dumps(document, indent=2),
        "event_id": document["id"],
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


@contextlib.contextmanager
def _started(
    name: str, layout: Layout, plan: Path, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """One contender, waiting to be asked for blocks; it ends when nobody can ask any more."""
    python = getattr(sys, "_base_executable", sys.executable)
    command = [python, "-I", "-S", "-B", str(CONTENDERS / "harness.py")]
    command += [str(layout.task), str(CONTENDERS / f"{name}.py"), str(plan)]
    with subprocess.Popen(
        command, env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(_SECONDS)


def _block(process: subprocess.Popen[str]) -> float:
    """Nanoseconds of CPU per event, of one block."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a contender without pipes cannot be asked")
    process.stdin.write("\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a contender ended, and said why above: {process.args!r}")
    return float(line)


def figures(series: Mapping[str, Sequence[float]]) -> Iterator[Figure]:
    """Our CPU per event as a share of each opponent's, with the middle half of all turns."""
    for key, other in OPPONENTS.items():
        low, middle, high = quartiles(paired(series[OURS], series[other]))
        spread = f"half of the turns {low:.2f} to {high:.2f}"
        note = f"CPU per event, of {other.replace('_', ' ')}; {spread}"
        yield Figure(key, middle, LIMITS.get(key), note)
