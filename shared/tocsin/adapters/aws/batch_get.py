"""Reads many items by key, a hundred a call, and asks again for what was left unanswered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.adapters.aws.call import AwsCall, Item

AT_ONCE = 100
_TRIES = 8


def batch_get(
    aws: AwsCall,
    table: str,
    keys: Sequence[Item],
    *,
    attributes: Sequence[str] = (),
    consistent: bool = False,
    sleep: Callable[[float], None],
) -> Iterator[Item]:
    """The items that exist, whole or only `attributes`, in no order; keys have to be distinct.

    Raises:
        StoreUnavailable: some keys were still unanswered after the last try.
    """
    names = {f"#{number}": name for number, name in enumerate(attributes)}
    only = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    for start in range(0, len(keys), AT_ONCE):
        asked: Any = {
            table: {
                "Keys": list(keys[start : start + AT_ONCE]),
                "ConsistentRead": consistent,
                **(only if names else {}),
            }
        }
        for attempt in range(_TRIES):
            answer = aws.call("BatchGetItem", {"RequestItems": asked})
            yield from answer.get("Responses", {}).get(table, [])
            if not (asked := answer.get("UnprocessedKeys") or {}):
                break
            sleep(0.05 * 2**attempt)
        else:
            detail = "BatchGetItem left keys unanswered."
            raise StoreUnavailable(detail, operation="BatchGetItem", attempts=_TRIES)
