"""The pages of `/report`: plain HTML, each field with its label, nothing fetched from anywhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from functions.public_intake.pages import STYLE, page, style_source
from tocsin.incidents.limits import LINE
from tocsin.incidents.model.reports import TEXT, Reporter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.errors import TocsinError
    from tocsin.runtime.web.http import Response

FORM_STYLE = STYLE + (
    "label,legend{display:block;font-weight:600;margin-top:1rem}"
    "label.one{font-weight:400;margin:.25rem 0;min-height:2rem}"
    "fieldset{border:0;margin:1rem 0 0;padding:0}"
    "input[type=text],input[type=email],textarea{font:inherit;width:100%;box-sizing:border-box;"
    "padding:.5rem;border:2px solid;border-radius:.5rem;background:none;color:inherit}"
    "input[type=radio],input[type=checkbox]{width:1.25rem;height:1.25rem;vertical-align:-.2rem}"
    "p[role=alert]{border:2px solid #b3261e;border-radius:.5rem;padding:.5rem .75rem}"
    ".not-for-people{position:absolute;left:-999rem}"
)
_KINDS = {
    Reporter.CUSTOMER: "a customer, or somebody who uses this",
    Reporter.RESEARCHER: "a security researcher",
}
_SOURCE = style_source(FORM_STYLE)


def form(given: Mapping[str, str] | None = None, error: TocsinError | None = None) -> Response:
    """The form: empty, or with what was typed and why it was not taken."""
    said = given or {}
    wrong = ""
    if error is not None:
        text = error.detail[:1].upper() + error.detail[1:].rstrip(".")
        more = " Please try again in ten minutes." if error.retryable else ""
        wrong = f'<p role="alert">Not sent. {escape(text)}.{more}</p>'
    kinds = "".join(
        f'<label class="one"><input type="radio" name="reporter" value="{kind}" required'
        f"{' checked' if said.get('reporter') == kind else ''}> {escape(text)}</label>"
        for kind, text in _KINDS.items()
    )
    exposed = " checked" if said.get("exposure") == "yes" else ""
    body = (
        f"<h1>Report a problem</h1>{wrong}"
        "<p>Somebody looks at it within the hour.</p>"
        '<form method="post" action="/report" accept-charset="utf-8">'
        '<label for="title">What is wrong, in one line</label>'
        f'<input type="text" id="title" name="title" maxlength="{LINE}" required '
        f'value="{escape(said.get("title", ""), quote=True)}">'
        '<label for="detail">How can it be seen, and since when?</label>'
        f'<textarea id="detail" name="detail" rows="6" maxlength="{TEXT}" '
        'aria-describedby="detail-more">'
        f"\n{escape(said.get('detail', ''))}</textarea>"
        '<small id="detail-more">Please no passwords and no data of other people.</small>'
        "<fieldset><legend>Data</legend>"
        f'<label class="one"><input type="checkbox" name="exposure" value="yes"{exposed}> '
        "Somebody can see data that is not theirs</label></fieldset>"
        f"<fieldset><legend>You are</legend>{kinds}</fieldset>"
        '<label for="contact">Your mail address, if you want to know what came of it</label>'
        '<input type="email" id="contact" name="contact" maxlength="254" autocomplete="email" '
        f'aria-describedby="contact-more" value="{escape(said.get("contact", ""), quote=True)}">'
        '<small id="contact-more">We ask you there first whether it was you. It is used for'
        " nothing else, and erased after that.</small>"
        '<div class="not-for-people" aria-hidden="true"><label for="website">Leave this empty'
        '</label><input type="text" id="website" name="website" tabindex="-1" '
        'autocomplete="off"></div>'
        '<button class="first">Send</button></form>'
    )
    status, code = (200, "") if error is None else (error.status, error.code)
    response = _page(status, code, "Report a problem", body)
    if error is not None and error.retryable:
        response["headers"]["retry-after"] = "600"
    return response


def taken(reference: str, *, written: bool) -> Response:
    """Says that it came, under which number, and what happens to it now."""
    mail = (
        "<p>You get a mail that asks whether it was you. Only if you say so there do we write"
        " what came of it.</p>"
        if written
        else "<p>You gave no address, so you hear no more from us.</p>"
    )
    body = (
        f"<h1>Thank you</h1><p>Your report has the number <b>{escape(reference)}</b>.</p>"
        f"<p>Somebody looks at it within the hour.</p>{mail}"
    )
    return _page(200, "taken", "Thank you", body)


def confirm(reference: str) -> Response:
    """Asks whether it was them."""
    body = (
        "<h1>Was this your report?</h1>"
        f"<p>{escape(reference)}</p>"
        '<form method="post"><button class="first">Yes, tell me what comes of it</button>'
        "<small>We write once, when it is known, and erase your address then.</small></form>"
        "<p>If it was not you, close this page: you get no more about it.</p>"
    )
    return _page(200, "", "Was this your report?", body)


def confirmed(reference: str) -> Response:
    """Says that they will hear."""
    body = (
        f"<h1>Thank you</h1><p>We write to you when it is known what comes of"
        f" <b>{escape(reference)}</b>.</p>"
    )
    return _page(200, "confirmed", "Thank you", body)


def _page(status: int, code: str, title: str, body: str) -> Response:
    return page(status, code, title, body, style=FORM_STYLE, source=_SOURCE)
