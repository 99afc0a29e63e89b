"""The one thing adapters need of AWS: a JSON call that fails in Tocsin's own errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

type Attribute = dict[str, Any]
type Item = dict[str, Attribute]
"""An item in DynamoDB's JSON: `{"name": {"S": "text"}}`."""


class AwsCall(Protocol):
    """`runtime.aws.http.AwsHttp`, or something that behaves like it."""

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        """One operation.

        Raises:
            ConditionFailed: a conditional write found the item otherwise.
            StoreRefused: DynamoDB finds fault with the request itself.
            Unavailable: the leaf of the service.
        """
        ...
