"""AWS whose answers get lost: what was done is sent again, as `runtime.aws.http` does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.adapters.aws.call import AwsCall


@dataclass(slots=True)
class LossyCall:
    """The first answer to every write is lost, while `lossy`; the write has taken effect."""

    aws: AwsCall
    lossy: bool = True

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        if self.lossy and operation == "PutItem":
            self.aws.call(operation, payload)
        return self.aws.call(operation, payload)
