"""Which of the runbook's texts customers may be sent now, and when an update may be the last."""

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.queries.billing import is_provider_outage
from tocsin.incidents.runbook.policy import Policy, Template
from tocsin.incidents.vocabulary import Kind


def may_be_final(incident: Incident) -> bool:
    """Whether an update may be the last: it is fixed, or being closed without a fix, or closed.

    That of a provider's outage is judged by the parts it has to have (`queries.final_update`).
    """
    ending = incident.closing is not None or not incident.open
    return incident.fixed or ending or is_provider_outage(incident)


def wording_for_customers(incident: Incident, policy: Policy) -> Template | None:
    """The runbook's text that may be sent now: "contained" only while that is verified."""
    if incident.kind is Kind.DRILL or not incident.open:
        return None
    return policy.templates["customer" if incident.contained else "customer-before-containment"]
