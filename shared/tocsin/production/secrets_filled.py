"""What only a deployment can know or draw: the keys that links and webhooks are sealed with.

Nothing that a person has put there is changed, and no value is ever shown.
"""

from __future__ import annotations

import json
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from tocsin.production.errors import DeploymentInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.production.account import Account
    from tocsin.production.deployment import Deployment

KEYS, REGISTRATIONS, PROVIDERS = "delivery-keys", "webhook-registrations", "provider-keys"


def name_of(deployment: Deployment, secret: str) -> str:
    """What the secret is called in the account."""
    return f"tocsin/{deployment.stage}/{secret}"


def read(account: Account, name: str) -> dict[str, Any]:
    """The secret's document.

    Raises:
        DeploymentInvalid: it is no JSON object, so that nothing can be added to it.
    """
    text = account.secrets.get_secret_value(SecretId=name).get("SecretString", "")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DeploymentInvalid(f"the secret {name} is no JSON object: put one there first")
    return found


def fill(
    account: Account, deployment: Deployment, *, link_base: str, progress: Callable[[str], None]
) -> list[str]:
    """Adds what is missing and can be drawn; the names of what was added.

    `link_base` is where the API answers: links in messages begin with it.
    """
    drawn: dict[str, dict[str, Any]] = {
        KEYS: {
            "current": "1",
            "keys": {"1": token_hex(32)},
            "webhooks": token_hex(32),
            "link_base": link_base,
        },
        REGISTRATIONS: {"hash_key": token_hex(32)},
    }
    added = []
    for secret, values in drawn.items():
        name = name_of(deployment, secret)
        known = read(account, name)
        fresh = {key: value for key, value in values.items() if key not in known}
        if "current" in known or "keys" in known:  # a ring is whole or a person's affair
            fresh = {key: value for key, value in fresh.items() if key not in {"current", "keys"}}
        if fresh:
            account.secrets.put_secret_value(
                SecretId=name, SecretString=json.dumps(known | fresh, sort_keys=True)
            )
            progress(f"{name}: drew {', '.join(sorted(fresh))}")
            added += [f"{secret}.{key}" for key in sorted(fresh)]
    return added
