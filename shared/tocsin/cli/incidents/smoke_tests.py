"""`tocsin verify INC-…`: runs the smoke tests of the incident's policy and keeps what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.cli.incidents.verbs import Envelope, send
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput, CheckFailed
from tocsin.incidents.commands.verbs import STEP
from tocsin.incidents.model.parts import Check, Verdict
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.cli.incidents.smoke_requests import Result

NONE = (
    "the policy of {incident} names no smoke test for it: add some under `smoke_tests` in your"
    " runbook (docs/how-to/change-the-runbook.md), or say what you looked at:"
    " --check smoke_test --verdict passed --detail TEXT (or not_applicable, with why)"
)


def run_smoke_tests(incident: str, *, dry_run: bool, key: str | None) -> None:
    """Runs them all, keeps their output as evidence, and records the look with where it lies.

    Nothing is recorded as seen if the incident changed while they ran: a containment action may
    have come after the look.

    Raises:
        BadInput: there is none for this incident.
        CheckFailed: one did not pass; that is recorded too.
    """
    api = connect()
    found = api.get(f"/v1/incidents/{segment(incident)}/smoke-tests")
    tests: Sequence[Mapping[str, Any]] = found["tests"]
    if not tests:
        raise BadInput(NONE.format(incident=found["incident"]))
    if dry_run:
        _show_plan(found)
        return
    from tocsin.cli.incidents.smoke_requests import send as ask  # noqa: PLC0415 - loads what only this needs

    results = [ask(test) for test in tests]
    failed = [one for one in results if not one.passed]
    said = f"{len(results) - len(failed)} of {len(results)} smoke tests passed"
    after = Envelope(key=key and f"{key}-evidence", if_version=found["version"])
    evidence = {"title": said, "text": "\n".join(one.output for one in results)}
    kept = send(incident, "evidence", evidence, after)
    observation = {
        STEP: "observe",
        "check": Check.SMOKE_TEST.value,
        "verdict": (Verdict.FAILED if failed else Verdict.PASSED).value,
        "detail": f"{said}; {_where(api, found, evidence['title'])}",
    }
    recorded = send(incident, "verify", observation, Envelope(key=key, if_version=kept["version"]))
    _show(found, results, observation, recorded)
    if failed:
        raise CheckFailed(", ".join(f"{one.name}: {one.why}" for one in failed))


def _where(api: Any, found: Mapping[str, Any], title: str) -> str:
    """Which entry has their output, and under which hash it lies if the entry is too small."""
    path = f"/v1/incidents/{segment(found['incident'])}/timeline"
    entries = api.get(path, after=found["version"])["entries"]
    entry = next(
        one
        for one in reversed(entries)
        if one["type"] == "evidence_recorded" and one["content"]["title"] == title
    )
    stored = entry["content"].get("stored")
    return f"output in entry {entry['seq']}" + (f", sha256 {stored['sha256']}" if stored else "")


def _show_plan(found: Mapping[str, Any]) -> None:
    if current().json:
        current().document({"dry_run": True, **found})
        return
    current().line(f"would ask, for {found['incident']} by policy {found['policy_version']}:")
    current().table(
        ("test", "request", "status", "contains", "within"),
        (
            (
                one["name"],
                f"{one['method']} {one['url']}",
                one["status"],
                one["contains"] or "-",
                f"{one['seconds']} s",
            )
            for one in found["tests"]
        ),
    )


def _show(
    found: Mapping[str, Any],
    results: Sequence[Result],
    observation: Mapping[str, Any],
    recorded: Mapping[str, Any],
) -> None:
    if current().json:
        current().document(
            {
                "incident": found["incident"],
                "version": recorded["version"],
                "verdict": observation["verdict"],
                "detail": observation["detail"],
                "tests": [
                    {"name": one.name, "passed": one.passed, "why": one.why} for one in results
                ],
            }
        )
        return
    current().table(("test", "result"), ((one.name, one.why or "passed") for one in results))
    current().line(f"recorded as {observation['verdict']}: {observation['detail']}")
