"""`/v1/webhook_endpoints`: what the account itself can see and change of where its events go.

The secret is shown once, when the endpoint is made. `status` becomes `disabled` by hand, or when
an endpoint has failed for days; nothing made while it is disabled is ever sent there.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.endpoint import STRIPE, Endpoint
from tocsin.local.sandbox.stripe.errors import invalid, missing
from tocsin.local.sandbox.stripe.forms import boolean, only, sequence, text
from tocsin.local.sandbox.stripe.versions import checked

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.stripe.account import Account

type Endpoints = MutableMapping[str, Endpoint]

_CREATE: Final = frozenset({"url", "enabled_events", "api_version", "connect", "description"})
_UPDATE: Final = frozenset({"url", "enabled_events", "disabled", "description"})


def create(account: Account, endpoints: Endpoints, params: Json) -> Json:
    """A new endpoint, with its secret."""
    only(params, _CREATE)
    version = text(params, "api_version")
    identifier = account.new_id("we")
    secret = "whsec_" + hashlib.sha256(f"{account.seed}/{identifier}".encode()).hexdigest()[:32]
    endpoints[identifier] = Endpoint(
        id=identifier,
        url=text(params, "url", required=True) or "",
        secrets=(secret,),
        api_version=checked(version) if version else None,
        enabled_events=_kinds(params),
        connect=bool(boolean(params, "connect", default=False)),
    )
    return shown(endpoints[identifier]) | {"secret": secret}


def update(endpoints: Endpoints, identifier: str, params: Json) -> Json:
    """Another address, other events, on or off; the version stays as it was."""
    only(params, _UPDATE)
    endpoint = found(endpoints, identifier)
    if (url := text(params, "url")) is not None:
        endpoint = replace(endpoint, url=url)
    if "enabled_events" in params:
        endpoint = replace(endpoint, enabled_events=_kinds(params))
    disabled = boolean(params, "disabled")
    if disabled is not None:
        endpoint = replace(endpoint, enabled=not disabled)
    endpoints[identifier] = endpoint
    return shown(endpoint)


def delete(endpoints: Endpoints, identifier: str) -> Json:
    """It is gone, and with it what was on its way there."""
    found(endpoints, identifier)
    del endpoints[identifier]
    return {"id": identifier, "object": "webhook_endpoint", "deleted": True}


def found(endpoints: Endpoints, identifier: str) -> Endpoint:
    """The endpoint.

    Raises:
        ProviderRefusal: there is none.
    """
    endpoint = endpoints.get(identifier)
    if endpoint is None or endpoint.provider != STRIPE:
        raise missing("webhook endpoint", identifier)
    return endpoint


def listed(endpoints: Endpoints) -> list[Json]:
    """All of them, the newest first."""
    return [shown(one) for one in reversed(endpoints.values()) if one.provider == STRIPE]  # type: ignore[call-overload]  # a dict's values can be reversed


def shown(endpoint: Endpoint) -> Json:
    """The endpoint as the API shows it."""
    return {
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "api_version": endpoint.api_version,
        "application": None,
        "created": 0,
        "description": None,
        "enabled_events": list(endpoint.enabled_events),
        "livemode": False,
        "metadata": {},
        "status": "enabled" if endpoint.enabled else "disabled",
        "url": endpoint.url,
    }


def _kinds(params: Json) -> tuple[str, ...]:
    kinds = sequence(params, "enabled_events")
    if not kinds or not all(isinstance(one, str) for one in kinds):
        raise invalid("Missing required param: enabled_events.", param="enabled_events")
    return tuple(kinds)
