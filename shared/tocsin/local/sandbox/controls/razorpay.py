"""Controls of what happens at Razorpay without a call of its API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.razorpay import charging, resources
from tocsin.local.sandbox.razorpay.dashboard import Replay
from tocsin.local.sandbox.razorpay.history import Story, tell
from tocsin.local.sandbox.razorpay.truth import events

if TYPE_CHECKING:
    from tocsin.local.sandbox.controls.refusal import Controls
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.sandbox import Sandbox


def _authenticate(sandbox: Sandbox, given: Json) -> Json:
    """A customer authenticates the `subscription` at its `short_url`."""
    with sandbox.lock:
        now = sandbox.clock.now()
        found = charging.authenticate(sandbox.merchant, given["subscription"], now=now)
        return {"status": found["status"], "customer": found["customer_id"]}


def _charge(sandbox: Sandbox, given: Json) -> Json:
    """Charges the `subscription` now; `works` says whether its card works from now on."""
    with sandbox.lock:
        found = sandbox.merchant.get("subscription", given["subscription"])
        found["_works"] = bool(given.get("works", True))
        works = charging.charge(sandbox.merchant, found, now=sandbox.clock.now())
        return {"works": works, "status": found["status"]}


def _pay_link(sandbox: Sandbox, given: Json) -> Json:
    """A customer pays the payment `link`."""
    with sandbox.lock:
        link = charging.pay_link(sandbox.merchant, given["link"], now=sandbox.clock.now())
        return {"status": link["status"]}


def _downtime(sandbox: Sandbox, given: Json) -> Json:
    """Begins a downtime of a `method` with a `severity`, or changes the one named by `id`.

    With `id` and no `severity` it is resolved. `instrument` says more about the method.
    """
    with sandbox.lock:
        merchant, now = sandbox.merchant, sandbox.clock.now()
        if "id" in given:
            severity = given.get("severity")
            return {**resources.change_downtime(merchant, given["id"], severity=severity, now=now)}
        made = resources.begin_downtime(
            merchant,
            method=given.get("method", "upi"),
            severity=given.get("severity", "high"),
            instrument=given.get("instrument", {}),
            now=now,
        )
        return {**made}


def _replay(sandbox: Sandbox, given: Json) -> Json:
    """The dashboard's replay to an `endpoint`: window `from` to `to`, or the `objects` named.

    At most 7 days back, what was not acknowledged only, 5 runs in 24 hours, signed with the
    present secret; a disabled webhook is enabled again.
    """
    with sandbox.lock:
        now = sandbox.clock.now()
        first, last = int(given.get("from", now - 86_400)), int(given.get("to", now))
        wanted = Replay(first, last, frozenset(given.get("objects", ())))
        return {"queued": sandbox.replay_razorpay(given["endpoint"], wanted)}


def _tell(sandbox: Sandbox, given: Json) -> Json:
    """Makes a bursty Razorpay history: `seed`, `start`, `until`, `events`, `customers`, `label`."""
    with sandbox.lock:
        return tell(sandbox.merchant, Story(**given))


def _events(sandbox: Sandbox, _given: Json) -> Json:
    """Every Razorpay event, oldest first; the provider itself has no such list."""
    with sandbox.lock:
        return {"events": events(sandbox.merchant)}


CONTROLS: Final[Controls] = {
    ("POST", "/razorpay/authenticate"): _authenticate,
    ("POST", "/razorpay/charge"): _charge,
    ("POST", "/razorpay/pay-link"): _pay_link,
    ("POST", "/razorpay/downtimes"): _downtime,
    ("POST", "/razorpay/replays"): _replay,
    ("POST", "/razorpay/histories"): _tell,
    ("GET", "/razorpay/events"): _events,
}
