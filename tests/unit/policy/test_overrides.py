"""A team's own runbook: what may differ, what may not, and where the error points."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.unit.policy.builders import overridden, problems_of
from tocsin.incidents.runbook.paging import PAGE_WAYS, QUIET_WAYS, PageRepeat
from tocsin.incidents.runbook.targets import BusinessDays, Elapsed
from tocsin.incidents.vocabulary import (
    Category,
    ClockName,
    Phase,
    Role,
    RoomNews,
    Severity,
    WayKind,
)
from tocsin.policy.compiled.policies import default, from_json, plain, to_json
from tocsin.policy.compiled.seal import seal
from tocsin.policy.render.runbook import render


def test_nothing_overridden_is_the_shipped_policy() -> None:
    assert overridden("") == default()


def test_only_what_is_named_differs() -> None:
    policy = overridden("""
        severities:
          critical: { acknowledge: 10 minutes }
          low: { fix: 30 business days }
        """)
    targets = policy.severities[Severity.CRITICAL].targets
    assert targets[ClockName.ACKNOWLEDGE] == Elapsed(10)
    assert targets[ClockName.CONTAIN] == Elapsed(240)
    assert policy.severities[Severity.LOW].targets[ClockName.FIX] == BusinessDays(30)
    assert policy.severities[Severity.HIGH] == default().severities[Severity.HIGH]
    assert policy.checklist == default().checklist


def test_two_policies_that_differ_never_share_a_version() -> None:
    one, other = overridden("limits: {flap: 11 minutes}"), overridden("limits: {flap: 12 minutes}")
    assert len({one.version, other.version, default().version}) == 3
    assert overridden("version: acme-7").version.startswith("acme-7+")


def test_a_checklist_line_is_removed_reworded_narrowed_and_added() -> None:
    policy = overridden("""
        phases:
          0-15m:
            items:
              open-channel: null
              record-start: Write the start down.
              set-severity: { severities: [critical, high] }
              call-counsel: { text: Call counsel., categories: [security] }
        """)
    items = {item.id: item for item in policy.checklist}
    assert "open-channel" not in items
    assert items["record-start"].text == "Write the start down."
    assert items["set-severity"].severities == (Severity.CRITICAL, Severity.HIGH)
    assert items["set-severity"].text.startswith("Set initial severity")
    assert items["call-counsel"].categories == (Category.SECURITY,)
    first = [item.id for item in policy.checklist if item.phase is Phase.FIRST_15_MINUTES]
    assert first[-1] == "call-counsel"


def test_people_and_ladders_are_a_teams_own() -> None:
    policy = overridden("""
        roles: { mitigation_owner: { primary: alex } }
        severities: { high: { paging: { repeats: [{ every: 1 hour, times: 3 }] } } }
        """)
    assert policy.roster.primary[Role.MITIGATION_OWNER] == "alex"
    assert policy.severities[Severity.HIGH].escalation.repeats == (PageRepeat(60, 3),)
    assert len(policy.severities[Severity.HIGH].escalation.steps) == 4


def test_a_teams_triage_rule_is_tried_first() -> None:
    policy = overridden("""
        triage:
          ours: { source: cloudwatch, pattern: "acme-*", severity: low, category: production }
        """)
    assert [rule.id for rule in policy.triage][:2] == ["ours", "no-payment-path"]


def test_another_country_and_subdivision_has_its_own_holidays() -> None:
    berlin = overridden("""
        business_time:
          zone: Europe/Berlin
          public_holidays: { country: DE, subdivision: BE }
        """)
    assert date(2026, 4, 3) in berlin.calendar.closed_dates
    assert date(2026, 4, 6) in berlin.calendar.closed_dates
    assert date(2026, 3, 8) in berlin.calendar.closed_dates, "women's day, in Berlin only"
    assert date(2026, 9, 7) not in berlin.calendar.closed_dates
    assert berlin.calendar.version != default().calendar.version
    assert "holidays-" in berlin.calendar.version
    assert "tzdata-" in berlin.calendar.version


def test_own_closed_dates_and_worked_holidays() -> None:
    policy = overridden("""
        business_time:
          closed_dates: { 2026-12-24: Company shutdown }
          open_dates: [2026-10-12]
        """)
    assert policy.closed_names[date(2026, 12, 24)] == "Company shutdown"
    assert date(2026, 10, 12) not in policy.calendar.closed_dates
    none = overridden("business_time: { public_holidays: null }")
    assert not none.calendar.closed_dates


def test_working_hours_of_several_spans() -> None:
    policy = overridden("business_time: { hours: { saturday: [10:00-12:00, 13:00-24:00] } }")
    assert policy.calendar.weekly_hours[5] == ((600, 720), (780, 1440))


@pytest.mark.parametrize(
    ("yaml", "where", "says"),
    [
        # shape
        ("severity: {}", "1:1: severity", "no such key"),
        ("severities:\n  hihg: {contain: 1 hour}", "2:3: severities.hihg", "'critical'"),
        ("limits:\n  pause: 3", "2:3: limits.pause", "written as text"),
        ("limits:\n  waiver_days: '3'", "2:3: limits.waiver_days", "valid integer"),
        ("limits: {waiver_days: 0}", "1:10: limits.waiver_days", "greater than"),
        ("engineering_lead: 7", "1:1: engineering_lead", "put it in quotes"),
        ("engineering_lead: Ann Lee", "1:1: engineering_lead", "pattern"),
        ("schema_version: 2", "1:1: schema_version", "should be 1"),
        ("document: null", "1:1: document", "cannot be removed"),
        ("document: {purpose: ''}", "1:12: document.purpose", "at least 1"),
        ("severities:\n  low: null", "2:3: severities.low", "cannot be removed"),
        ("roles: {security_owner: null}", "1:9: roles.security_owner", "cannot be removed"),
        ("phases: {0-15m: {due: {low: null}}}", "1:24: phases.0-15m.due.low", "cannot be removed"),
        ("phases: {0-15m: null}", "1:10: phases.0-15m", "cannot be removed"),
        ("paged: {security: []}", "1:9: paged.security", "at least 1"),
        ("severities: {low: {fix: later}}", "1:20: severities.low.fix", "next release"),
        (
            "severities: {low: {internal_updates: {first: next release}}}",
            "1:39: severities.low.internal_updates.first",
            "at opening",
        ),
        ("phases: {0-15m: {due: {low: soon}}}", "1:24: phases.0-15m.due.low", "90 minutes"),
        # what needs more than one key to judge
        (
            "severities: {high: {contain: 10 minutes}}",
            "1:21: severities.high.contain",
            "due before `acknowledge`",
        ),
        (
            "severities: {high: {acknowledge: 10 minutes}}",
            "severities.critical.acknowledge",
            "slower than the next lower severity",
        ),
        (
            "severities: {medium: {contain: next release}}",
            "1:23: severities.medium.contain",
            "only a fix",
        ),
        (
            "severities: {high: {fix: next release}}",
            "1:21: severities.high.fix",
            "slower than the next lower severity",
        ),
        (
            "severities: {low: {paging: {steps: [{after: 5 minutes, page: [all]}]}}}",
            "1:38: severities.low.paging.steps.0.after",
            "0 minutes",
        ),
        (
            (
                "severities: {low: {paging: {steps:\n  [{after: 0 minutes, page: [all]},\n"
                "  {after: 0 minutes, page: [all]}]}}}"
            ),
            "3:4: severities.low.paging.steps.1.after",
            "later than",
        ),
        (
            "severities: {high: {paging: {repeats: [{every: 1 hour}, {every: 2 hours}]}}}",
            "1:40: severities.high.paging.repeats.0",
            "never reached",
        ),
        (
            "severities: {high: {paging: {repeats: [{every: 0 minutes}]}}}",
            "1:41: severities.high.paging.repeats.0.every",
            "longer than nothing",
        ),
        (
            "phases: {15-60m: {items: {open-channel: Again.}}}",
            "1:27: phases.15-60m.items.open-channel",
            "has this id",
        ),
        (
            "criteria: {definition_of_done: {postmortem_published: null}}",
            "1:33: criteria.definition_of_done.postmortem_published",
            "waived, never removed",
        ),
        (
            "criteria: {added: {moon_is_full: Wait for it.}}",
            "1:20: criteria.added.moon_is_full",
            "nothing can tell",
        ),
        (
            "criteria: {definition_of_done: {containment_verified: {never_waived_for: []}}}",
            "1:56: criteria.definition_of_done.containment_verified.never_waived_for",
            "always names critical",
        ),
        (
            "criteria: {added: {timeline_intact: {never_waived_for: [critical]}}}",
            "1:38: criteria.added.timeline_intact.never_waived_for",
            "high, low, medium",
        ),
        ("templates: {internal: null}", "1:13: templates.internal", "cannot be removed"),
        (
            "templates: {internal: {text: 'Hello <name>'}}",
            "1:24: templates.internal.text",
            "<name> is never filled in",
        ),
        (
            "templates: {customer: {needs_containment: false}}",
            "1:24: templates.customer.needs_containment",
            "must be true",
        ),
        (
            "templates: {customer: {text: 'In <scope>: contained.'}}",
            "1:13: templates.customer.claims",
            "names the words that claim containment",
        ),
        (
            "templates: {internal: {claims: [it is over]}}",
            "1:24: templates.internal.claims",
            "needs_containment",
        ),
        ("triage: {any-alarm: null}", "1:1: triage", "must have the pattern `*`"),
        (
            "triage: {all: {source: cloudwatch, pattern: '*', severity: low, category: security}}",
            "triage.no-payment-path",
            "never reached",
        ),
        ("business_time: {zone: Mars/Base}", "1:17: business_time.zone", "no time zone"),
        (
            "business_time: {hours: {monday: [18:00-09:00]}}",
            "1:17: business_time.hours",
            "backwards",
        ),
        ("business_time: {hours: {monday: [9-18]}}", "1:34: business_time.hours.monday.0", "09:00"),
        ("business_time: {hours: {monday: ['09:00']}}", "hours.monday.0", "09:00-18:00"),
        ("business_time: {hours: {monday: [09:00-24:01]}}", "hours.monday.0", "no time of day"),
        (
            "business_time: {public_holidays: {country: ZZ}}",
            "1:35: business_time.public_holidays.country",
            "no public holidays are known",
        ),
        (
            "business_time: {public_holidays: {subdivision: Atlantis}}",
            "business_time.public_holidays.country",
            "no public holidays are known",
        ),
        (
            "business_time: {public_holidays: {last_year: 2020}}",
            "1:35: business_time.public_holidays.last_year",
            "before `first_year`",
        ),
        ("business_time: {closed_dates: {someday: x}}", "closed_dates.someday", "`2026-09-07`"),
    ],
)
def test_a_wrong_override_is_refused_at_its_line_and_key(yaml: str, where: str, says: str) -> None:
    found = [str(problem) for problem in problems_of(yaml)]
    matching = [line for line in found if where in line and says in line]
    assert matching, found
    if where[0].isdigit():
        assert matching[0].startswith(f"mine.yaml:{where}")


def test_below_an_unknown_key_nothing_else_is_reported() -> None:
    assert len(problems_of("severities: {hihg: {contain: 3 hours}}")) == 1


def test_all_problems_are_reported_in_the_order_of_the_file() -> None:
    problems = problems_of("""
        limits: { pause: 1 business day, flap: soon }
        nonsense: 1
        """)
    assert [(problem.line, problem.key) for problem in problems] == [
        (2, "limits.pause"),
        (2, "limits.flap"),
        (3, "nonsense"),
    ]


def test_the_example_of_the_how_to_is_a_valid_override() -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "change-the-runbook.md"
    example = page.read_text().split("```yaml\n")[1].split("```")[0]
    policy = overridden(example)
    assert policy.version.startswith("acme-1+")
    assert policy.triage[0].id == "search"


def test_the_chat_room_is_a_teams_own_and_can_be_none() -> None:
    shipped = default().chat_room
    assert shipped is not None
    assert set(shipped.tells) == set(RoomNews)
    assert set(shipped.categories) == set(Category)
    quiet = overridden("chat_room: { tells: [opened, closed] }").chat_room
    assert quiet is not None
    assert quiet.tells == (RoomNews.OPENED, RoomNews.CLOSED)
    assert quiet.categories == shipped.categories
    none = overridden("chat_room: null")
    assert none.chat_room is None
    assert from_json(to_json(none)) == none
    assert "Nothing is told in a chat room." in render(none)


@pytest.mark.parametrize(
    ("yaml", "key"),
    [
        ("chat_room: { tells: [weather] }", "chat_room.tells.0"),
        ("chat_room: { tells: [] }", "chat_room.tells"),
        ("chat_room: { categories: [] }", "chat_room.categories"),
        ("chat_room: { name: incidents }", "chat_room.name"),
    ],
)
def test_a_chat_room_of_another_shape_is_refused(yaml: str, key: str) -> None:
    assert [problem.key for problem in problems_of(yaml)] == [key]


def test_a_policy_compiled_before_there_were_rooms_tells_nothing() -> None:
    document = plain(default())
    del document["chat_room"]
    document["version"] = seal("default-1", document)
    assert from_json(json.dumps(document).encode()).chat_room is None


def test_the_order_of_ways_is_a_teams_own_for_each_severity() -> None:
    policy = overridden("""
        severities:
          critical: { paging: { ways: [webhook, sms] } }
          low: { paging: { quiet_ways: [chat] } }
        """)
    ladders = {severity: row.escalation for severity, row in policy.severities.items()}
    assert ladders[Severity.CRITICAL].ways == (WayKind.WEBHOOK, WayKind.SMS)
    assert ladders[Severity.HIGH].ways == PAGE_WAYS
    assert ladders[Severity.MEDIUM].ways == ()
    assert ladders[Severity.LOW].quiet_ways == (WayKind.CHAT,)
    assert ladders[Severity.CRITICAL].quiet_ways == QUIET_WAYS
    assert from_json(to_json(policy)) == policy


@pytest.mark.parametrize(
    ("paging", "key", "says"),
    [
        ("critical: { paging: { ways: [mail] } }", "critical.paging.ways", "mail alone"),
        ("critical: { paging: { ways: [mail, sms] } }", "critical.paging.ways", "comes last"),
        ("critical: { paging: { ways: [sms, sms] } }", "critical.paging.ways", "twice"),
        ("critical: { paging: { ways: null } }", "critical.paging.ways", "by which ways"),
        ("low: { paging: { ways: [sms] } }", "low.paging.ways", "never used"),
        ("high: { paging: { quiet_ways: [sms] } }", "high.paging.quiet_ways.0", "sms rings"),
        ("high: { paging: { quiet_ways: [] } }", "high.paging.quiet_ways", "at least 1"),
        ("high: { paging: { ways: [pigeon] } }", "high.paging.ways.0", "sms"),
    ],
)
def test_a_page_rings_and_nothing_else_does_whatever_a_team_orders(
    paging: str, key: str, says: str
) -> None:
    (problem,) = problems_of(f"severities: {{ {paging} }}")
    assert problem.key == f"severities.{key}"
    assert says in problem.message


def test_a_policy_compiled_before_ways_were_in_it_keeps_the_order_there_was() -> None:
    document = plain(default())
    for row in document["severities"].values():
        del row["escalation"]["ways"], row["escalation"]["quiet_ways"]
    document["version"] = seal("default-1", document)
    for row in from_json(json.dumps(document).encode()).severities.values():
        assert (row.escalation.ways, row.escalation.quiet_ways) == (PAGE_WAYS, QUIET_WAYS)
