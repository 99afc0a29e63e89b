"""What an outage did to customers: the report, over a time, of one provider or one workspace.

Lines are made of the log of attempts, of doubles, and of what the projections of the workspaces
that were touched say; the totals are the sums of the lines and of nothing else.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from functions.billing_api.moments import shown
from tocsin.billing.entitlement import Access, one_subscription
from tocsin.billing.impact import LatePayment, LostAccess, Records, impact
from tocsin.billing.subscription import Status
from tocsin.errors import BadInput
from tocsin.incidents.timeline import parse_time
from tocsin.providers.registry import PROVIDERS
from tocsin.runtime.http import answer

if TYPE_CHECKING:
    from functions.billing_api.answers import BillingImpact
    from functions.billing_api.call import Call
    from tocsin.billing.impact import WorkspaceImpact
    from tocsin.billing.ordering import Row
    from tocsin.runtime.http import Response

LONGEST = 31 * 86_400
_LATE = frozenset({Status.PAST_DUE, Status.SUSPENDED})


def report(call: Call) -> Response:
    """The report over `since` to `until`."""
    query, office = call.request.query, call.office
    until = _second(query.get("until"), "until") or office.now()
    since = _second(query.get("since"), "since")
    if since is None or not 0 <= until - since <= LONGEST:
        raise BadInput("`since` must be at most 31 days before `until`", field="since")
    provider, workspace = query.get("provider"), query.get("workspace")
    if provider is not None and provider not in PROVIDERS:
        raise BadInput(f"`provider` must be one of: {', '.join(PROVIDERS.names)}", field="provider")
    unsettled = office.checkouts.intents.unsettled()
    records = Records(
        attempts=office.checkouts.intents.attempts(since=since, until=until),
        doubles=tuple(
            each.double
            for each in unsettled
            if each.double is not None
            and since <= each.created <= until
            and (provider is None or any(leg.provider == provider for leg in each.double.others))
        ),
    )
    if workspace is not None:
        records = records.of(workspace)
    touched = records.workspaces | ({workspace} if workspace else set())
    late, lost = _from_projections(call, touched, since, until)
    records = Records(records.attempts, late, lost, records.doubles)
    found = impact(records, since=since, until=until, provider=provider)
    totals = {name: value for name, value in asdict(found).items() if name != "workspaces"}
    view = totals | {
        "since": shown(since),
        "until": shown(until),
        "workspaces": [_line(each, until) for each in found.workspaces],
    }
    return answer(200, cast("BillingImpact", view))


def _from_projections(
    call: Call, workspaces: set[str], since: int, until: int
) -> tuple[tuple[LatePayment, ...], tuple[LostAccess, ...]]:
    """Payments that became late in that time, and access that was lost and still is."""
    office, late, lost = call.office, [], []
    prices = {
        name: (price.amount, currency)
        for (_, currency), price in office.checkouts.policies.policy().prices.items()
        for name in price.ids.values()
    }
    for workspace in sorted(workspaces):
        for identity, row in office.projection.of_workspace(workspace):
            subscription = row.subscription
            if subscription is None or row.since is None or not since <= row.since <= until:
                continue
            amount, currency = prices.get(subscription.plan, (0, "???"))
            if subscription.status in _LATE:
                late.append(
                    LatePayment(
                        workspace,
                        identity.provider,
                        subscription.id,
                        amount,
                        currency,
                        row.since,
                        None,
                    )
                )
            if _without_access(call, row):
                lost.append(LostAccess(workspace, row.since, None, amount, currency))
    return tuple(late), tuple(lost)


def _without_access(call: Call, row: Row) -> bool:
    """Whether it gives no access now, as the product is told."""
    office = call.office
    maybe = office.incidents.billing(office.now())
    given = one_subscription(
        row, office.rules.access, now=office.now(), incident_open=maybe is None or bool(maybe)
    )
    return given is not None and given.access is Access.NO


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
