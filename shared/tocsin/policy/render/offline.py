"""What to print and keep: how to answer an incident while Tocsin cannot be reached.

Written from the same policy as everything Tocsin does, so that by telephone the same people are
asked at the same minutes. Telephone numbers are no part of a policy; who prints this page gives
them, and the copy that is kept in the repository has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.incidents.vocabulary import Audience, ClockName, Phase
from tocsin.policy.compiled.targets import format_due, format_minutes
from tocsin.policy.render.markdown import bullets, capital, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.incidents.runbook.paging import Escalation
    from tocsin.incidents.runbook.policy import Policy

FIRST_PHASES = (Phase.FIRST_15_MINUTES, Phase.FIRST_HOUR)
_HOW_TO_KNOW = """\
Tocsin itself says so: the ops topic delivers alarms of Tocsin's own parts by CloudWatch, without
anything of Tocsin's in between. When `auditor-silent`, `sla-check-silent`, `notifier-errors` or
`api-server-errors` rings, do not wait for pages: do what stands here. `docs/alarms/` says how to
mend each of them."""
_PRINT = """\
Print this page, with telephone numbers: `tocsin runbook offline --from-stack` takes those people
confirmed (for commanders and security), `--phones FILE` your own. A page that lies on the server
that is down helps nobody; numbers lie in no repository."""
_THIS_WEEK = """\
Where a rotation is kept, `tocsin oncall` and the calendar of `tocsin oncall ical` say who it is
this week; subscribe to the calendar, and it is on your telephone too."""
_WHO_ANSWERS = """\
Whoever answers first and says “I have it” is commander until somebody takes over. Say so in the
room, and write down the time."""
_AFTERWARDS = """\
- Open the incident in Tocsin as soon as it answers, with `received_at` = when it was reported:
  clocks run from there.
- Enter what was done as notes and verbs with `occurred_at` = when it was done; the entry keeps
  both times.
- Do not invent acknowledgements: a person who had it says so as themselves."""


def render_offline(policy: Policy, phones: Mapping[str, str] | None = None) -> str:
    """The page, ending in one newline; `phones` are telephone numbers by person."""
    made = f"Policy {policy.version}, written by `tocsin runbook offline`"
    blocks = [
        f"<!-- {made}: edit the runbook's YAML, not this page. -->",
        "# When Tocsin is down",
        _PRINT,
        f"## How you know\n\n{_HOW_TO_KNOW}",
        f"## Whom to call\n\n{_people(policy, phones or {})}",
        _THIS_WEEK,
        f"## How bad, and until when\n\n{_severities(policy)}",
        "In doubt, the higher severity. Clocks run from the moment it was reported.",
        f"## When to call whom\n\n{bullets(_calls(policy))}",
        _WHO_ANSWERS,
        *_phases(policy),
        f"## What to say\n\n{bullets(_templates(policy))}",
        f"## When Tocsin is back\n\n{_AFTERWARDS}",
    ]
    return "\n\n".join(blocks) + "\n"


def _people(policy: Policy, phones: Mapping[str, str]) -> str:
    roster = policy.roster
    rows: list[tuple[str, str, str]] = []
    for role, row in policy.roles.items():
        rows.append((row.title, roster.primary.get(role, ""), "on call"))
        rows.append(("", roster.backup.get(role, ""), "backup"))
        rows += [("", person, "deputy") for person in roster.deputies.get(role, ())]
    rows.append(("Engineering lead", roster.engineering_lead, ""))
    shown = {person for _, person, _ in rows}
    rows += [("Takes turns", person, "") for person in phones if person not in shown]
    return table(
        ("Role", "Who", "", "Telephone"),
        (
            (title, f"`{person}`", place, phones.get(person, ""))
            for title, person, place in rows
            if person
        ),
    )


def _severities(policy: Policy) -> str:
    rows = (
        (
            capital(severity),
            row.typical_example,
            *(format_due(row.targets[clock]) for clock in ClockName),
        )
        for severity, row in policy.severities.items()
    )
    return table(("Severity", "Typical", "Acknowledge", "Contain", "Fix"), rows)


def _calls(policy: Policy) -> Iterator[str]:
    for category, roles in policy.roster.paged.items():
        titles = " and ".join(policy.roles[role].title for role in roles)
        yield f"{capital(category)}: call first {titles}."
    for severity, row in policy.severities.items():
        ladder = row.escalation
        if ladder.pages:
            yield f"{capital(severity)}, while nobody has it: {'; '.join(_steps(ladder))}."
        else:
            yield f"{capital(severity)}: no call at night; mail, and the backup at the due time."


def _steps(ladder: Escalation) -> Iterator[str]:
    for step in ladder.steps:
        whom = ", ".join(_WHOM[audience] for audience in step.audiences)
        yield f"after {format_minutes(step.after_minutes)} {whom}"
    for repeat in ladder.repeats:
        times = "" if repeat.times is None else f", {repeat.times} times"
        yield f"then every {format_minutes(repeat.every_minutes)}{times}"


def _phases(policy: Policy) -> Iterator[str]:
    for phase in FIRST_PHASES:
        lines = [
            f"  - [ ] {item.text}" if item.parent else f"- [ ] {item.text}"
            for item in policy.checklist
            if item.phase is phase
        ]
        yield f"## {policy.phases[phase].title}\n\n" + "\n".join(lines)


def _templates(policy: Policy) -> Iterator[str]:
    for template in policy.templates.values():
        only = " Only after containment is verified." if template.needs_containment else ""
        yield f"{template.title}: “{template.text}”{only}"


_WHOM = {
    Audience.PRIMARY: "who is on call",
    Audience.BACKUP: "the backups",
    Audience.ENGINEERING_LEAD: "the engineering lead",
    Audience.ALL: "everybody above",
    Audience.STAKEHOLDERS: "stakeholders",
}
