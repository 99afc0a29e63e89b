"""Lambda entry: tells operations by name what needs their attention."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from functions.attention.details import Details
from functions.attention.notices import Desk, Notice, seen_in
from functions.attention.settings import Settings
from tocsin.channels.sns import SnsSender
from tocsin.errors import Unavailable
from tocsin.notes import Event
from tocsin.ports.messages import Message
from tocsin.runtime import settings
from tocsin.runtime.aws import http as aws_http
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.watch import json_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SETTINGS = settings.load(Settings)
DESK = Desk()
OPS = SnsSender(SETTINGS.OPS_TOPIC_ARN)
DETAILS = Details(
    aws_http.from_environment("monitoring"),
    aws_http.from_environment("sqs"),
    SETTINGS.DEAD_LETTERS_URL,
)
CLOCK = wall_clock()
_GUNZIP = 16 + zlib.MAX_WBITS
json_lines.start("attention", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Lines of a log group, or an alarm that rings; answers with the causes that were told."""
    told = []
    with json_lines.invocation(context):
        if "awslogs" in event:
            packed = base64.b64decode(event["awslogs"]["data"])
            batch = json.loads(zlib.decompress(packed, _GUNZIP))
            notices: Iterable[Notice] = DESK.take(seen_in(batch, stage=SETTINGS.STAGE))
        else:
            notices = _behind(event["alarmData"])
        for notice in notices:
            OPS.send(_mail(notice))
            json_lines.log(Event.ATTENTION_TOLD, cause=notice.cause, where=notice.where)
            told.append(notice.cause)
        return {"told": told}


def _behind(alarm: Mapping[str, Any]) -> list[Notice]:
    """One notice that names what stands behind an alarm that rings."""
    if alarm["state"]["value"] != "ALARM":
        return []
    try:
        where = DETAILS.of(alarm, stage=SETTINGS.STAGE, now=CLOCK.wall_now())
    except Unavailable as error:
        json_lines.log(Event.LOOK_FAILED, level="ERROR", look="details", error=repr(error))
        return []
    name = str(alarm["alarmName"]).removeprefix(f"tocsin-{SETTINGS.STAGE}-")
    return [Notice(name, ", ".join(where), "The alarm rings there.")] if where else []


def _mail(notice: Notice) -> Message:
    title = f"Tocsin {SETTINGS.STAGE}: {notice.cause} ({notice.where})"
    page = f"{SETTINGS.DOCS_BASE}docs/alarms/{notice.cause}.md".removeprefix("none")
    return Message(
        subject=title if len(title) < 100 else f"{title[:96]}...",  # noqa: PLR2004 - SNS's limit
        text=f"{notice.cause}, in {notice.where}.\n\n{notice.says}\n\nWhat to do: {page}\n",
        short=title[:140],
        attributes={"kind": "attention", "cause": notice.cause},
    )
