"""Ways to break a stage, each with the checks of the demo it must turn red: those and no other.

A check that cannot fail proves nothing, so every one of these is applied to the running cloud, the
demo is played, and the red checks are compared with the list. No production code knows of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.drills import demo
from tocsin.drills.levers import Levers
from tocsin.drills.sabotage import stage_faults

if TYPE_CHECKING:
    from datetime import timedelta

    from tocsin.drills.stage import Stage


from tocsin.drills.sabotage.outage_switches import OUTAGE_SWITCHES
from tocsin.drills.sabotage.switch import Code, Switch, acting, wired


def _sweep_only(stage: Stage, _by: timedelta) -> None:
    stage.cloud.clock().sweep()


_PROJECTION: Final = frozenset(
    {
        "projection.equals_provider",
        "projection.duplicate_ignored",
        "projection.stale_ignored",
    }
)

SWITCHES: Final = (
    Switch(
        "notifier-off",
        "the outbox's stream no longer wakes the notifier; only the sweep sends, late",
        frozenset(
            {
                "pages.first",
                "pages.subject",
                "mail.stakeholders",
                "pages.backup",
                "pages.everybody",
            }
        ),
        # Nobody is woken after the acknowledgement all the same: what had not left by then is moot.
        wired(lambda stage: stage_faults.mapping_disabled(stage, "notifier", "/stream/")),
        parts=(demo.ALARM,),
    ),
    Switch(
        "sweep-disabled",
        "the schedule that starts the sweep is disabled",
        frozenset({"sweep.scheduled"}),
        wired(stage_faults.schedule_disabled),
        parts=(demo.ALARM,),
    ),
    Switch(
        "projector-dropped",
        "the ledger's stream no longer wakes the projector",
        _PROJECTION,
        wired(lambda stage: stage_faults.mapping_disabled(stage, "billing_projector", "/stream/")),
        parts=(demo.WEBHOOKS,),
    ),
    Switch(
        "wrong-secret",
        "the provider signs with a secret that is not registered",
        _PROJECTION | {"webhook.accepted", "ledger.each_once", "ledger.duplicate_ignored"},
        acting(Levers(signing_secret=lambda _stage: "whsec_of_another_endpoint")),
        parts=(demo.WEBHOOKS,),
    ),
    Switch(
        "outbox-item-missing",
        "opening an incident forgets the message to one responder",
        frozenset({"pages.first"}),
        Code(
            "alarm_trigger",
            "tocsin/incidents/messages/notices.py",
            "_whole = messages\n\n\n"
            "def messages(*given, **named):\n"
            "    items = _whole(*given, **named)\n"
            "    return tuple(one for one in items if one.target != 'person:mitigation-primary')\n",
        ),
        parts=(demo.ALARM,),
    ),
    Switch(
        "duplicate-applied",
        "the ledger accepts an event it has already",
        frozenset({"ledger.duplicate_ignored"}),
        Code(
            "webhook_ingest",
            "tocsin/runtime/aws/http.py",
            "_whole = AwsHttp.call\n\n\n"
            "def _unconditional(self, operation, payload):\n"
            "    kept = {k: v for k, v in payload.items() if k != 'ConditionExpression'}\n"
            "    return _whole(self, operation, kept)\n\n\n"
            "AwsHttp.call = _unconditional\n",
        ),
        parts=(demo.WEBHOOKS,),
    ),
    Switch(
        "clock-not-advanced",
        "the drill sweeps but incident time does not move",
        frozenset(
            {
                "clock.advanced",
                "pages.backup",
                "breach.recorded",
                "pages.everybody",
                "ack.missed",
            }
        ),
        acting(Levers(advance=_sweep_only)),
        parts=(demo.ALARM,),
    ),
    Switch(
        "right-missing",
        "the API's role may no longer write incidents",
        frozenset({"ack.recorded", "ack.missed", "ack.repeated", "ack.quiet"}),
        wired(
            lambda stage: stage_faults.right_removed(
                stage, "incident_api", "WriteIncidents", "dynamodb:PutItem"
            )
        ),
        parts=(demo.ALARM,),
    ),
    Switch(
        "stale-applied",
        "the projector takes any event for news, however old",
        frozenset({"projection.stale_ignored"}),
        Code(
            "billing_projector",
            "tocsin/billing/projection/ordering.py",
            "def _older(created, row):\n    return False\n\n\n"
            "def _newer(created, row):\n    return True\n",
        ),
        # A later question to the provider can mend what a stale event broke: before it is compared,
        # or while known events come again.
        may=frozenset({"projection.equals_provider", "projection.duplicate_ignored"}),
        parts=(demo.WEBHOOKS,),
    ),
    Switch(
        "stakeholders-cut-off",
        "nobody listens to the stakeholders' topic",
        frozenset({"mail.stakeholders"}),
        wired(lambda stage: stage_faults.subscription_removed(stage, "stakeholders_topic_arn")),
        parts=(demo.ALARM,),
    ),
    Switch(
        "signature-unchecked",
        "the webhook function believes whatever it is sent",
        frozenset({"webhook.forged_refused", "ledger.forged_not_stored"}),
        Code(
            "webhook_ingest",
            "tocsin/providers/stripe/webhook.py",
            "def verify(*given, **named):\n    return None\n",
        ),
        parts=(demo.WEBHOOKS,),
    ),
    Switch(
        "provider-in-order",
        "the provider sends every event once, in order: nothing is shown by what follows",
        frozenset({"webhook.disordered"}),
        acting(Levers(misbehave=lambda _sandbox: None)),
        parts=(demo.WEBHOOKS,),
    ),
    Switch(
        "triage-wrong",
        "what failing checkouts are is not known: production, and nothing to do with billing",
        frozenset({"alarm.opened"}),
        Code(
            "alarm_trigger",
            "tocsin/incidents/model/signals.py",
            "from dataclasses import replace as _replace\n\n"
            "_triage = triage\n\n\n"
            "def triage(signal, policy):\n"
            "    return _replace(_triage(signal, policy), category=Category.PRODUCTION)\n",
        ),
        parts=(demo.ALARM,),
    ),
    Switch(
        "deadline-late",
        "the clock for the fix is given an hour more than the runbook says",
        frozenset({"clocks.due"}),
        Code(
            "alarm_trigger",
            "tocsin/incidents/clocks/promises.py",
            "from datetime import timedelta as _later\n\n"
            "_due = due_after\n\n\n"
            "def due_after(target, start, calendar):\n"
            "    due = _due(target, start, calendar)\n"
            "    long = due is not None and due - start > _later(hours=20)\n"
            "    return due + _later(hours=1) if long else due\n",
        ),
        parts=(demo.ALARM,),
    ),
    Switch(
        "chain-forged",
        "a timeline begins with a link to something else than nothing",
        frozenset({"timeline.intact"}),
        Code("alarm_trigger", "tocsin/incidents/events/fold.py", "GENESIS = bytes([1]) * 32\n"),
        parts=(demo.ALARM,),
    ),
    *OUTAGE_SWITCHES,
)
