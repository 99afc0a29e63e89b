"""The part of the rendered runbook that says precisely what the program does with the first part.

Business time, paging, lateness, updates, closing and triage: the numbers of the policy, in words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.incidents.runbook.policy import CriterionSection, RuleMode
from tocsin.incidents.runbook.targets import Elapsed
from tocsin.policy.compiled.targets import format_due, format_minutes
from tocsin.policy.render.markdown import bullets, capital, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tocsin.incidents.runbook.paging import Escalation
    from tocsin.incidents.runbook.policy import (
        AccessRow,
        Noise,
        Policy,
        TriageRule,
        UpdateCadence,
        UpdateDue,
        Work,
    )
    from tocsin.incidents.vocabulary import ClockName, Role

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def rules(policy: Policy) -> Iterator[str]:
    """The blocks of the second part, headings first."""
    yield (
        "## Rules Tocsin Applies\n\nClocks run from the moment a signal or report is accepted. A"
        " target in hours is elapsed time, day and night; a target in business days is counted"
        " below."
    )
    yield f"### Business Time\n{bullets(_business_time(policy))}"
    yield f"### Duty\n\n{_duty(policy)}\n\n{bullets(_paged_first(policy))}"
    yield f"### Paging Until Somebody Acknowledges\n\n{_paging(policy)}"
    yield f"### When a Phase Is Late\n\n{_phases(policy)}"
    yield f"### Updates\n\n{_updates(policy)}\n\n{bullets(_wording(policy))}"
    yield f"### The Chat Room\n{bullets(_chat_room(policy))}"
    yield f"### Monitoring, Closing, Reopening\n{bullets(_closing(policy))}"
    yield f"### Limits\n{bullets(_limits(policy))}"
    yield f"### What a Subscription Gives\n\n{_access(policy)}\n\n{bullets(_confirmed(policy))}"
    yield f"### What May Be Changed in Billing During an Incident\n\n{_essential(policy)}"
    yield f"### What an Alarm Means\n\n{_triage(policy)}"
    if policy.noise is not None:
        yield f"### What Is Noise\n{bullets(_noise(policy.noise))}"
    if policy.work is not None:
        yield f"### What Is Work on a Fix\n{bullets(_work(policy.work))}"


def _business_time(policy: Policy) -> Iterator[str]:
    calendar = policy.calendar
    yield f"Time zone: {calendar.zone}."
    yield f"One business day is {format_minutes(calendar.minutes_per_day)} of working time."
    for weekday, name in enumerate(WEEKDAYS):
        spans = calendar.weekly_hours.get(weekday, ())
        shown = ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans)
        yield f"{name}: {shown or 'closed'}."
    yield (
        "A deadline in business days is the earliest instant at which the minutes are used up:"
        " closing time, not the next opening."
    )
    for year, days in _by_year(policy).items():
        shown = ", ".join(f"{day:%d %b} ({policy.closed_names[day]})" for day in days)
        yield f"Closed in {year}: {shown}."
    yield f"Calendar version: `{calendar.version}`."


def _by_year(policy: Policy) -> dict[int, list[date]]:
    """Closed dates on which there would be work, by year."""
    years: dict[int, list[date]] = {}
    for day in policy.closed_names:
        if policy.calendar.weekly_hours.get(day.weekday()):
            years.setdefault(day.year, []).append(day)
    return years


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _duty(policy: Policy) -> str:
    roster = policy.roster
    rows = (
        (
            row.title,
            f"`{roster.primary[role]}`",
            f"`{roster.backup[role]}`",
            _deputies(policy, role),
        )
        for role, row in policy.roles.items()
    )
    return table(("Role", "On duty", "Backup on duty", "Deputies, in order"), rows)


def _deputies(policy: Policy, role: Role) -> str:
    return ", ".join(f"`{person}`" for person in policy.roster.deputies.get(role, ())) or "none"


def _paged_first(policy: Policy) -> Iterator[str]:
    for category, roles in policy.roster.paged.items():
        titles = " and ".join(policy.roles[role].title for role in roles)
        yield f"{capital(category)} incidents first reach: {titles}."
    yield f"Engineering lead: `{policy.roster.engineering_lead}`."


def _paging(policy: Policy) -> str:
    rows = []
    for severity, row in policy.severities.items():
        ladder = row.escalation
        how = "page" if ladder.pages else "mail only; the backup at the due time"
        timeout = ladder.acknowledge_timeout
        rows.append(
            (
                capital(severity),
                how,
                ", ".join(ladder.ways) if ladder.pages else "none",
                ", ".join(ladder.quiet_ways),
                "; ".join(_steps(ladder)),
                "none" if timeout is None else format_due(timeout),
            )
        )
    header = (
        "Severity",
        "How",
        "Ways of a page, in order",
        "Ways of other messages",
        "When and whom",
        "Asked again after silence of",
    )
    return table(header, rows)


def _steps(ladder: Escalation) -> Iterator[str]:
    for step in ladder.steps:
        whom = ", ".join(step.audiences).replace("_", " ")
        yield f"{format_minutes(step.after_minutes)}: {whom}"
    for repeat in ladder.repeats:
        times = "until acknowledged" if repeat.times is None else f"{repeat.times} times"
        yield f"then every {format_minutes(repeat.every_minutes)}, {times}"


def _phases(policy: Policy) -> str:
    header = ("Phase", *map(capital, policy.severities))
    rows = (
        (phase.title, *(_phase_due(phase.due[severity]) for severity in policy.severities))
        for phase in policy.phases.values()
    )
    return table(header, rows)


def _phase_due(due: Elapsed | ClockName) -> str:
    return format_due(due) if isinstance(due, Elapsed) else f"with the {due} clock"


def _updates(policy: Policy) -> str:
    header = ("Severity", "Stakeholders: first / then / after containment", "Customers: the same")
    rows = (
        (capital(severity), _cadence(row.internal_updates), _cadence(row.customer_updates))
        for severity, row in policy.severities.items()
    )
    return table(header, rows)


def _cadence(cadence: UpdateCadence) -> str:
    parts = (cadence.first, cadence.then, cadence.after_containment)
    return "on decision" if not any(parts) else " / ".join(map(_part, parts))


def _part(due: UpdateDue | None) -> str:
    return "on decision" if due is None else format_due(due)


def _wording(policy: Policy) -> Iterator[str]:
    for template in policy.templates.values():
        if template.needs_containment:
            yield f"“{template.title}” cannot be sent before containment is verified."
        if template.claims:
            said = ", ".join(f"“{claim}”" for claim in template.claims)
            yield f"Nor can any update that says {said}."


def _chat_room(policy: Policy) -> Iterator[str]:
    room = policy.chat_room
    if room is None:
        yield "Nothing is told in a chat room."
        return
    yield "Where a stage has a chat room, each incident has one thread in it."
    yield f"Told there: {', '.join(room.tells).replace('_', ' ')}."
    yield f"Of incidents of category: {', '.join(room.categories)}."
    yield "Of a restricted incident: its severity, its id and “restricted”."


def _closing(policy: Policy) -> Iterator[str]:
    for severity, row in policy.severities.items():
        window = format_due(row.monitoring)
        yield f"{capital(severity)}: {window} of monitoring after fix and last clear signal."
    yield (
        f"A signal that clears within {format_minutes(policy.limits.flap_minutes)} starts the"
        " window again; a longer one means containment is lost."
    )
    for criterion in policy.criteria:
        if criterion.section is CriterionSection.ADDED:
            yield f"Also needed to close: {criterion.text}"
        if criterion.never_waived_for:
            shown = ", ".join(criterion.never_waived_for)
            yield f"Never waived ({shown}): {criterion.text}"
    yield f"Any other criterion can be waived for {policy.limits.waiver_days} days at most."
    yield (
        f"A matching signal within {format_minutes(policy.limits.reopen_window_minutes)} of closing"
        " reopens the incident; a later one opens a new incident that is linked to it."
    )


def _limits(policy: Policy) -> Iterator[str]:
    limits, sampling = policy.limits, policy.sampling
    yield f"One pause of the fix clock: {format_minutes(limits.pause_minutes)} at most."
    yield (
        "A deployment freeze ends with verified containment, or up to"
        f" {format_minutes(limits.freeze_extension_minutes)} later when the commander extends it,"
        f" with a warning {format_minutes(limits.freeze_warning_minutes)} before."
    )
    unread = "wait" if limits.freeze_fails_closed else "go on, and the answer says so loudly"
    yield f"While nobody can read whether deployments are frozen, they {unread}."
    yield f"A report from outside is triaged within {format_minutes(limits.report_triage_minutes)}."
    yield (
        "A fix that waits for a release nobody planned is listed for the weekly security review:"
        " the security owner and the commander hear of it in the first working minute of each week."
        " Of a waiver that ran out unmet the security owner hears at once and then once a week."
    )
    yield (
        "Who owes an update is reminded"
        f" {format_minutes(limits.update_reminder_minutes)} before it is due."
    )
    yield (
        f"Whoever has overdue work is reminded every {format_minutes(limits.nag_minutes)},"
        f" {limits.nag_times} times; then the backup, then the commander."
    )
    yield (
        "Reconciliation reads every workspace the outage touched, and of the others enough to be"
        f" {sampling.confidence_percent} % confident that fewer than {sampling.wrong_percent} %"
        f" are wrong, with at least {sampling.per_stratum} per status and plan."
    )


def _noise(noise: Noise) -> Iterator[str]:
    yield "Signals of one key are one incident. Worse is a raise, and a clear closes nothing."
    yield (
        f"Where a rule groups, what comes within {format_minutes(noise.grouping_minutes)} of the"
        " opening, of the same service and environment, joins the incident."
    )
    yield (
        f"A signal that has changed {noise.flapping_changes} times within"
        f" {format_minutes(noise.flapping_minutes)} is flapping: while its incident is open, its"
        f" changes are held until it has been quiet for {format_minutes(noise.quiet_minutes)}, and"
        f" for {format_minutes(noise.flapping_longest_minutes)} at most."
    )
    yield (
        "A maintenance window says what it holds back and who set it, and ends by itself after"
        f" {format_minutes(noise.maintenance_minutes)} at most."
    )
    yield "What was held back is looked at again when the reason ends. All of it is on record."


def _work(work: Work) -> Iterator[str]:
    yield (
        "A pull request that names the incident, `INC-142`, is linked, and so is its commit once it"
        " is merged. It opens, acknowledges and fixes nothing: a person says which commit is the"
        " fix."
    )
    for kind, patterns in (("Quality", work.quality), ("Security", work.security)):
        shown = ", ".join(f"`{pattern}`" for pattern in patterns)
        yield f"{kind} checks of a commit are runs of: {shown or 'none'}."
    environments = ", ".join(f"`{name}`" for name in work.production)
    for pattern, minutes in work.expected.items():
        yield (
            f"`{pattern}` has to run at least every {format_minutes(minutes)}; where it stays away"
            " for longer, and a fifth of that, a control is blind."
        )
    yield f"All of production is the environment: {environments or 'none'}."


def _access(policy: Policy) -> str:
    rows = (
        (
            capital(status).replace("_", " "),
            row.access,
            row.in_incident,
            "yes" if row.until_period_end else "",
            "" if row.grace_days is None else f"{row.grace_days} days",
        )
        for name, row in policy.billing.access.items()
        for status, row in _with_collection_paused(name, row)
    )
    header = (
        "Subscription is",
        "Access",
        "While a billing incident is open",
        "Paid period used",
        "Grace after what was paid",
    )
    return table(header, rows)


def _with_collection_paused(status: str, row: AccessRow) -> Iterator[tuple[str, AccessRow]]:
    """The row of a status, and one for while the provider takes no money though it stays."""
    yield status, row
    if (paused := row.collection_paused) is not None:
        yield f"{status}, collection paused", replace(row, access=paused, grace_days=None)


def _confirmed(policy: Policy) -> Iterator[str]:
    yield (
        "A correction by a person comes before all of this, until its end. To a status without"
        " access it takes away at once what was paid too, unless it says until when."
    )
    named = ", ".join(policy.billing.confirm) or "no provider"
    yield f"An answer that came early is asked for once more, later: {named}."


def _essential(policy: Policy) -> str:
    named = ", ".join(change.replace("_", " ") for change in policy.billing.essential) or "nothing"
    return (
        "While an incident freezes billing, only this may be changed, by the policy that the"
        f" incident was opened under: {named}."
    )


def named(rule: TriageRule) -> str:
    """The pattern of a name, or the words in it."""
    if not rule.words:
        return f"`{rule.pattern}`"
    return "the words " + ", ".join(f"`{phrase}`" for phrase in rule.words)


def besides(rule: TriageRule) -> Iterator[str]:
    """What else a rule asks or does, in words."""
    if rule.hints:
        yield f"where the source says {' or '.join(rule.hints)}"
    if rule.overheard:
        yield "where nobody sent it here on purpose"
    if rule.roles:
        yield f"pages {', '.join(role.replace('_', ' ') for role in rule.roles)} too"
    if rule.containment:
        yield f"contained first by {' or '.join(rule.containment)}"
    if rule.mode is RuleMode.MONITOR:
        yield "only recorded"
    if rule.unknown:
        yield "known to no other rule"
    yield from _quiet(rule)


def _quiet(rule: TriageRule) -> Iterator[str]:
    if rule.group:
        yield "others of the service join"
    if rule.at_least:
        yield f"from {rule.at_least} within {format_minutes(rule.within_minutes)} on"
    if rule.parents:
        yield f"held back while {' or '.join(rule.parents)} fires"
    if rule.unsteady:
        yield "also while it is flapping"


def _triage(policy: Policy) -> str:
    rows = (
        (
            rule.source,
            named(rule),
            rule.severity,
            rule.category,
            rule.service or "",
            "; ".join(besides(rule)),
        )
        for rule in policy.triage
    )
    head = ("Source", "First name that matches", "Severity", "Category", "Service", "Besides")
    return table(head, rows)
