"""Why a checkout or a change of billing is refused: leaves of the tree in `tocsin.errors`.

Errors of billing's desks: replays, windows, rebuilds, reconciliations. Same tree and rules.
"""

from __future__ import annotations

from tocsin.errors import BadInput, Conflict, NotFound, Unavailable


class PlanNotSold(BadInput):
    """No provider sells this plan in this currency."""

    code, status = "plan_not_sold", 422


class CheckoutInProgress(Conflict):
    """The same checkout is being made by another request; ask again in a moment."""

    code, status, retryable = "checkout_in_progress", 409, True


class CheckoutCompleted(Conflict):
    """A subscription already runs on this checkout; nothing more was asked of anybody."""

    code = "checkout_completed"


class BillingFrozen(Conflict):
    """Billing is frozen by an incident, and this change is not essential by policy."""

    code, status = "billing_frozen", 423


class NoPaymentPath(Unavailable):
    """No provider can take this payment now; nothing was charged."""

    code = "no_payment_path"


class UnknownCheckout(NotFound):
    """No checkout of that intent."""

    code = "unknown_checkout"


class NoDouble(Conflict):
    """At most one subscription runs or may run on this checkout: there is nothing to decide."""

    code = "no_double"


class NoSuchLeg(BadInput):
    """The provider to keep is none of those that were asked for this checkout."""

    code, status = "no_such_leg", 422


class WindowUnknown(Conflict):
    """An incident does not tell the window of its outage; `missing` names the facts."""

    code = "window_unknown"


class MismatchesLeft(Conflict):
    """Something is still wrong or unknown: heal it, accept it with a reason, or compare again."""

    code = "mismatches_left"


class AccountsNotNamed(Conflict):
    """Accounts were not compared: whoever signs names each of them, and no other."""

    code = "accounts_not_named"


class StillComparing(Conflict):
    """The reconciliation is still at work; ask again when it is ready."""

    code, retryable = "still_comparing", True
