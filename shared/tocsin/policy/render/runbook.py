"""The runbook as Markdown, written from the compiled policy so that document and behaviour agree.

The first part is the runbook people know, heading by heading. The part `rules` writes below it is
what the program needed said more precisely. Nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.incidents.runbook.policy import CriterionSection
from tocsin.incidents.vocabulary import Category, ClockName, Phase
from tocsin.policy.compiled.targets import format_due
from tocsin.policy.render.markdown import bullets, capital, table
from tocsin.policy.render.rules import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.runbook.policy import ChecklistItem, Line, Policy, Trigger

BILLING_PHASES = (Phase.BILLING_IMMEDIATE, Phase.BILLING_CONTAINMENT, Phase.BILLING_REPLAY)


def render(policy: Policy) -> str:
    """The whole document, ending in one newline."""
    blocks = [
        _front(policy),
        f"# {policy.texts['title']}",
        f"## Purpose\n{policy.texts['purpose']}",
        f"## Executive Summary\n{bullets(line.text for line in policy.executive_summary)}",
        f"## Incident Severity and SLA\n\n{_severities(policy)}",
        f"## Roles and Responsibilities\n\n{_roles(policy)}",
        f"## Trigger Conditions\n{bullets(_triggers(policy, billing=False))}",
        "## Response Timeline (Checklist)",
        *(_phase(policy, phase) for phase in policy.phases if phase not in BILLING_PHASES),
        "## Communication Templates",
        *_templates(policy),
        f"## Evidence and Audit Requirements\n{_lines(policy.evidence)}",
        f"## Postmortem Template\n\n{_postmortem(policy)}",
        f"## Recovery and Preventive Controls\n{_lines(policy.preventive_controls)}",
        "## Billing Provider Outage and Event Replay",
        f"### Trigger Conditions (Billing-Specific)\n{bullets(_triggers(policy, billing=True))}",
        *(_phase(policy, phase) for phase in BILLING_PHASES),
        f"### Exit Criteria\n{_criteria(policy, CriterionSection.BILLING_EXIT)}",
        "## Definition of Done (Incident Closed)\n"
        + _criteria(policy, CriterionSection.DEFINITION_OF_DONE),
        *rules(policy),
    ]
    return "\n\n".join(blocks) + "\n"


def _front(policy: Policy) -> str:
    keys = ("owner", "status", "last_updated", "audience")
    front = "\n".join(f"{key}: {policy.texts[key]}" for key in keys)
    return (
        f"---\n{front}\n---\n\n"
        f"<!-- Policy {policy.version}, written by `tocsin runbook render`: edit the runbook's"
        " YAML, not this page. -->"
    )


def _severities(policy: Policy) -> str:
    header = ("Severity", "Typical Example", "Acknowledge", "Contain", "Permanent Fix")
    return table(
        header,
        (
            (
                capital(severity),
                row.typical_example,
                *(capital(format_due(row.targets[clock])) for clock in ClockName),
            )
            for severity, row in policy.severities.items()
        ),
    )


def _roles(policy: Policy) -> str:
    header = ("Role", "Primary Responsibility", "Backup")
    rows = ((row.title, row.responsibility, row.backup_title) for row in policy.roles.values())
    return table(header, rows)


def _triggers(policy: Policy, *, billing: bool) -> Iterator[str]:
    for trigger in policy.triggers:
        if (trigger.categories == (Category.OPERATIONAL,)) is billing:
            yield trigger.text + ("" if billing else _only(trigger))


def _phase(policy: Policy, phase: Phase) -> str:
    chapter = policy.phases[phase]
    top = [item for item in policy.checklist if item.phase is phase and item.parent is None]
    lines = []
    for number, item in enumerate(top, start=1):
        mark = f"{number}." if chapter.numbered else "-"
        lines.append(f"{mark} {item.text}{_only(item, beyond=chapter.categories)}")
        indent = " " * (len(mark) + 1)
        lines += [
            f"{indent}- {below.text}" for below in policy.checklist if below.parent == item.id
        ]
    return "\n".join((f"### {chapter.title}", *lines))


def _only(item: ChecklistItem | Trigger, *, beyond: tuple[Category, ...] | None = None) -> str:
    """Whom a line is for, where that is not everybody the chapter is for."""
    words = [*(item.categories or ())] if item.categories != beyond else []
    words += getattr(item, "severities", None) or ()
    return f" _({', '.join(words)} only)_" if words else ""


def _templates(policy: Policy) -> Iterator[str]:
    for template in policy.templates.values():
        yield f"### {template.title}\n`{template.text}`"


def _lines(lines: tuple[Line, ...]) -> str:
    return bullets(line.text for line in lines)


def _postmortem(policy: Policy) -> str:
    return table(("Field", "Details"), ((line.text, "") for line in policy.postmortem_fields))


def _criteria(policy: Policy, section: CriterionSection) -> str:
    return bullets(line.text for line in policy.criteria if line.section is section)
