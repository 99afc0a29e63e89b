"""What a workspace may use: asked by the product on its way, and by people who wonder why."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from functions.billing_api.call import moment, moment_if
from functions.billing_api.resources.shapes import Entitlement, ItemGiven
from tocsin.billing.access.entitlement import Access, entitlement
from tocsin.billing.access.twice import running_twice
from tocsin.errors import BadInput, StoreUnavailable
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from functions.billing_api.call import Call
    from tocsin.runtime.web.http import Response

_WORKSPACE = re.compile(r"[\x21-\x7e]{1,128}")


def workspace_named(name: str, field: str = "id") -> str:
    """The name, if it is one. Raises `BadInput`."""
    if not _WORKSPACE.fullmatch(name):
        raise BadInput("a workspace is named by 1 to 128 visible ASCII characters", field=field)
    return name


def entitlement_of(call: Call) -> Response:
    """The entitlement of the path's workspace.

    A workspace nobody has heard of is no error: it has no subscription, and so no access.
    """
    workspace, office, now = workspace_named(call.id), call.office, call.office.now()
    rows = office.projection.of_workspace(workspace)
    incidents = office.incidents.billing(now)
    maybe = incidents is None or bool(incidents)
    found = entitlement(
        rows,
        office.rules.access,
        now=now,
        incident_open=maybe,
        add_ons=office.rules.add_ons,
    )
    if running_twice(rows, office.rules.add_ons):
        # Whoever wonders who pays twice finds it; the answer itself does not depend on that.
        with suppress(StoreUnavailable):
            office.twice.note(workspace, now=now)
    view = view_of(
        Entitlement,
        found,
        workspace=workspace,
        asked=maybe and found.access is Access.NO and office.activations.ask(rows, now=now),
        items=tuple(
            ItemGiven(plan=each.plan, quantity=each.quantity, until=moment(each.end))
            for each in found.items
        ),
        since=moment_if(found.since),
        event=found.source,
        period_end=moment_if(found.period_end),
        paid_until=moment_if(found.paid_until),
        until=moment_if(found.until),
        ends_at=moment_if(found.ends_at),
        corrected_until=moment_if(found.corrected_until),
        incidents=incidents or (),
        as_of=moment(now),
    )
    return answer(200, view)
