"""Where a page of the index `list` or of one partition ended, as a text that callers hand back."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from tocsin.adapters.aws.attributes import s
from tocsin.errors import UNREADABLE, BadInput


def cursor_of(last: dict[str, Any]) -> str:
    """The cursor behind a page's last key."""
    plain = {name: value["S"] for name, value in last.items()}
    return urlsafe_b64encode(json.dumps(plain, sort_keys=True).encode()).decode()


_LIST = ("PK", "SK", "list_pk", "list_sk")
PARTITION = ("PK", "SK")


def key_of(cursor: str, names: tuple[str, ...] = _LIST) -> dict[str, Any]:
    """The start key a cursor stands for; `names` are its attributes.

    Raises:
        BadInput: it was not made by `cursor_of`.
    """
    try:
        plain = json.loads(urlsafe_b64decode(cursor.encode()))
        return {name: s(plain[name]) for name in names}
    except UNREADABLE as error:
        raise BadInput("this cursor was not given out here") from error
