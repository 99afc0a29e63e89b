"""What AWS would refuse, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GUIDE = "docs.aws.amazon.com/amazondynamodb/latest/developerguide/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One rule that a request breaks; `code` is the error AWS answers, `page` where it says so.

    `page` is empty where the rule is the service's own model, as botocore brings it.
    """

    rule: str
    code: str
    reason: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as its service reads it, with the names and types of the service's model."""

    service: str
    operation: str
    params: dict[str, Any]
    strays: tuple[str, ...] = ()
    """Names that the operation does not have: AWS passes over them in silence."""

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation}"
