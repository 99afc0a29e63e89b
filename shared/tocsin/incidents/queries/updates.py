"""Which of the runbook's texts customers may be sent now."""

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy, Template
from tocsin.incidents.vocabulary import Kind


def wording_for_customers(incident: Incident, policy: Policy) -> Template | None:
    """The runbook's text that may be sent now: "contained" only while that is verified."""
    if incident.kind is Kind.DRILL or not incident.open:
        return None
    return policy.templates["customer" if incident.contained else "customer-before-containment"]
