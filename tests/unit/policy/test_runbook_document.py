"""The committed runbook, line by line, against the runbook it has to be.

The expected lines below were written by hand from the document the product implements; they are
not made by any code. Every line of the first part of docs/runbook.md must be here and every line
here must be there, in order. What Tocsin adds is listed apart, so an addition is a decision.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.policy.compiled.policies import default
from tocsin.policy.render.runbook import render

DOCUMENT = Path(__file__).parents[3] / "docs" / "runbook.md"
SECOND_PART = "Rules Tocsin Applies"

FRONT = [
    "owner: Engineering + Security",
    "status: active",
    "last_updated: 2026-02-27",
    "audience: engineering, security, pm, stakeholders",
]

# heading -> its lines; a table row is a tuple of cells, header first
EXPECTED: list[tuple[str, list[str | tuple[str, ...]]]] = [
    ("# Incident Response Runbook", []),
    (
        "## Purpose",
        [
            (
                "Provide a clear, low-friction process to detect, contain, communicate, and "
                "remediate security incidents and major production failures."
            )
        ],
    ),
    (
        "## Executive Summary",
        [
            "- Use severity-based response with strict SLA targets.",
            "- Prioritize customer impact containment before root-cause perfection.",
            "- Keep decision-making auditable through timeline logs and postmortems.",
        ],
    ),
    (
        "## Incident Severity and SLA",
        [
            ("Severity", "Typical Example", "Acknowledge", "Contain", "Permanent Fix"),
            (
                "Critical",
                "tenant data leak, auth bypass, leaked prod credential",
                "15 minutes",
                "4 hours",
                "24 hours",
            ),
            (
                "High",
                "exploitable injection/SSRF path, webhook auth failure",
                "1 hour",
                "24 hours",
                "3 business days",
            ),
            (
                "Medium",
                "non-critical authorization hardening gap",
                "1 business day",
                "3 business days",
                "10 business days",
            ),
            (
                "Low",
                "low-impact misconfiguration",
                "2 business days",
                "10 business days",
                "Next release",
            ),
        ],
    ),
    (
        "## Roles and Responsibilities",
        [
            ("Role", "Primary Responsibility", "Backup"),
            (
                "Incident Commander (IC)",
                "Own timeline, decisions, and priorities",
                "Engineering lead",
            ),
            ("Mitigation Owner", "Implements containment and rollback/fix", "Senior engineer"),
            ("Communications Owner", "Updates internal stakeholders and customers", "PM"),
            (
                "Security Owner",
                "Validates exploitability, evidence, and controls",
                "Security reviewer",
            ),
        ],
    ),
    (
        "## Trigger Conditions",
        [
            (
                "- Security workflow failures indicating real exposure (`secret scan`, "
                "`codeql analysis`, dependency criticals)."
            ),
            "- Reports from customers, security researchers, or team members.",
            "- Production alarms for auth/data boundary failures or severe outages.",
        ],
    ),
    ("## Response Timeline (Checklist)", []),
    (
        "### 0-15 Minutes",
        [
            "- Open incident channel and assign IC.",
            "- Record start time, suspected scope, and current impact.",
            "- Set initial severity (`critical`, `high`, `medium`, `low`).",
            "- Freeze risky deployments if incident is active in production.",
        ],
    ),
    (
        "### 15-60 Minutes",
        [
            "- Assign mitigation owner and security owner.",
            "- Confirm blast radius:",
            "  - affected tenants/users",
            "  - affected endpoints/services",
            "  - possible data exposure",
            "- Choose containment path:",
            "  - revoke key/token",
            "  - disable feature/route",
            "  - roll back deployment",
            "  - block malicious source patterns",
        ],
    ),
    (
        "### 1-4 Hours (Critical) / 1-24 Hours (High)",
        [
            "- Complete containment steps.",
            "- Validate containment with logs, smoke tests, and targeted checks.",
            "- Send first stakeholder update (impact, mitigation status, ETA).",
            "- Start permanent fix branch and test plan.",
        ],
    ),
    (
        "### Post-Containment",
        [
            "- Deploy permanent fix.",
            "- Verify no regression via quality + security checks.",
            "- Document exact timeline and decisions.",
            "- Close incident only after monitoring window confirms stability.",
        ],
    ),
    ("## Communication Templates", []),
    (
        "### Internal Update (Short)",
        [
            (
                "`Incident <ID> | Severity: <level> | Impact: <summary> | Mitigation: <status> | "
                "Next update: <time>`"
            )
        ],
    ),
    (
        "### Customer-Facing Update (If Needed)",
        [
            (
                "`We identified an issue affecting <scope>. We have contained the issue and are "
                "implementing a permanent fix. Current status: <status>. Next update by <time>.`"
            )
        ],
    ),
    (
        "## Evidence and Audit Requirements",
        [
            "- Save relevant logs, alerts, and commit/deploy identifiers.",
            "- Track key decisions in `docs/02-planning/decision-log.md`.",
            "- Link PRs and workflow runs used for containment and permanent fix.",
            "- Store postmortem in project docs and mark follow-up owners/due dates.",
        ],
    ),
    (
        "## Postmortem Template",
        [
            ("Field", "Details"),
            ("Incident ID", ""),
            ("Severity", ""),
            ("Start / End Time", ""),
            ("Detection Method", ""),
            ("Root Cause", ""),
            ("Customer Impact", ""),
            ("Containment Actions", ""),
            ("Permanent Fix", ""),
            ("Preventive Actions", ""),
            ("Owners and Due Dates", ""),
        ],
    ),
    (
        "## Recovery and Preventive Controls",
        [
            "- Add/adjust tests for failed boundary (tenant isolation, auth, validation).",
            "- Add security rule/check if missing (lint, CodeQL pattern, dependency policy).",
            "- Tighten alert threshold if detection lagged.",
            "- Track all preventive tasks to completion in weekly security review.",
        ],
    ),
    ("## Billing Provider Outage and Event Replay", []),
    (
        "### Trigger Conditions (Billing-Specific)",
        [
            "- Checkout creation fails repeatedly for a single provider (Stripe or Razorpay).",
            "- Webhook delivery failures spike or webhook retry backlog grows.",
            "- Subscription state in app diverges from provider dashboard for active workspaces.",
        ],
    ),
    (
        "### Immediate Response (0-30 Minutes)",
        [
            "- Declare incident with category `operational` and severity based on customer impact.",
            (
                "- Identify impacted provider (`stripe` or `razorpay`) and affected "
                "regions/workspaces."
            ),
            "- Freeze non-essential billing changes and notify stakeholders of degraded path.",
            (
                "- Switch user messaging in `/billing` and support channels to indicate provider "
                "degradation."
            ),
        ],
    ),
    (
        "### Containment (30-120 Minutes)",
        [
            "- Keep alternate provider path available where possible for new checkouts.",
            "- Pause risky manual edits to `billing_subscriptions` unless IC-approved.",
            "- Capture evidence:",
            "  - provider status page incident links",
            "  - failed request/webhook examples (sanitized)",
            "  - affected workspace IDs and timestamps",
        ],
    ),
    (
        "### Replay Procedure (Post-Recovery)",
        [
            "1. Confirm provider recovery and webhook delivery stability.",
            "2. Build replay window from outage start/end timestamps.",
            "3. Re-send provider events for impacted window (provider dashboard or API).",
            "4. Verify idempotency behavior (`billing_events` duplicate-safe writes).",
            "5. Reconcile sampled workspaces:",
            "   - provider subscription status",
            "   - internal `billing_subscriptions` status",
            "   - plan enforcement behavior in app",
            "6. Publish reconciliation summary with any manual corrections made.",
        ],
    ),
    (
        "### Exit Criteria",
        [
            "- New checkouts succeed for the impacted provider.",
            "- Replay completed with no unresolved subscription mismatches.",
            "- Stakeholder update sent with incident timeline and residual actions.",
        ],
    ),
    (
        "## Definition of Done (Incident Closed)",
        [
            "- Containment completed and verified.",
            "- Permanent fix deployed and monitored.",
            "- Stakeholder communication completed.",
            "- Postmortem published with actionable preventive work and owners.",
        ],
    ),
]

# Sections the first part has beyond the runbook it implements.
ADDED: list[tuple[str, list[str | tuple[str, ...]]]] = [
    (
        "### Customer-Facing Update Before Containment Is Verified",
        [
            (
                "`We identified an issue affecting <scope>. We are working to contain it. "
                "Current status: <status>. Next update by <time>.`"
            )
        ],
    ),
]


def sections(markdown: str) -> list[tuple[str, list[str | tuple[str, ...]]]]:
    """Every heading with its lines; rules, blank lines and comments apart."""
    found: list[tuple[str, list[str | tuple[str, ...]]]] = []
    for line in markdown.splitlines():
        if line.startswith("#"):
            found.append((line, []))
        elif line and not line.startswith("<!--") and not re.fullmatch(r"[| -]+", line):
            found[-1][1].append(cells(line))
    return found


def cells(line: str) -> str | tuple[str, ...]:
    if not line.startswith("|"):
        return line
    return tuple(cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|"))


def first_part() -> tuple[list[str], list[tuple[str, list[str | tuple[str, ...]]]]]:
    _, front, body = DOCUMENT.read_text(encoding="utf-8").split("---\n", maxsplit=2)
    return front.splitlines(), sections(body.partition(f"## {SECOND_PART}\n")[0])


def test_the_front_says_who_owns_the_runbook() -> None:
    assert first_part()[0] == FRONT


def test_headings_stand_in_the_runbooks_order() -> None:
    added = {heading for heading, _ in ADDED}
    headings = [heading for heading, _ in first_part()[1]]
    assert [heading for heading in headings if heading not in added] == [
        heading for heading, _ in EXPECTED
    ]


@pytest.mark.parametrize(("heading", "lines"), EXPECTED + ADDED)
def test_each_section_holds_exactly_the_runbooks_lines(
    heading: str, lines: list[str | tuple[str, ...]]
) -> None:
    assert [found for name, found in first_part()[1] if name == heading] == [lines]


def test_the_first_part_holds_nothing_else() -> None:
    assert len(first_part()[1]) == len(EXPECTED) + len(ADDED)


def test_the_committed_document_is_what_the_shipped_policy_renders() -> None:
    fresh = render(default())
    assert fresh == DOCUMENT.read_text(encoding="utf-8"), (
        "stale: tocsin runbook render --out docs/runbook.md"
    )


def test_the_second_part_says_the_numbers_the_program_goes_by() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"## {SECOND_PART}\n")[2]
    for line in (
        "- One business day is 9 hours of working time.",
        "- Friday: 09:00-18:00.",
        "- Saturday: closed.",
        "07 Sep (Labor Day)",
        (
            "| Critical | page | sms, webhook, chat, mail | mail, chat | "
            "0 minutes: primary; 5 minutes: primary, backup; 10 minutes: "
            "primary, backup, engineering lead; 15 minutes: all; then every 5 minutes, "
            "6 times; then every 30 minutes, until acknowledged | 30 minutes |"
        ),
        "| Medium | 1 business day / 3 business days / at fix | on decision |",
        "| Low | at opening / on decision / at closing | on decision |",
        "- Critical: 72 hours of monitoring after fix and last clear signal.",
        "- Any other criterion can be waived for 14 days at most.",
        "- A matching signal within 7 days of closing reopens the incident",
    ):
        assert line in text
