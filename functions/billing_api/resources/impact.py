"""What an outage did to customers: the report, over a time, of one provider or one workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.billing_api.call import moment, moment_if
from functions.billing_api.resources import shapes as s
from tocsin.application.billing.outage.impact import LONGEST, Asked
from tocsin.errors import BadInput
from tocsin.incidents import limits
from tocsin.providers.registry import PROVIDERS
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from functions.billing_api.call import Call
    from tocsin.billing.outage.impact import WorkspaceImpact
    from tocsin.runtime.web.http import Response


def report(call: Call) -> Response:
    """The report over `since`, or the beginning of an incident's outage, to `until`."""
    query, office = call.request.query, call.office
    until = _second(query.get("until"), "until") or office.now()
    if (since := _since(call, until)) is None:
        raise BadInput("`since` must be at most 31 days before `until`", field="since")
    provider = query.get("provider")
    if provider is not None and provider not in PROVIDERS:
        raise BadInput(f"`provider` must be one of: {', '.join(PROVIDERS.names)}", field="provider")
    asked = Asked(
        since=since,
        until=until,
        provider=provider,
        workspace=query.get("workspace"),
        declared=_second(query.get("declared"), "declared"),
    )
    found, complete = office.impacts.report(asked)
    view = view_of(
        s.BillingImpact,
        found,
        since=moment(since),
        until=moment(until),
        history="complete" if complete else "partial",
        workspaces=tuple(_line(each, until) for each in found.workspaces),
    )
    return answer(200, view)


def _since(call: Call, until: int) -> int | None:
    """The beginning that was asked for; else that of the incident's outage, as far as is kept.

    An incident is declared after the failures that declare it: they belong to the report.
    """
    query, who = call.request.query, call.caller
    incident = query.get("incident")
    if incident is None or "since" in query:
        return _second(query.get("since"), "since")
    windows = call.office.windows
    outage = windows.touched_from(incident, person=who.person, groups=who.groups)
    return max(until - LONGEST, min(until, outage))


def _line(line: WorkspaceImpact, until: int) -> s.WorkspaceImpact:
    return view_of(
        s.WorkspaceImpact,
        line,
        first_at=moment_if(line.first_at),
        last_at=moment_if(line.last_at),
        late=len(line.late),
        doubles=len(line.doubles),
        lost=tuple(
            s.LostSpell(
                since=moment(each.since),
                until=moment_if(each.until),
                seconds=each.seconds(now=until),
            )
            for each in line.lost
        ),
    )


def _second(text: str | None, name: str) -> int | None:
    return None if text is None else int(limits.moment(name, text).timestamp())
