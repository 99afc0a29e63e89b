"""What of a provider's body is kept: a list of keys, and nothing that is not on it.

An allow-list, because a deny-list forgets the field a provider adds tomorrow. Names, addresses,
card numbers, free texts, URLs and metadata are not on it. What identifies a person across events
and is still useful to support (an e-mail address, a phone number) is replaced by a keyed hash, or
dropped where no key is configured. Of metadata only our own workspace id is kept.

A key that is missing here costs information, never correctness: the projector asks the provider
whenever something it needs is not there.
"""

from __future__ import annotations

import hmac
import re
from typing import Any

# One line per family: envelope; subscriptions and plans; invoices and checkouts; payments,
# refunds and disputes; downtimes and the objects that only hold something to be hashed.
_KEPT = """
id object type api_version created livemode account context data related_object request
entity account_id event contains payload created_at previous_attributes
subscription status items plan price product recurring interval interval_count unit_amount
amount currency quantity current_period_start current_period_end cancel_at
cancel_at_period_end canceled_at ended_at trial_start trial_end pause_collection behavior
resumes_at collection_method customer latest_invoice schedule released_subscription start_date
plan_id customer_id total_count paid_count remaining_count current_start current_end charge_at
start_at end_at auth_attempts expire_by has_scheduled_changes change_scheduled_at
schedule_change_at cancel_at_cycle_end paused_at pause_initiated_by
invoice parent subscription_details has_more lines period start proration subscription_item_details
invoice_item_details billing_start billing_end amount_due amount_paid amount_remaining total
attempt_count billing_reason next_payment_attempt paid period_start period_end charge
payment_intent mode payment_status amount_total expires_at client_reference_id
amount_received amount_refunded captured refunded disputed failure_code last_payment_error
code decline_code outcome network_status reason risk_level payment payment_id order order_id
invoice_id subscription_id refund refund_status dispute fee tax method error_code
error_reason error_source error_step
payment.downtime begin end scheduled severity instrument customer_details billing_details
"""
KEPT = frozenset(_KEPT.split())
HASHED = frozenset(
    {
        "contact",
        "customer_contact",
        "customer_email",
        "customer_phone",
        "email",
        "phone",
        "receipt_email",
        "vpa",
    }
)
OWN_NOTES = frozenset({"metadata", "notes"})
WORKSPACE_KEYS = ("workspace", "workspace_id")
"""The metadata keys under which Tocsin's checkout writes our own workspace id."""

_WORKSPACE = re.compile(r"[\x21-\x7e]{1,128}")
"""What the API can be asked about. Keys are made of it, so it is never cut: that is another one."""

MAX_DEPTH = 12
MAX_TEXT = 256
MAX_LIST = 50


def prune(
    document: dict[str, Any], hash_key: bytes | None, *, depth: int = MAX_DEPTH
) -> dict[str, Any]:
    """The parts of a provider's document that may be kept.

    Nulls are left out: nothing here tells a null from an absent key. Lists are cut after
    `MAX_LIST` entries, texts after `MAX_TEXT` characters, nesting after `depth` levels.
    """
    return _object(document, hash_key, depth)


def _object(value: dict[str, Any], hash_key: bytes | None, depth: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, item in value.items():
        if item is None:
            continue
        if key in KEPT:
            # Texts are most of a body, and a call for each is a fifth of what ingest computes.
            if isinstance(item, str):
                kept[key] = item[:MAX_TEXT]
            elif isinstance(item, int):
                kept[key] = item
            elif (pruned := _value(item, hash_key, depth)) is not None:
                kept[key] = pruned
        elif key in HASHED:
            if hash_key and isinstance(item, str) and item:
                kept[key] = pseudonym(item, hash_key)
        elif key in OWN_NOTES and isinstance(item, dict) and (workspace := workspace_in(item)):
            kept[key] = {"workspace": workspace}
    return kept


def _value(item: Any, hash_key: bytes | None, depth: int) -> Any:
    if isinstance(item, dict):
        return _object(item, hash_key, depth - 1) if depth else None
    if isinstance(item, list):
        if not depth:
            return None
        return [_value(each, hash_key, depth - 1) for each in item[:MAX_LIST] if each is not None]
    return item[:MAX_TEXT] if isinstance(item, str) else item


def pseudonym(text: str, hash_key: bytes) -> str:
    """The same for the same text and key; of no use to who lacks the key."""
    digest = hmac.digest(hash_key, text.strip().lower().encode("utf-8", "replace"), "sha256")
    return "h:" + digest.hex()[:16]


def workspace_in(notes: Any) -> str | None:
    """Our workspace id in a provider's metadata; the metadata may be `{}`, `[]` or foreign."""
    if isinstance(notes, dict):
        for key in WORKSPACE_KEYS:
            value = notes.get(key)
            if isinstance(value, str) and _WORKSPACE.fullmatch(value):
                return value
    return None
