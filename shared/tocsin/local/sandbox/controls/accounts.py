"""Controls of what the accounts hold: time, settings, histories, customers' own doings, truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.state import texts
from tocsin.local.sandbox.stripe import checkout
from tocsin.local.sandbox.stripe.history import Story, tell
from tocsin.local.sandbox.stripe.versions import checked

if TYPE_CHECKING:
    from tocsin.local.sandbox.controls.refusal import Controls
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.sandbox import Sandbox
    from tocsin.local.sandbox.stripe.account import Account

_AFTER_RETRIES: Final = frozenset({"unpaid", "cancel", "past_due"})


def _health(sandbox: Sandbox, _given: Json) -> Json:
    """Whether it runs, and provider time."""
    return {"ready": True, **sandbox.clock.dump()}


def _truth(sandbox: Sandbox, _given: Json) -> Json:
    """Final states at both providers, and every event that never arrived, with the reason."""
    return sandbox.truth()


def _events(sandbox: Sandbox, given: Json) -> Json:
    """Every Stripe event, oldest first; with `api_version` in that shape."""
    return {"events": sandbox.events(given.get("api_version"))}


def _clock(sandbox: Sandbox, given: Json) -> Json:
    """`freeze` at a second, `run` at an offset, `advance` by seconds and let happen what is due."""
    happened = 0
    with sandbox.lock:
        if "freeze" in given:
            sandbox.clock.freeze(int(given["freeze"]))
        if "run" in given:
            sandbox.clock.run(int(given["run"]))
        if "advance" in given:
            happened = sandbox.advance(int(given["advance"]))
        return {"happened": happened, **sandbox.clock.dump()}


def _settings(sandbox: Sandbox, given: Json) -> Json:
    """Changes settings of the Stripe account, or of the connected `account`.

    `api_version`, `after_retries` (unpaid, cancel, past_due), accepted `keys`, `jitter` seconds of
    `created`, `livemode` of what is made from now on, how many of the next events are
    `ungenerated`: neither sent nor listed.
    """
    with sandbox.lock:
        account = sandbox.account_of(given.get("account"))
        if "api_version" in given:
            account.api_version = checked(given["api_version"])
        if "after_retries" in given:
            if given["after_retries"] not in _AFTER_RETRIES:
                raise ValueError("after_retries is unpaid, cancel or past_due")
            account.after_retries = given["after_retries"]
        if "keys" in given:
            sandbox.api.keys = set(texts(given["keys"]))
        account.livemode = bool(given.get("livemode", account.livemode))
        account.jitter = _natural(given, "jitter", account.jitter)
        account.ungenerated = _natural(given, "ungenerated", account.ungenerated)
        return _shown(account)


def _shown(account: Account) -> Json:
    return {
        "api_version": account.api_version,
        "after_retries": account.after_retries,
        "livemode": account.livemode,
        "jitter": account.jitter,
        "ungenerated": account.ungenerated,
    }


def _natural(given: Json, name: str, default: int) -> int:
    value = int(given.get(name, default))
    if value < 0:
        raise ValueError(f"{name} is 0 or more")
    return value


def _connect(sandbox: Sandbox, given: Json) -> Json:
    """Connects an account with this `id`; callers then name it in `Stripe-Account`."""
    account = sandbox.connect(given["id"])
    return {"id": account.id, **_shown(account)}


def _tell(sandbox: Sandbox, given: Json) -> Json:
    """Makes a bursty Stripe history, the same for the same `seed`.

    `start` and `until` in provider seconds, how many `events` and `customers`, a `label`,
    `account` for a connected one.
    """
    story = {name: value for name, value in given.items() if name != "account"}
    with sandbox.lock:
        return tell(sandbox.account_of(given.get("account")), Story(**story))


def _resolve(sandbox: Sandbox, given: Json) -> Json:
    """Stripe says, as a thin event, that events could not be generated and that this is over."""
    with sandbox.lock:
        account = sandbox.account_of(given.get("account"))
        subject = {"id": account.new_id("evtgen"), "object": "v2.core.health"}
        kind = "v2.core.health.event_generation_failure.resolved"
        return {"id": account.emit(kind, subject, now=sandbox.clock.now())["id"]}


def _complete(sandbox: Sandbox, given: Json) -> Json:
    """A customer completes the Checkout `session` with a `card` (default `pm_card_visa`)."""
    with sandbox.lock:
        account = sandbox.account_of(given.get("account"))
        card = given.get("card", "pm_card_visa")
        now = sandbox.clock.now()
        done = checkout.complete(account, given["session"], card=card, now=now)
        return {"subscription": done["subscription"], "customer": done["customer"]}


def _calls(sandbox: Sandbox, given: Json) -> Json:
    """What was asked of the APIs; with `forget` the log is emptied after that."""
    calls = list(sandbox.calls)
    if given.get("forget"):
        sandbox.calls.clear()
    return {"calls": calls}


def _reset(sandbox: Sandbox, given: Json) -> Json:
    """Starts over, with a `seed` if one is given."""
    sandbox.reset(given.get("seed"))
    return {"reset": True}


CONTROLS: Final[Controls] = {
    ("GET", "/health"): _health,
    ("GET", "/truth"): _truth,
    ("POST", "/events"): _events,
    ("POST", "/clock"): _clock,
    ("POST", "/settings"): _settings,
    ("POST", "/accounts"): _connect,
    ("POST", "/histories"): _tell,
    ("POST", "/checkouts/complete"): _complete,
    ("POST", "/events/generation-resolved"): _resolve,
    ("GET", "/calls"): _calls,
    ("POST", "/calls"): _calls,
    ("POST", "/reset"): _reset,
}
