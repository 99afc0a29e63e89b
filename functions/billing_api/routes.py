"""The routes of billing: one table from which requests are served and the document is written.

A route is one line here and one in `infra/routes.py`. Who asks comes from the gateway's proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from functions.billing_api import bodies
from functions.billing_api.call import Call
from functions.billing_api.resources import (
    checkout,
    corrections,
    doubles,
    entitlement,
    exit_checks,
    impact,
    reconciliation_shapes,
    reconciliations,
    replay_shapes,
    replays,
    shapes,
)
from tocsin.application.billing.outage import exit_answers
from tocsin.runtime.web.serving import Route, respond

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.billing_api.office import Office
    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.web.http import Request, Response
    from tocsin.runtime.web.identity import Caller, SignIn

ROUTES: Mapping[str, Route[Call]] = MappingProxyType(
    {
        "GET /v1/workspaces/{id}/entitlement": Route(
            "What a workspace may use now, and why", entitlement.entitlement_of, shapes.Entitlement
        ),
        "POST /v1/billing/corrections": Route(
            "Lay a correction over a subscription until a time",
            corrections.correct,
            shapes.Correction,
            (201, 200),
            body=bodies.Corrected,
        ),
        "POST /v1/billing/corrections/lift": Route(
            "Take a correction away before its time",
            corrections.lift,
            shapes.Correction,
            (201, 200),
            body=bodies.Lifted,
        ),
        "GET /v1/billing/corrections": Route(
            "The corrections of a month, oldest first",
            corrections.log,
            shapes.CorrectionLog,
            query={
                "month": "Like 202609, UTC; this month if left out.",
                "subscription": "Only this one's.",
            },
        ),
        "POST /v1/replays": Route(
            "Replay a window of a provider's events, or plan to (`dry_run`)",
            replays.start,
            replay_shapes.Replay,
            (202, 200),
            body=bodies.ReplayWanted,
        ),
        "GET /v1/replays/{id}": Route(
            "How far a replay has come, and what it found", replays.show, replay_shapes.Replay
        ),
        "POST /v1/replays/{id}/resume": Route(
            "Go on with a replay that stalled",
            replays.resume,
            replay_shapes.Replay,
            body=bodies.Nothing,
        ),
        "POST /v1/replays/{id}/steps": Route(
            "Say that a step by hand is done",
            replays.done,
            replay_shapes.Replay,
            body=bodies.StepDone,
        ),
        "POST /v1/replays/{id}/cancel": Route(
            "End a replay; what it inserted stays",
            replays.cancel,
            replay_shapes.Replay,
            body=bodies.Ended,
        ),
        "POST /v1/reconciliations": Route(
            "Compare providers, projection and enforcement",
            reconciliations.start,
            reconciliation_shapes.Reconciliation,
            (202, 200),
            body=bodies.ReconciliationWanted,
        ),
        "GET /v1/reconciliations/{id}": Route(
            "How far a reconciliation has come, and what it found",
            reconciliations.show,
            reconciliation_shapes.Reconciliation,
            query={
                "limit": "How many mismatches; 100 if left out, 500 at most.",
                "cursor": "The `next` of the page before.",
            },
        ),
        "GET /v1/reconciliations/{id}/report": Route(
            "The report of a reconciliation: JSON, Markdown and a matrix of statuses",
            reconciliations.report,
            reconciliation_shapes.ReconciliationReport,
        ),
        "POST /v1/reconciliations/{id}/heal": Route(
            "Have open mismatches put right, with an approval while an incident is open",
            reconciliations.heal,
            reconciliation_shapes.Reconciliation,
            (202,),
            body=bodies.HealingWanted,
        ),
        "POST /v1/reconciliations/{id}/accept": Route(
            "Leave a mismatch as it is, by name and with a reason",
            reconciliations.accept,
            reconciliation_shapes.Reconciliation,
            body=bodies.Accepted,
        ),
        "POST /v1/reconciliations/{id}/sign-off": Route(
            "Stand for a reconciliation by name",
            reconciliations.sign_off,
            reconciliation_shapes.Reconciliation,
            body=bodies.SignedOff,
        ),
        "POST /v1/reconciliations/{id}/resume": Route(
            "Go on with a reconciliation that stalled",
            reconciliations.resume,
            reconciliation_shapes.Reconciliation,
            body=bodies.Nothing,
        ),
        "POST /v1/billing/checkout": Route(
            "Start a checkout, at a provider that works",
            checkout.start,
            shapes.Checkout,
            (201,),
            body=bodies.CheckoutWanted,
        ),
        "GET /v1/billing/doubles": Route(
            "What may be charged twice: for one wish, or by what runs of a workspace",
            doubles.listed,
            shapes.DoubleList,
            query={
                "after": "The intent of the last one that is known: those behind it.",
                "workspace": "Only this one's.",
                "from_workspace": "The `running_next` of the page before.",
            },
        ),
        "POST /v1/billing/doubles/{id}/decision": Route(
            "Record which subscription is kept and what becomes of the others",
            doubles.decide,
            shapes.Double,
            (201, 200),
            body=bodies.DoubleDecided,
        ),
        "GET /v1/billing/impact": Route(
            "What a time without a provider did to customers",
            impact.report,
            shapes.BillingImpact,
            query={
                "since": "From when, with its zone; at most 31 days before `until`.",
                "incident": "Without `since`: from where this one's outage began.",
                "until": "Until when; now if left out.",
                "provider": "Only what failed at this provider.",
                "workspace": "Only this one's line.",
                "declared": "Since when an incident was open: policy kept access from then on.",
            },
        ),
        "POST /v1/billing/changes": Route(
            "Ask whether a change of billing may be made now",
            checkout.may_change,
            shapes.Permission,
            body=bodies.ChangeWanted,
        ),
        "POST /v1/billing/exit-checks": Route(
            "Have new checkouts examined for an incident's gate, with a probe on request",
            exit_checks.examine,
            exit_answers.CheckoutsExamined,
            body=bodies.ExitCheckWanted,
        ),
        "POST /v1/billing/final-updates": Route(
            "Send stakeholders the final update of a billing incident",
            exit_checks.send_final,
            exit_answers.FinalUpdateSent,
            body=bodies.FinalUpdate,
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The billing API of one stage."""

    office: Office
    watch: Watch
    sign_in: SignIn

    def respond(self, event: Mapping[str, Any]) -> Response:
        """Answers one request; whatever goes wrong is an answer too."""
        return respond(
            event,
            routes=ROUTES,
            call=self._call,
            watch=self.watch,
            sign_in=self.sign_in,
            subject="workspace",
        )

    def _call(self, request: Request, caller: Caller, route: str) -> Call:
        return Call(
            office=self.office,
            watch=self.watch,
            request=request,
            caller=caller,
            route=route,
            takes=ROUTES[route].body,
        )
