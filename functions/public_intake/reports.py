"""`/report`: anybody says that something is wrong, and may confirm an address to hear what came.

Works without a script. The answer names the report's number and nothing else: not what it led to,
and not whether others have said the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from functions.public_intake import report_pages as pages
from tocsin.application.reports.desk import Told
from tocsin.errors import BadInput, TooManyReports
from tocsin.incidents.model.correspondents import Standing
from tocsin.incidents.model.reports import Reporter
from tocsin.notes import Event, Metric
from tocsin.runtime.web.http import document

if TYPE_CHECKING:
    from functions.public_intake.visit import Visit
    from tocsin.runtime.web.http import Response

_FIELDS = 20
_WRITTEN = ("title", "detail", "contact", "reporter", "exposure", "website")
_STRANGERS = (Reporter.CUSTOMER, Reporter.RESEARCHER)
_EXPIRES = timedelta(days=90)


def form(_visit: Visit) -> Response:
    """The empty form."""
    return pages.form()


def take(visit: Visit) -> Response:
    """Keeps what is told, or says what is to be put right; what was typed stays."""
    given = _given(visit)
    try:
        told = Told(
            reporter=_reporter(given["reporter"]),
            title=given["title"],
            detail=given["detail"],
            exposure=given["exposure"] == "yes",
            contact=given["contact"],
            suspect=bool(given["website"]),
        )
        report = visit.form.take(told, visit.request.source)
    except (BadInput, TooManyReports) as error:
        visit.watch.journal.refused(Event.REPORT_REFUSED, error)
        visit.watch.meter.count(Metric.REPORTS_REFUSED, code=error.code)
        return pages.form(given, error)
    visit.watch.journal.info(Event.REPORT_TAKEN, report=report.reference, suspect=report.suspect)
    visit.watch.meter.count(Metric.REPORTS_TAKEN)
    return pages.taken(report.reference, written=bool(given["contact"].strip()))


def ask(visit: Visit) -> Response:
    """The page that asks whether it was them: mail scanners open every link."""
    one = visit.form.asked(_token(visit))
    done = one.standing is Standing.CONFIRMED
    return pages.confirmed(one.reference) if done else pages.confirm(one.reference)


def confirm(visit: Visit) -> Response:
    """Puts down that it was them."""
    one = visit.form.confirm(_token(visit))
    visit.watch.journal.info(Event.REPORT_CONFIRMED, report=one.reference)
    return pages.confirmed(one.reference)


def security_txt(visit: Visit) -> Response:
    """Where researchers report (RFC 9116), under the name that the gateway was called by."""
    here = f"https://{visit.request.domain}"
    expires = visit.desk.wall.wall_now() + _EXPIRES
    text = (
        f"Contact: {here}/report\n"
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}\n"
        "Preferred-Languages: en\n"
        f"Canonical: {here}/.well-known/security.txt\n"
    )
    return document(200, text, "text/plain; charset=utf-8")


def _given(visit: Visit) -> dict[str, str]:
    """The fields of the form, as browsers send them.

    Raises:
        BadInput: more fields, or others than text.
    """
    try:
        body = visit.request.body.decode("utf-8")
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=_FIELDS, errors="replace")
    except ValueError as error:
        raise BadInput("this is no form that was given out here") from error
    return {name: next(iter(fields.get(name, ())), "") for name in _WRITTEN}


def _reporter(text: str) -> Reporter:
    if text not in set(_STRANGERS):
        raise BadInput("please say as what you report this", field="reporter")
    return Reporter(text)


def _token(visit: Visit) -> str:
    return visit.request.path_parameters.get("token", "")[:80]
