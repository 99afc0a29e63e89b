"""The sandbox's webhooks go to the stage that was brought up, as an account's do in production.

Registered under a fixed id for each provider: `up` again, and drills that want their own patience,
replace what is there, and no event is sent to this stage twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.sandbox.defaults import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Mapping


def register(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Has every provider of the sandbox send to the stage of these outputs; the addresses.

    Raises:
        ProviderUnavailable: the sandbox does not answer.
    """
    if not found["sandbox_url"]:
        return ()
    sandbox, urls = SandboxClient(found["sandbox_url"]), list[str]()
    for provider, identifier in ENDPOINTS.items():
        base = found[f"{provider}_api_base"]
        if base != found["sandbox_url"]:
            continue  # this provider is another server, which has its own registrations
        url = f"{found['webhook_url']}/{provider}"
        secret = found["secrets"][f"{provider}/default"]
        sandbox.put_endpoint(identifier, url, [secret], provider=provider)
        urls.append(url)
    return tuple(urls)
