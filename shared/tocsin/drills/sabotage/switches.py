"""Ways to break a stage, each with the checks of the demo it must turn red: those and no other.

A check that cannot fail proves nothing, so every one of these is applied to the running cloud, the
demo is played, and the red checks are compared with the list. No production code knows of them.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tocsin.drills import demo
from tocsin.drills.levers import Levers
from tocsin.drills.sabotage import wiring
from tocsin.drills.sabotage.bundles import patched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from tocsin.drills.stage import Stage


@dataclass(frozen=True, slots=True)
class Switch:
    """One sabotage: what it breaks and what must be seen. `apply` mends on leaving.

    `may` is red as well or not, by the order in which the provider's events happened to arrive.
    Only those `parts` of the demo are played.
    """

    name: str
    breaks: str
    reds: frozenset[str]
    apply: Callable[[Stage], AbstractContextManager[Levers]]
    may: frozenset[str] = frozenset()
    parts: tuple[str, ...] = (demo.ALARM, demo.WEBHOOKS)


def _wired(
    break_: Callable[[Stage], AbstractContextManager[None]],
) -> Callable[[Stage], AbstractContextManager[Levers]]:
    """A switch in the stage's wiring; the drill acts as always."""

    @contextlib.contextmanager
    def apply(stage: Stage) -> Iterator[Levers]:
        with break_(stage):
            yield Levers()

    return apply


def _with(levers: Levers) -> Callable[[Stage], AbstractContextManager[Levers]]:
    """A switch in how the drill acts; the stage is whole."""
    return lambda _stage: contextlib.nullcontext(levers)


def _code(
    function: str, module: str, addition: str
) -> Callable[[Stage], AbstractContextManager[Levers]]:
    """A switch in the deployed code of one function."""
    return _wired(
        lambda stage: patched(stage.clients, stage.outputs["functions"][function], module, addition)
    )


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
                "ack.quiet",
            }
        ),
        _wired(lambda stage: wiring.mapping_disabled(stage, "notifier", "/stream/")),
    ),
    Switch(
        "sweep-disabled",
        "the schedule that starts the sweep is disabled",
        frozenset({"sweep.scheduled"}),
        _wired(wiring.schedule_disabled),
    ),
    Switch(
        "projector-dropped",
        "the ledger's stream no longer wakes the projector",
        _PROJECTION,
        _wired(lambda stage: wiring.mapping_disabled(stage, "billing_projector", "/stream/")),
    ),
    Switch(
        "wrong-secret",
        "the provider signs with a secret that is not registered",
        _PROJECTION | {"webhook.accepted", "ledger.each_once", "ledger.duplicate_ignored"},
        _with(Levers(signing_secret=lambda _stage: "whsec_of_another_endpoint")),
    ),
    Switch(
        "outbox-item-missing",
        "opening an incident forgets the message to one responder",
        frozenset({"pages.first"}),
        _code(
            "alarm_trigger",
            "tocsin/incidents/messages.py",
            "_whole = messages\n\n\n"
            "def messages(*given, **named):\n"
            "    items = _whole(*given, **named)\n"
            "    return tuple(one for one in items if one.target != 'person:mitigation-primary')\n",
        ),
    ),
    Switch(
        "duplicate-applied",
        "the ledger accepts an event it has already",
        frozenset({"ledger.duplicate_ignored"}),
        _code(
            "webhook_ingest",
            "tocsin/runtime/aws_http.py",
            "_whole = AwsHttp.call\n\n\n"
            "def _unconditional(self, operation, payload):\n"
            "    kept = {k: v for k, v in payload.items() if k != 'ConditionExpression'}\n"
            "    return _whole(self, operation, kept)\n\n\n"
            "AwsHttp.call = _unconditional\n",
        ),
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
        _with(Levers(advance=_sweep_only)),
    ),
    Switch(
        "right-missing",
        "the API's role may no longer write incidents",
        frozenset({"ack.recorded", "ack.missed", "ack.repeated", "ack.quiet"}),
        _wired(
            lambda stage: wiring.right_removed(
                stage, "incident_api", "WriteIncidents", "dynamodb:PutItem"
            )
        ),
    ),
    Switch(
        "stale-applied",
        "the projector takes any event for news, however old",
        frozenset({"projection.stale_ignored"}),
        _code(
            "billing_projector",
            "tocsin/billing/ordering.py",
            "def _older(created, row):\n    return False\n\n\n"
            "def _newer(created, row):\n    return True\n",
        ),
        # A later question to the provider can mend what a stale event broke before it is compared.
        may=frozenset({"projection.equals_provider"}),
    ),
    Switch(
        "stakeholders-cut-off",
        "nobody listens to the stakeholders' topic",
        frozenset({"mail.stakeholders"}),
        _wired(lambda stage: wiring.subscription_removed(stage, "stakeholders_topic_arn")),
    ),
    Switch(
        "signature-unchecked",
        "the webhook function believes whatever it is sent",
        frozenset({"webhook.forged_refused", "ledger.forged_not_stored"}),
        _code(
            "webhook_ingest",
            "tocsin/providers/stripe/webhook.py",
            "def verify(*given, **named):\n    return None\n",
        ),
    ),
)
