"""Refusals in Razorpay's own shape: one code for nearly everything, and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json


class RazorpayRefusal(Exception):
    """An answer other than 200; `body` is what Razorpay would send."""

    def __init__(self, status: int, description: str, *, field: str | None = None) -> None:
        super().__init__(description)
        self.status = status
        error: Json = {
            "code": "BAD_REQUEST_ERROR",
            "description": description,
            "source": "NA",
            "step": "NA",
            "reason": "NA",
            "metadata": {},
        }
        self.body: Json = {"error": error | ({"field": field} if field else {})}


def bad_request(description: str, *, field: str | None = None) -> RazorpayRefusal:
    """400: the request can never succeed as it is."""
    return RazorpayRefusal(400, description, field=field)


def unknown_id() -> RazorpayRefusal:
    """400, not 404: an id that is not there is a bad request at Razorpay."""
    return RazorpayRefusal(400, "The id provided does not exist")


def unauthenticated() -> RazorpayRefusal:
    """401 with the code of any bad request; the SDK can not tell the two apart."""
    return RazorpayRefusal(401, "Authentication failed")


def not_found() -> RazorpayRefusal:
    """404: no such call."""
    return RazorpayRefusal(404, "The requested URL was not found on the server.")
