"""What an outage did to customers: the report, over a time, of one provider or one workspace.

Lines are made of the log of attempts, of doubles, of what the ledger tells of subscriptions in that
time, of what projections say beyond that, and of the log of corrections; the totals are the sums of
the lines and of nothing else.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

from functions.billing_api.moments import shown
from tocsin.billing.access.corrections import LONGEST_SECONDS, gave_access, month_of
from tocsin.billing.access.entitlement import Access, one_subscription
from tocsin.billing.outage.history import (
    NOTICED_LATE,
    OWING,
    TAKEN_AWAY,
    Told,
    late_payments,
    lost_access,
)
from tocsin.billing.outage.impact import Records, impact
from tocsin.billing.projection.ordering import Row
from tocsin.billing.subscription import Status
from tocsin.errors import BadInput
from tocsin.incidents.timeline.entry import parse_time
from tocsin.providers.registry import PROVIDERS
from tocsin.runtime.web.http import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from functions.billing_api.call import Call
    from functions.billing_api.office import Office
    from functions.billing_api.resources.shapes import BillingImpact
    from tocsin.billing.access.corrections import Logged
    from tocsin.billing.outage.history import History
    from tocsin.billing.outage.impact import WorkspaceImpact
    from tocsin.billing.subscription import Subscription
    from tocsin.runtime.web.http import Response

LONGEST = 31 * 86_400
_SHORTEST_MONTH = 28 * 86_400


def report(call: Call) -> Response:
    """The report over `since`, or the beginning of an incident's outage, to `until`."""
    query, office = call.request.query, call.office
    until = _second(query.get("until"), "until") or office.now()
    since = _since(call, until)
    if since is None or not 0 <= until - since <= LONGEST:
        raise BadInput("`since` must be at most 31 days before `until`", field="since")
    provider, workspace = query.get("provider"), query.get("workspace")
    if provider is not None and provider not in PROVIDERS:
        raise BadInput(f"`provider` must be one of: {', '.join(PROVIDERS.names)}", field="provider")
    declared = _second(query.get("declared"), "declared")
    unsettled = office.checkouts.intents.unsettled()
    history = office.history.between(since, until, now=office.now())
    doubles = tuple(
        each.double
        for each in unsettled
        if each.double is not None
        and since <= each.created <= until
        and (provider is None or any(leg.provider == provider for leg in each.double.others))
    )
    attempts = office.checkouts.intents.attempts(since=since, until=until)
    touched = Records(attempts, doubles=doubles).workspaces | _told_of(history)
    told = tuple(
        each
        for each in (*history.told, *_from_rows(office, touched, history, since, until))
        if each.state.workspace and provider in {None, each.provider}
    )
    price = _prices(office)
    records = Records(
        attempts=attempts,
        late=late_payments(told, since=since, until=until, price=price),
        lost=lost_access(
            told,
            since=since,
            until=until,
            price=price,
            access=_given(call, declared),
            corrected=gave_access(_corrections(office, since, until)),
        ),
        doubles=doubles,
    )
    if workspace is not None:
        records = records.of(workspace)
    found = impact(records, since=since, until=until, provider=provider)
    totals = {name: value for name, value in asdict(found).items() if name != "workspaces"}
    view = totals | {
        "since": shown(since),
        "until": shown(until),
        "history": "complete" if history.complete else "partial",
        "workspaces": [_line(each, until) for each in found.workspaces],
    }
    return answer(200, cast("BillingImpact", view))


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


def _told_of(history: History) -> set[str]:
    """Workspaces of which something was told that may have cost them time or access."""
    return {
        each.state.workspace
        for each in history.told
        if each.state.workspace
        and (
            each.state.status in OWING | TAKEN_AWAY | {Status.PENDING}
            or each.known_at - each.made_at > NOTICED_LATE
        )
    }


def _from_rows(
    office: Office, workspaces: set[str], history: History, since: int, until: int
) -> Iterator[Told]:
    """What the projections say beyond that: an event may be missing, or the provider was asked."""
    newest: dict[str, Told] = {}
    for each in history.told:
        known = newest.get(each.state.id)
        if known is None or known.made_at <= each.made_at:
            newest[each.state.id] = each
    for workspace in sorted(workspaces):
        for identity, row in office.projection.of_workspace(workspace):
            state, at = row.subscription, row.since
            if state is None or at is None or not since <= at <= until:
                continue
            told = newest.get(state.id)
            if told is None or (told.state.status is not state.status and told.made_at <= at):
                yield Told(identity.provider, replace(state, workspace=workspace), at, at)


def _corrections(office: Office, since: int, until: int) -> Iterator[Logged]:
    """The log of every month in which one was laid down that may have held between the two."""
    first = since - LONGEST_SECONDS
    months = {month_of(at) for at in (*range(first, until, _SHORTEST_MONTH), until)}
    for month in sorted(months):
        yield from office.corrections.store.month(month)


def _prices(office: Office) -> Callable[[str], tuple[int, str] | None]:
    prices = {
        name: (price.amount, currency)
        for (_, currency), price in office.checkouts.policies.policy().prices.items()
        for name in price.ids.values()
    }
    return prices.get


def _given(call: Call, declared: int | None) -> Callable[[Subscription, int], bool]:
    """Whether a state gives access at a time, as the product is told.

    While a billing incident is open it gives what policy keeps then: from `declared` on, or where
    that is not said, all the time if one is open now.
    """
    office = call.office
    if declared is None:
        maybe = office.incidents.billing(office.now())
        declared = 0 if maybe is None or maybe else None

    def given(state: Subscription, at: int) -> bool:
        open_then = declared is not None and declared <= at
        row = Row(ver=1, rev=1, subscription=state)
        found = one_subscription(row, office.rules.access, now=at, incident_open=open_then)
        return found is not None and found.access is not Access.NO

    return given


def _line(line: WorkspaceImpact, until: int) -> dict[str, Any]:
    plain = asdict(line)
    return plain | {
        "first_at": None if line.first_at is None else shown(line.first_at),
        "last_at": None if line.last_at is None else shown(line.last_at),
        "late": len(line.late),
        "doubles": len(line.doubles),
        "lost": [
            {
                "since": shown(each.since),
                "until": None if each.until is None else shown(each.until),
                "seconds": each.seconds(now=until),
            }
            for each in line.lost
        ],
    }


def _second(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        return int(parse_time(text).timestamp())
    except ValueError as error:
        raise BadInput(f"`{name}` must be a time with its zone", field=name) from error
