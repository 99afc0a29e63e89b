"""The HTTP API: every route names its function and who may call it.

Webhooks are open at the gateway because providers cannot sign with IAM; the function checks their
signature over the raw bytes. Everything else is IAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Throttle:
    """Steady requests per second and the burst above them, for one route."""

    rate: int
    burst: int


@dataclass(frozen=True, slots=True)
class Route:
    """One route key. `open_because` is set where the gateway lets anyone in."""

    method: Literal["GET", "HEAD", "POST"]
    path: str
    function: str
    throttle: Throttle
    open_because: str = ""

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


# A provider's replay arrives at its own pace; what is refused with 429 is sent again.
_WEBHOOK = Throttle(rate=500, burst=1000)
# GitHub sends nothing again by itself: a burst of findings is let in whole.
_DELIVERY = Throttle(rate=50, burst=500)
# People and scripts during an incident.
_RESPONDER = Throttle(rate=50, burst=100)
# The product itself, on its way to an answer of its own.
_PRODUCT = Throttle(rate=500, burst=1000)
_SIGNED = "HMAC: the function verifies the provider's signature over the raw bytes."
# A handful of people and their mail scanners.
_LINK = Throttle(rate=20, burst=40)
_SEALED = "The link itself is the proof: sealed, short-lived and good once; GET changes nothing."
# Jobs of a whole team, many of them at the full hour.
_BEAT = Throttle(rate=50, burst=200)
_PROVEN = "The address itself is the proof; all it can do is to put down that a job has run."
# A crowd that reloads, behind caches.
_STATUS = Throttle(rate=100, burst=200)
_PUBLIC = "Public by design: a status that holds nothing an outsider may not know."

# People who type; the function counts by address and in all, and far less is taken.
_REPORT = Throttle(rate=20, burst=100)
_ANYBODY = "Public by design: anybody may report; it is counted, looked at, and shown to nobody."
_ASKED = "The link itself is the proof: drawn at random, for one report; GET changes nothing."

ROUTES = (
    Route("POST", "/webhooks/{provider}", "webhook_ingest", _WEBHOOK, _SIGNED),
    Route("POST", "/webhooks/{provider}/{endpoint}", "webhook_ingest", _WEBHOOK, _SIGNED),
    Route("POST", "/webhooks/github", "github_ingest", _DELIVERY, _SIGNED),
    Route("GET", "/a/{token}", "public_intake", _LINK, _SEALED),
    Route("HEAD", "/a/{token}", "public_intake", _LINK, _SEALED),
    Route("POST", "/a/{token}", "public_intake", _LINK, _SEALED),
    Route("GET", "/status", "public_intake", _STATUS, _PUBLIC),
    Route("GET", "/billing/status", "public_intake", _STATUS, _PUBLIC),
    Route("POST", "/beat/{token}", "public_intake", _BEAT, _PROVEN),
    Route("GET", "/beat/{token}", "public_intake", _BEAT, _PROVEN),
    Route("HEAD", "/beat/{token}", "public_intake", _BEAT, _PROVEN),
    Route("GET", "/report", "public_intake", _REPORT, _ANYBODY),
    Route("POST", "/report", "public_intake", _REPORT, _ANYBODY),
    Route("GET", "/report/confirm/{token}", "public_intake", _LINK, _ASKED),
    Route("HEAD", "/report/confirm/{token}", "public_intake", _LINK, _ASKED),
    Route("POST", "/report/confirm/{token}", "public_intake", _LINK, _ASKED),
    Route("GET", "/.well-known/security.txt", "public_intake", _STATUS, _PUBLIC),
    Route("POST", "/v1/incidents", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/first", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/timeline", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/content/{sha256}", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/smoke-tests", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/clocks", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/gate", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/metrics", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/checklist", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/final-update", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/severity", "incident_api", _RESPONDER),
    Route("POST", "/v1/incidents/{id}/{command}", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/containment", "incident_api", _RESPONDER),
    Route("GET", "/v1/incidents/{id}/containment/{run}", "incident_api", _RESPONDER),
    Route("POST", "/v1/incidents/{id}/containment/plan", "incident_api", _RESPONDER),
    Route("POST", "/v1/incidents/{id}/containment/{run}/{step}", "incident_api", _RESPONDER),
    Route("GET", "/v1/containment/rules", "incident_api", _RESPONDER),
    Route("POST", "/v1/containment/rules", "incident_api", _RESPONDER),
    Route("POST", "/v1/containment/rules/agree", "incident_api", _RESPONDER),
    Route("GET", "/v1/oncall", "incident_api", _RESPONDER),
    Route("GET", "/v1/oncall/shifts", "incident_api", _RESPONDER),
    Route("GET", "/v1/oncall/calendar", "incident_api", _RESPONDER),
    Route("GET", "/v1/oncall/{role}", "incident_api", _RESPONDER),
    Route("POST", "/v1/oncall/{role}/rotation", "incident_api", _RESPONDER),
    Route("POST", "/v1/oncall/{role}/preview", "incident_api", _RESPONDER),
    Route("POST", "/v1/oncall/{role}/overrides", "incident_api", _RESPONDER),
    Route("POST", "/v1/oncall/{role}/end-override", "incident_api", _RESPONDER),
    Route("POST", "/v1/releases", "incident_api", _RESPONDER),
    Route("GET", "/v1/releases", "incident_api", _RESPONDER),
    Route("GET", "/v1/contacts", "incident_api", _RESPONDER),
    Route("GET", "/v1/contacts/numbers", "incident_api", _RESPONDER),
    Route("GET", "/v1/reachability", "incident_api", _RESPONDER),
    Route("POST", "/v1/contacts", "incident_api", _RESPONDER),
    Route("POST", "/v1/contacts/{way}/{action}", "incident_api", _RESPONDER),
    Route("POST", "/v1/policies", "incident_api", _RESPONDER),
    Route("GET", "/v1/policies", "incident_api", _RESPONDER),
    Route("GET", "/v1/policies/{number}", "incident_api", _RESPONDER),
    Route("GET", "/v1/heartbeats", "incident_api", _RESPONDER),
    Route("POST", "/v1/heartbeats/{name}", "incident_api", _RESPONDER),
    Route("POST", "/v1/heartbeats/{name}/schedule", "incident_api", _RESPONDER),
    Route("POST", "/v1/heartbeats/{name}/remove", "incident_api", _RESPONDER),
    Route("POST", "/v1/reports", "incident_api", _RESPONDER),
    Route("GET", "/v1/reports", "incident_api", _RESPONDER),
    Route("GET", "/v1/reports/{reference}", "incident_api", _RESPONDER),
    Route("POST", "/v1/reports/{reference}/{action}", "incident_api", _RESPONDER),
    Route("GET", "/v1/freeze", "incident_api", _RESPONDER),
    Route("GET", "/v1/actions", "incident_api", _RESPONDER),
    Route("GET", "/v1/signals", "incident_api", _RESPONDER),
    Route("GET", "/v1/signals/unknown", "incident_api", _RESPONDER),
    Route("GET", "/v1/maintenance", "incident_api", _RESPONDER),
    Route("POST", "/v1/maintenance", "incident_api", _RESPONDER),
    Route("POST", "/v1/maintenance/{id}/end", "incident_api", _RESPONDER),
    Route("GET", "/v1/workspaces/{id}/entitlement", "billing_api", _PRODUCT),
    Route("POST", "/v1/billing/corrections", "billing_api", _RESPONDER),
    Route("POST", "/v1/billing/corrections/lift", "billing_api", _RESPONDER),
    Route("GET", "/v1/billing/corrections", "billing_api", _RESPONDER),
    Route("POST", "/v1/replays", "billing_api", _RESPONDER),
    Route("GET", "/v1/replays/{id}", "billing_api", _RESPONDER),
    Route("POST", "/v1/replays/{id}/resume", "billing_api", _RESPONDER),
    Route("POST", "/v1/replays/{id}/steps", "billing_api", _RESPONDER),
    Route("POST", "/v1/replays/{id}/cancel", "billing_api", _RESPONDER),
    Route("POST", "/v1/reconciliations", "billing_api", _RESPONDER),
    Route("GET", "/v1/reconciliations/{id}", "billing_api", _RESPONDER),
    Route("GET", "/v1/reconciliations/{id}/report", "billing_api", _RESPONDER),
    Route("POST", "/v1/reconciliations/{id}/heal", "billing_api", _RESPONDER),
    Route("POST", "/v1/reconciliations/{id}/accept", "billing_api", _RESPONDER),
    Route("POST", "/v1/reconciliations/{id}/sign-off", "billing_api", _RESPONDER),
    Route("POST", "/v1/reconciliations/{id}/resume", "billing_api", _RESPONDER),
    Route("POST", "/v1/billing/checkout", "billing_api", _RESPONDER),
    Route("GET", "/v1/billing/doubles", "billing_api", _RESPONDER),
    Route("POST", "/v1/billing/doubles/{id}/decision", "billing_api", _RESPONDER),
    Route("GET", "/v1/billing/impact", "billing_api", _RESPONDER),
    Route("POST", "/v1/billing/changes", "billing_api", _RESPONDER),
    Route("POST", "/v1/billing/exit-checks", "billing_api", _RESPONDER),
    Route("POST", "/v1/billing/final-updates", "billing_api", _RESPONDER),
)
