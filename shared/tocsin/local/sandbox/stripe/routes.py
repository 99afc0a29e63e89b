"""Which call of the provider's API does what: one table for the reads, one for the changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox.stripe import checkout, resources, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: Final = {
    "customers": "customer",
    "products": "product",
    "prices": "price",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "payment_intents": "payment_intent",
    "checkout/sessions": "checkout.session",
}
EVENT: Final = re.compile(r"/v([12])/(?:core/)?events/(\w+)")
ENDPOINT: Final = re.compile(r"/v1/webhook_endpoints(?:/(\w+))?")
READ: Final = re.compile(rf"/v1/({'|'.join(KINDS)})(?:/(\w+))?")
CHANGES: Final[tuple[tuple[str, re.Pattern[str], Callable[..., Any]], ...]] = (
    ("POST", re.compile(r"/v1/customers"), resources.create_customer),
    ("POST", re.compile(r"/v1/customers/(\w+)"), resources.update_customer),
    ("POST", re.compile(r"/v1/products"), resources.create_product),
    ("POST", re.compile(r"/v1/prices"), resources.create_price),
    ("POST", re.compile(r"/v1/subscriptions"), subscriptions.create),
    ("POST", re.compile(r"/v1/subscriptions/(\w+)"), subscriptions.update),
    ("DELETE", re.compile(r"/v1/subscriptions/(\w+)"), subscriptions.cancel),
    ("POST", re.compile(r"/v1/subscriptions/(\w+)/resume"), subscriptions.resume),
    ("POST", re.compile(r"/v1/invoices/(\w+)/pay"), resources.pay_invoice),
    ("POST", re.compile(r"/v1/checkout/sessions"), checkout.create),
    ("POST", re.compile(r"/v1/checkout/sessions/(\w+)/expire"), checkout.expire),
)
