"""Faults that the outage's checks are there to find, in the deployed code of one function each."""

from __future__ import annotations

from typing import Final

from tocsin.drills import demo
from tocsin.drills.sabotage.switch import Code, Switch

_OUTAGE: Final = (demo.ALARM, demo.OUTAGE)
_REST: Final = frozenset({"gate.open", "incident.closed"})

OUTAGE_SWITCHES: Final = (
    Switch(
        "failover-off",
        "checkouts know one provider only",
        frozenset({"checkout.failed_over", "checkout.one_page", "breaker.opened"}),
        Code(
            "billing_api",
            "tocsin/billing/checkout/routing.py",
            "_every = CheckoutPolicy.offers\n\n\n"
            "def _first(self, **asked):\n"
            "    return _every(self, **asked)[:1]\n\n\n"
            "CheckoutPolicy.offers = _first\n",
        ),
        parts=_OUTAGE,
        until="breaker.opened",
    ),
    Switch(
        "examination-believes",
        "whatever is counted of new checkouts is proof",
        frozenset({"exit.unproven"}),
        Code(
            "outage_watch",
            "tocsin/billing/outage/examination.py",
            "from dataclasses import replace\n\n"
            "_examine = examine\n\n\n"
            "def examine(*given, **named):\n"
            "    return replace(_examine(*given, **named), lacks=())\n",
        ),
        parts=_OUTAGE,
        until="exit.unproven",
    ),
    Switch(
        "webhook-forgotten",
        "the webhook function answers 2xx to some events and keeps nothing of them",
        frozenset({"webhook.lost"}),
        Code(
            "webhook_ingest",
            "tocsin/adapters/billing/projection/ledger.py",
            "_put = DynamoDbLedger.put\n\n\n"
            "def _forgets(self, record):\n"
            "    if record.envelope.type == 'customer.subscription.updated':\n"
            "        return True\n"
            "    return _put(self, record)\n\n\n"
            "DynamoDbLedger.put = _forgets\n",
        ),
        parts=_OUTAGE,
        until="webhook.lost",
    ),
    Switch(
        "observation-forgotten",
        "what was looked at after a containment action is not written down",
        frozenset({"containment.verified"}),
        Code(
            "incident_api",
            "tocsin/incidents/rules/containment.py",
            "def observe(draft, command):\n    return None\n",
        ),
        parts=_OUTAGE,
        until="containment.verified",
    ),
    Switch(
        "recovery-unchecked",
        "anybody may replay into a provider that is down",
        frozenset({"replay.refused", "replay.planned", "replay.inserted"}),
        Code(
            "billing_api",
            "tocsin/application/billing/replay/desk.py",
            "ReplayDesk._require_recovery = lambda self, wish: None\n",
        ),
        parts=_OUTAGE,
        until="replay.equal",
    ),
    Switch(
        "breaker-stuck",
        "no success ever closes a breaker",
        frozenset(
            {
                "breaker.closed",
                "replay.unforced",
                "replay.inserted",
                "replay.proven",
                "replay.equal",
            }
        ),
        Code(
            "billing_api",
            "tocsin/billing/checkout/breaker.py",
            "def after_success(breaker, *, now):\n    return after_nothing(breaker)\n",
        ),
        parts=_OUTAGE,
        until="replay.equal",
    ),
    Switch(
        "comparison-blind",
        "the reconciler finds that everything agrees",
        frozenset({"reconcile.found", "reconcile.healed"}),
        Code(
            "reconciler",
            "tocsin/billing/reconcile/compare.py",
            "def compare(subject, rules, *, now, incident_open):\n    return None\n",
        ),
        parts=_OUTAGE,
        until="reconcile.healed",
    ),
    Switch(
        "probe-left-open",
        "the session of the examination's own probe stays payable",
        frozenset({"exit.checkouts", "exit.probe_expired", "gate.shut"}),
        Code(
            "outage_watch",
            "tocsin/providers/stripe/checkout.py",
            "def _leaves(self, leg):\n    return False\n\n\nStripeCheckout.expire = _leaves\n",
        ),
        parts=_OUTAGE,
        until="gate.shut",
    ),
    Switch(
        "update-unsent",
        "the final update goes to nobody, and is recorded as sent",
        frozenset({"update.final"}),
        Code(
            "outage_watch",
            "tocsin/incidents/messages/notices.py",
            "_whole = messages\n\n\n"
            "def messages(*given, **named):\n"
            "    items = _whole(*given, **named)\n"
            "    return tuple(one for one in items if one.kind is not MessageKind.UPDATE)\n",
        ),
        parts=_OUTAGE,
        until="update.final",
    ),
    Switch(
        "window-endless",
        "three days of calm are never enough",
        _REST,
        Code(
            "incident_api",
            "tocsin/incidents/queries/gate.py",
            "_fixed_in_time = _RULES[FIXED]\n\n\n"
            "def _never(incident, at):\n"
            "    found = _fixed_in_time(incident, at)\n"
            "    return _Finding(False, found.note) if found.met else found\n\n\n"
            "_RULES[FIXED] = _never\n",
        ),
        parts=_OUTAGE,
    ),
)
