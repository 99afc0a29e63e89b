"""The sandbox's own controls under `/_sandbox/`: JSON in, JSON out, nothing of a provider's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.controls import accounts, failures, razorpay, webhooks
from tocsin.local.sandbox.controls.refusal import BadControl
from tocsin.local.sandbox.razorpay.errors import RazorpayRefusal
from tocsin.local.sandbox.stripe.errors import ProviderRefusal

if TYPE_CHECKING:
    from tocsin.local.sandbox.controls.refusal import Controls
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.sandbox import Sandbox

CONTROLS: Final[Controls] = {
    **accounts.CONTROLS,
    **webhooks.CONTROLS,
    **failures.CONTROLS,
    **razorpay.CONTROLS,
}


def control(sandbox: Sandbox, method: str, path: str, given: Json) -> Json:
    """Carries out one control.

    Raises:
        BadControl: with a sentence that says what is wrong.
    """
    operation = CONTROLS.get((method, path.removeprefix("/_sandbox")))
    if operation is None:
        known = ", ".join(sorted(f"{verb} /_sandbox{name}" for verb, name in CONTROLS))
        raise BadControl(f"{method} {path}: no such control; there are {known}")
    try:
        return operation(sandbox, given)
    except (ProviderRefusal, RazorpayRefusal) as refusal:
        raise BadControl(f"{method} {path}: {refusal}") from refusal
    except (KeyError, TypeError, ValueError) as problem:
        raise BadControl(f"{method} {path}: {problem!r}") from problem
