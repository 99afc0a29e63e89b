"""A signed webhook to any pager, in the form of Standard Webhooks (standardwebhooks.com).

`webhook-id` is the same for every attempt, so a receiver drops a repeat; `webhook-timestamp` is the
time of the attempt; `webhook-signature` is HMAC-SHA256 over id, time and body. Each way has a
secret of its own, made from the master key, so that one receiver cannot sign for another. Retrying
is the outbox's work: what is not accepted now is sent again later under the same id.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import urllib3

from tocsin.channels import guard
from tocsin.channels.webhook_keys import master_key, secret_of, signature
from tocsin.errors import MessageRefused, SendFailed
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message

INSIDE_STAGES = frozenset({"local"})
"""Stages whose webhooks may stay on this machine."""

_TIMEOUT = urllib3.Timeout(connect=2, read=5)
_OK, _AGAIN = range(200, 300), frozenset({408, 409, 425, 429})
_CLIENT_ERRORS = range(300, 500)
_LONGEST_ANSWER = 1_024


class WebhookChannel:
    """A `WaySender` to pagers; `master` answers the key that ways' secrets are made from."""

    def __init__(
        self,
        master: Callable[[], bytes],
        *,
        now: Callable[[], datetime],
        inside: bool = False,
        resolve: guard.Resolve = guard.addresses_of,
    ) -> None:
        self._master = master
        self._now = now
        self._inside = inside
        self._resolve = resolve

    def send(self, way: Way, message: Message) -> str:
        target = guard.checked(way.address, inside=self._inside, resolve=self._resolve)
        body, name = body_of(message), webhook_id(message)
        stamp = str(int(self._now().timestamp()))
        headers = {
            "host": target.host,
            "content-type": "application/json",
            "user-agent": "tocsin",
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(secret_of(self._master(), way.id), name, stamp, body),
        }
        status = _post(target, body, headers)
        if status in _OK:
            return name
        kind = MessageRefused if status in _CLIENT_ERRORS and status not in _AGAIN else SendFailed
        raise kind("the webhook was not accepted", reason=str(status))


def webhook_id(message: Message) -> str:
    """The same for every attempt to send the message, and names nobody."""
    return "msg_" + hashlib.sha256(message.attributes["message_id"].encode()).hexdigest()[:32]


def body_of(message: Message) -> bytes:
    """The document that is posted; equal messages give equal bytes."""
    kind = message.attributes.get("kind", "message")
    document = {
        "type": f"incident.{kind}",
        "data": {
            **message.attributes,
            "subject": message.subject,
            "text": message.text,
            "short": message.short,
        },
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def open_ways(settings: Mapping[str, str]) -> WebhookChannel:
    """The channel behind a registry entry; its key is read with the first message."""
    name, stage = settings["DELIVERY_KEYS_SECRET"], settings["STAGE"]
    made: list[CachedSecret[bytes]] = []

    def master() -> bytes:
        if not made:
            made.append(CachedSecret(from_environment("secretsmanager"), name, master_key))
        return made[0].get()

    return WebhookChannel(master, now=wall_clock().wall_now, inside=stage in INSIDE_STAGES)


def _post(target: guard.Target, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Redirects are not followed: they lead around the guard."""
    if target.tls:
        pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
            target.address,
            target.port,
            timeout=_TIMEOUT,
            retries=False,
            server_hostname=target.host,
            assert_hostname=target.host,
            cert_reqs="CERT_REQUIRED",
        )
    else:
        pool = urllib3.HTTPConnectionPool(
            target.address, target.port, timeout=_TIMEOUT, retries=False
        )
    try:
        answer = pool.urlopen(
            "POST", target.path, body, headers, redirect=False, preload_content=False
        )
        answer.read(_LONGEST_ANSWER)
        return int(answer.status)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise SendFailed("the webhook did not answer", reason=type(error).__name__) from error
    finally:
        pool.close()
