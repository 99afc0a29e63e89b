"""Cold start: from starting a process to the handler being ready, per bundle.

Each sample is a new process of the base interpreter, isolated, with nothing but one bundle on its
path and no way to write bytecode. Contenders take turns within a round, so that whatever else the
machine does hits all of them. What is compared is the processor time since the process began: on an
idle core that is the time it takes, and on a busy one it still is. The time by the clock is kept
beside it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import Figure, ratio, without_warm_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.bench.layouts import Layout, Layouts

LIMITS = {
    "cold_start.webhook_ingest.ratio_boto3": 0.95,
    "cold_start.webhook_ingest.ratio_usual": 0.30,
}
BOTO3, USUAL = "bare boto3", "usual stack"
USUAL_SOURCE = Path(__file__).with_name("contenders") / "usual_stack.py"

_SECONDS = 60
# argv: the bundle, and the clock before the start, which Linux and macOS share between processes.
_CHILD = """\
import sys, time
sys.path.insert(0, sys.argv[1])
{body}
cpu, now = time.process_time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
print(cpu / 1e6, (now - int(sys.argv[2])) / 1e6)
"""
_BARE_BOTO3 = "import boto3; boto3.client('dynamodb', region_name='us-east-1')"


@dataclass(frozen=True, slots=True)
class Contender:
    """One bundle and the statements after which it is ready."""

    name: str
    layout: Layout
    body: str
    environ: Mapping[str, str]


def contenders(layouts: Layouts) -> list[Contender]:
    """Both opponents and every function of ours."""
    environ = lambda_environ("BENCH")
    return [
        Contender(BOTO3, layouts.bare_boto3(), _BARE_BOTO3, environ),
        Contender(USUAL, layouts.usual_stack(USUAL_SOURCE), "import usual_stack", environ),
        *(
            Contender(
                name,
                layout,
                f"import functions.{name}.handler",
                environ | settings_environ(name),
            )
            for name, layout in layouts.functions().items()
        ),
    ]


def lambda_environ(name: str) -> dict[str, str]:
    """What the Lambda runtime sets, as far as any contender looks at it."""
    return {
        "AWS_ACCESS_KEY_ID": "AKIAFAKEFORBENCH0000",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_SESSION_TOKEN": "not-a-token",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }


def settings_environ(function: str) -> dict[str, str]:
    """A value for each variable that the function declares."""
    settings = import_module(f"functions.{function}.settings").Settings
    values = {"STAGE": "production", "API_BASES": "{}", "SIGN_IN": "none", "LOG_LEVEL": "INFO"}
    return {
        field.name: values.get(field.name, f"bench-{field.name.lower().replace('_', '-')}")
        for field in fields(settings)
    }


@dataclass(frozen=True, slots=True)
class Series:
    """Milliseconds by contender, one number per round."""

    cpu: Mapping[str, Sequence[float]]
    clock: Mapping[str, Sequence[float]]


def measure(found: Sequence[Contender], *, rounds: int) -> Series:
    """`rounds` samples of each contender, after one round that is left out."""
    cpu: dict[str, list[float]] = {contender.name: [] for contender in found}
    clock: dict[str, list[float]] = {contender.name: [] for contender in found}
    for _ in range(rounds + 1):
        for contender in found:
            used, taken = _sample(contender)
            cpu[contender.name].append(used)
            clock[contender.name].append(taken)
    return Series(without_warm_up(cpu), without_warm_up(clock))


def _sample(contender: Contender) -> tuple[float, float]:
    child = _CHILD.format(body=contender.body)
    python = getattr(sys, "_base_executable", sys.executable)
    started = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    done = subprocess.run(
        [python, "-I", "-S", "-B", "-c", child, str(contender.layout.task), str(started)],
        env=dict(contender.environ),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{contender.name} does not start:\n{done.stderr}")
    used, taken = done.stdout.splitlines()[-1].split()
    return float(used), float(taken)


def figures(series: Series, found: Sequence[Contender]) -> Iterator[Figure]:
    """Both ratios and the zip's size, for each of our functions."""
    for contender in found:
        if contender.name in {BOTO3, USUAL}:
            continue
        ours, base = series.cpu[contender.name], f"cold_start.{contender.name}"
        for key, other in (("ratio_boto3", BOTO3), ("ratio_usual", USUAL)):
            name = f"{base}.{key}"
            yield Figure(name, ratio(ours, series.cpu[other]), LIMITS.get(name), f"of {other}")
        yield Figure(f"{base}.zip_kb", contender.layout.zip_bytes / 1024, note="KiB")
