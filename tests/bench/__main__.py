"""`make bench`: Tocsin beside the usual stack, as a table and in `.local/bench.json`.

    python -m tests.bench [--rounds N] [--only cold_start,first_leaving,...] [--strict]

Exits with 1 under `--strict` when a limit is missed twice, for a part that misses one is measured
once more; without it a missed limit is shown, because a busy laptop is not a broken build.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import (
    cold_start,
    first_leaving,
    numbering,
    replay,
    storm,
    sweep,
    units,
    warm_ingest,
)
from tests.bench.figures import Figure, table, write
from tests.bench.layouts import Layouts
from tools import cost  # first, for it settles which node drives the CDK

if TYPE_CHECKING:
    from collections.abc import Callable


ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "events" / "stripe" / "subscription_updated_2024-06-20.json"

_FULL = 15

type Part = tuple[list[Figure], dict[str, object]]


def main(arguments: list[str]) -> int:
    """Measure, show, write; the exit code."""
    asked = _arguments(arguments)
    work = ROOT / ".local" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    layouts = Layouts(ROOT, work)
    parts: dict[str, Callable[[], Part]] = {
        "cold_start": lambda: _cold_start(layouts, asked.rounds),
        "first_leaving": lambda: _first_leaving(layouts, asked.rounds),
        "ingest": lambda: _warm_ingest(layouts, work, asked.rounds),
        "units": lambda: _units(layouts, work),
        "cost": _cost,
        "sweep": _sweep,
        "numbers": lambda: _numbers(asked.rounds),
        "replay": lambda: _replay(asked.rounds),
        "storm": lambda: _storm(asked.rounds),
    }
    figures: list[Figure] = []
    measured: dict[str, object] = {}
    for name in asked.only:
        started = time.monotonic()
        found, raw = parts[name]()
        if asked.strict and _missed(found):
            _say(f"{name}: once more, for {', '.join(_missed(found))}")
            measured[f"{name}.missed"] = raw
            found, raw = parts[name]()
        figures += found
        measured[name] = raw
        _say(f"{name}: {time.monotonic() - started:.0f} s")
    write(ROOT / ".local" / "bench.json", figures, measured)
    sys.stdout.write(table(figures) + "\n")
    for missed in _missed(figures):
        _say(f"over its limit: {missed}")
    return 1 if asked.strict and _missed(figures) else 0


def _missed(figures: list[Figure]) -> list[str]:
    return [f"{one.name} {one.value:.3g} > {one.limit}" for one in figures if one.kept is False]


def _cold_start(layouts: Layouts, rounds: int) -> Part:
    found = cold_start.contenders(layouts)
    series = cold_start.measure(found, rounds=rounds)
    raw: dict[str, object] = {"cpu_milliseconds": series.cpu, "clock_milliseconds": series.clock}
    return list(cold_start.figures(series, found)), raw


def _first_leaving(layouts: Layouts, rounds: int) -> Part:
    series = first_leaving.measure(layouts, rounds=rounds)
    return list(first_leaving.figures(series)), {"cpu_milliseconds": dict(series)}


def _warm_ingest(layouts: Layouts, work: Path, rounds: int) -> Part:
    series = warm_ingest.measure(layouts, work, sample=SAMPLE, turns=rounds * 2)
    return list(warm_ingest.figures(series)), {"microseconds_of_cpu": series}


def _units(layouts: Layouts, work: Path) -> Part:
    found = units.measure(layouts, work)
    return list(units.figures(found)), found.plain()


def _sweep() -> Part:
    found = sweep.measure()
    return list(sweep.figures(found)), {"units_and_calls": found}


def _numbers(rounds: int) -> Part:
    alarms = 100 if rounds >= _FULL else 20
    found = numbering.measure(rounds, alarms)
    return list(numbering.figures(found, alarms)), {"runs": [asdict(run) for run in found]}


def _cost() -> Part:
    """USD a month by the templates."""
    found = cost.bills()
    figures = cost.figures(found)
    raw: dict[str, object] = {name: [asdict(one) for one in bill] for name, bill in found.items()}
    return [
        Figure(f"cost.{name}", value, cost.LIMITS[name]) for name, value in figures.items()
    ], raw


def _replay(rounds: int) -> Part:
    """All sizes where there is time for many rounds, the smallest ones where there is not."""
    sizes = replay.SIZES if rounds >= _FULL else (1_000, 5_000)
    found = replay.measure(SAMPLE, sizes)
    raw: dict[str, object] = {name: [asdict(run) for run in runs] for name, runs in found.items()}
    return list(replay.figures(found)), raw


def _storm(rounds: int) -> Part:
    """Ten thousand notifications, or a thousand where there is little time."""
    found = storm.measure(10_000 if rounds >= _FULL else 1_000)
    return list(storm.figures(found)), {"storm": asdict(found)}


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = ["cold_start", "first_leaving", "ingest", "units", "sweep", "numbers", "replay"]
    names += ["storm", "cost"]
    parser.add_argument("--rounds", type=int, default=15, help="samples per contender")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=names, help=f"of {','.join(names)}"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is missed")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.only) - set(names):
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    return asked


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
