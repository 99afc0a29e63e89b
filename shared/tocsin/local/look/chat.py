"""What would stand in the chat room, read back from the custom notification on its topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTACT = "contact"
_PARTS = 4


def posted(envelope: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of an inbox message but when and where; None: it is no custom notification.

    A message about a way itself has no incident; its id does not say whose way it is.
    """
    try:
        notice = json.loads(envelope.get("Message", ""))
        if notice["source"] != "custom":
            return None
        content, metadata = notice["content"], notice["metadata"]
    except (ValueError, LookupError, TypeError):
        return None
    parts = str(notice["id"]).split("/", 3)
    about = parts[0] != _CONTACT and len(parts) == _PARTS
    return {
        "to": parts[3].removeprefix("person:") if about else "chat",
        "kind": parts[2] if about else _CONTACT,
        "severity": metadata["additionalContext"].get("severity", ""),
        "incident": parts[0] if about else "",
        "message_id": notice["id"],
        "subject": content["title"],
        "text": "\n".join([content["description"], *content.get("nextSteps", [])]),
        "attributes": {
            "thread": metadata["threadId"],
            "event": metadata["eventType"],
            **metadata["additionalContext"],
        },
        "channel": "chat",
    }
