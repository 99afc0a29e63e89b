"""The alarms by which an outage opens its incident, and what each says."""

from __future__ import annotations

SAYS = {
    "checkout": "Checkouts fail at {}.",
    "webhooks": "Webhooks of {} do not get through to us.",
    "news": "News from {} arrives late or not at all.",
    "billing": "Subscriptions are not as {} says they are.",
    "all": "Nobody can pay by any path.",
    "some": "Nobody can pay for {} by any path.",
}
ALL_FAIL = "checkout-all-providers-failing"


def alarms_of(provider: str) -> dict[str, str]:
    """The alarms of one provider, by which of `SAYS` each says."""
    return {
        "checkout": f"checkout-{provider}-failing",
        "webhooks": f"webhooks-{provider}-failing",
        "news": f"webhooks-{provider}-backlog",
        "billing": f"billing-{provider}-diverges",
    }
