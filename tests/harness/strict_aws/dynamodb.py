"""What DynamoDB refuses although its model allows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws import expressions as ex
from tests.harness.strict_aws.values import (
    ITEM_BYTES,
    index_key_problems,
    invalid,
    key_problems,
    problems,
    size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.harness.strict_aws.refusals import Call, Refusal
    from tests.harness.strict_aws.tables import Tables
    from tests.harness.strict_aws.values import Index, Table

TRANSACTION_ITEMS = 100
TRANSACTION_BYTES = 4 * 1024 * 1024
BATCH_READS = 100
BATCH_WRITES = 25
_LEGACY = frozenset(
    {
        *("AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected"),
        *("KeyConditions", "QueryFilter", "ScanFilter"),
    }
)
_RETURNED = {"PutItem": ("NONE", "ALL_OLD"), "DeleteItem": ("NONE", "ALL_OLD")}


def refusals(call: Call, tables: Tables) -> Iterator[Refusal]:
    """Every rule the request breaks."""
    rule = _RULES.get(call.operation)
    if rule is not None:
        yield from rule(call.params, tables)
    if call.operation == "CreateTable":
        tables.made(call.params)
    returned = call.params.get("ReturnValues")
    if returned and returned not in _RETURNED.get(call.operation, (returned,)):
        yield invalid(
            "return values", "Return values set to invalid value", "WorkingWithItems.html"
        )


def _expressions(params: Mapping[str, Any]) -> list[ex.Expression]:
    names = params.get("ExpressionAttributeNames") or {}
    return [ex.read(each, params[each], names) for each in ex.KINDS if each in params]


def _expressed(params: Mapping[str, Any], found: list[ex.Expression]) -> Iterator[Refusal]:
    for each in found:
        yield from each.wrong
    yield from ex.used(found, params)
    if found and _LEGACY & set(params):
        yield invalid(
            "legacy parameters",
            "Can not use both expression and non-expression parameters in the same request",
            "LegacyConditionalParameters.html",
        )
    for name, value in (params.get("ExpressionAttributeValues") or {}).items():
        yield from problems(value, name)


def _put(params: Mapping[str, Any], tables: Tables) -> Iterator[Refusal]:
    item, table = params.get("Item", {}), tables[params.get("TableName", "")]
    yield from _expressed(params, _expressions(params))
    wrong = [each for name, value in item.items() for each in problems(value, name)]
    yield from wrong
    yield from key_problems(item, table, alone=False)
    yield from index_key_problems(item, table)
    if not wrong and size(item) > ITEM_BYTES:
        yield invalid("item size", "Item size has exceeded the maximum allowed size")


def _keyed(params: Mapping[str, Any], tables: Tables) -> Iterator[Refusal]:
    yield from _expressed(params, _expressions(params))
    yield from key_problems(params.get("Key", {}), tables[params.get("TableName", "")], alone=True)


def _update(params: Mapping[str, Any], tables: Tables) -> Iterator[Refusal]:
    yield from _keyed(params, tables)
    table = tables[params.get("TableName", "")]
    values = params.get("ExpressionAttributeValues") or {}
    for found in _expressions(params):
        if found.kind != "update":
            continue
        for path in ex.targets(found):
            if path in table.key:
                yield invalid(
                    "update of a key",
                    f"One or more parameter values were invalid: Cannot update attribute {path}. "
                    "This attribute is part of the key",
                    "WorkingWithItems.html",
                )
        yield from _assigned(found, values, table)


def _assigned(found: ex.Expression, values: Mapping[str, Any], table: Table) -> Iterator[Refusal]:
    """Values that an update writes as they are, and those it counts with."""
    for section, tokens in ex.sections(found):
        for clause in ex.split(tokens, ","):
            names = [found.names.get(token, token) for token in clause]
            if section == "SET" and len(clause) == 3 and clause[2] in values:
                yield from index_key_problems({names[0]: values[clause[2]]}, table)
            if section in {"ADD", "DELETE"} and len(clause) == 2:
                allowed = {"N", "SS", "NS", "BS"} - ({"N"} if section == "DELETE" else set())
                if not allowed & set(values.get(clause[1], {"N": ""})):
                    yield invalid("operand type", f"Incorrect operand type for operator {section}")
            for index, token in enumerate(clause):
                sides = (*clause[index - 1 : index], *clause[index + 1 : index + 2])
                if token in {"+", "-"} and any(
                    side in values and "N" not in values[side] for side in sides
                ):
                    yield invalid(
                        "operand type",
                        "Incorrect operand type for operator or function; operator or function: "
                        f"{token}",
                        "Expressions.UpdateExpressions.html",
                    )


def _read(params: Mapping[str, Any], tables: Tables) -> Iterator[Refusal]:
    """Query and Scan."""
    found = _expressions(params)
    yield from _expressed(params, found)
    table = tables[params.get("TableName", "")]
    index = table.indexes.get(params.get("IndexName", ""))
    key = index.key if index else table.key
    querying = "KeyConditionExpression" in params or "KeyConditions" in params
    for each in found:
        if each.member == "FilterExpression" and querying:
            for name in sorted(each.firsts & set(key)):
                yield invalid(
                    "key attribute in a filter",
                    "Filter Expression can only contain non-primary key attributes: "
                    f"Primary key attribute: {name}",
                    "Query.FilterExpression.html",
                )
        if each.member == "KeyConditionExpression":
            yield from _key_condition(each, key, params.get("ExpressionAttributeValues") or {})
        if each.member == "ProjectionExpression" and index and index.projected is not None:
            for name in sorted(each.firsts - index.projected):
                yield invalid(
                    "not projected",
                    "One or more parameter values were invalid: Global secondary index "
                    f"{params['IndexName']} does not project [{name}]",
                    "GSI.html",
                )
    yield from _options(params, table, index)


def _options(params: Mapping[str, Any], table: Table, index: Index | None) -> Iterator[Refusal]:
    if index and params.get("ConsistentRead"):
        yield invalid(
            "consistent read of an index",
            "Consistent reads are not supported on global secondary indexes",
            "HowItWorks.ReadConsistency.html",
        )
    select = params.get("Select")
    if select == "ALL_ATTRIBUTES" and index and index.projected is not None:
        yield invalid(
            "not projected",
            "Select type ALL_ATTRIBUTES is not supported for global secondary index "
            f"{params['IndexName']} because its projection type is not ALL",
            "GSI.html",
        )
    if select not in {None, "SPECIFIC_ATTRIBUTES"} and "ProjectionExpression" in params:
        yield invalid("select", f"Cannot specify the ProjectionExpression when choosing {select}")
    start = params.get("ExclusiveStartKey")
    if start is not None and set(start) != {*table.key, *(index.key if index else ())}:
        yield invalid("start key", "The provided starting key is invalid", "Query.Pagination.html")


def _key_condition(
    found: ex.Expression, key: Mapping[str, str], values: Mapping[str, Any]
) -> Iterator[Refusal]:
    page = "Query.KeyConditionExpressions.html"
    for token in found.tokens:
        if token.upper() in {"OR", "NOT", "IN"} or token == "<>":
            yield invalid(
                "key condition",
                f"Invalid operator used in KeyConditionExpression: {token.upper()}",
                page,
            )
    for name in sorted(found.firsts - set(key)):
        yield invalid("key condition", f"Query condition missed key schema element: {name}", page)
    partition = next(iter(key))
    parts = _conditions(found.tokens)
    equal = [part for part in parts if len(part) == 3 and part[1] == "="]
    if partition not in {found.names.get(part[0], part[0]) for part in equal}:
        yield invalid(
            "key condition", f"Query condition missed key schema element: {partition}", page
        )
    for part in parts:
        named = [found.names.get(each, each) for each in part]
        kinds = [key[name] for name in named if name in key]
        for value in (values[each] for each in part if each in values):
            if kinds and kinds[0] not in value:
                yield invalid(
                    "key type", "Condition parameter type does not match schema type", page
                )
            elif value.get("S") == "":
                yield invalid("empty key", "a key is never compared with an empty text", page)
    counted = Counter(name for _, name in found.paths)
    if len(parts) > len(key) or any(number > 1 for number in counted.values()):
        yield invalid(
            "key condition",
            "KeyConditionExpressions must only contain one condition per key",
            page,
        )


def _conditions(tokens: list[str]) -> list[list[str]]:
    """The conditions of a key, split at AND but for the one of BETWEEN."""
    parts: list[list[str]] = []
    between = False
    for part in ex.split(tokens, "AND"):
        if between:
            parts[-1] += ["AND", *part]
        else:
            parts.append(list(part))
        between = not between and any(token.upper() == "BETWEEN" for token in part)
    return parts


def _transaction(params: Mapping[str, Any], tables: Tables) -> Iterator[Refusal]:
    page = "transaction-apis.html"
    steps = [
        (action, inner)
        for step in params.get("TransactItems", ())
        for action, inner in step.items()
    ]
    if len(steps) > TRANSACTION_ITEMS:
        yield invalid("transaction items", "more than 100 items in a transaction", page)
    seen: set[object] = set()
    total = 0
    for action, inner in steps:
        yield from _STEPS[action](inner, tables)
        whole = inner.get("Item") or inner.get("Key") or {}
        total += (
            sum(len(str(each)) for each in whole.values()) if not _sound(whole) else size(whole)
        )
        table = inner.get("TableName", "")
        place = (table, *(str(whole.get(name)) for name in tables[table].key))
        if place in seen:
            yield invalid(
                "two operations on one item",
                "Transaction request cannot include multiple operations on one item",
                page,
            )
        seen.add(place)
    if total > TRANSACTION_BYTES:
        yield invalid("transaction size", "more than 4 MB in a transaction", page)


def _sound(item: Mapping[str, Any]) -> bool:
    return not any(True for name, value in item.items() for _ in problems(value, name))


def _batch_write(params: Mapping[str, Any], tables: Tables) -> Iterator[Refusal]:
    page = "batch-operations.html"
    steps = [
        (table, action, inner)
        for table, requests in params.get("RequestItems", {}).items()
        for each in requests
        for action, inner in each.items()
    ]
    if len(steps) > BATCH_WRITES:
        yield invalid("batch size", "Too many items requested for the BatchWriteItem call", page)
    places = []
    for table, action, inner in steps:
        named = {**inner, "TableName": table}
        yield from (_put if action == "PutRequest" else _keyed)(named, tables)
        whole = inner.get("Item") or inner.get("Key") or {}
        places.append((table, *(str(whole.get(name)) for name in tables[table].key)))
    if len(set(places)) < len(places):
        yield invalid("item twice", "Provided list of item keys contains duplicates", page)


def _batch_read(params: Mapping[str, Any], tables: Tables) -> Iterator[Refusal]:
    page = "batch-operations.html"
    places = []
    for table, asked in params.get("RequestItems", {}).items():
        yield from _expressed(asked, _expressions(asked))
        for key in asked.get("Keys", ()):
            yield from key_problems(key, tables[table], alone=True)
            places.append((table, str(sorted(key.items(), key=str))))
    if len(places) > BATCH_READS:
        yield invalid("batch size", "Too many items requested for the BatchGetItem call", page)
    if len(set(places)) < len(places):
        yield invalid("item twice", "Provided list of item keys contains duplicates", page)


type _Rule = Callable[[Mapping[str, Any], Tables], Iterator[Refusal]]

_STEPS: dict[str, _Rule] = {
    "Put": _put,
    "Update": _update,
    "Delete": _keyed,
    "ConditionCheck": _keyed,
    "Get": _keyed,
}
_RULES: dict[str, _Rule] = {
    "PutItem": _put,
    "UpdateItem": _update,
    "DeleteItem": _keyed,
    "GetItem": _keyed,
    "Query": _read,
    "Scan": _read,
    "TransactWriteItems": _transaction,
    "TransactGetItems": _transaction,
    "BatchWriteItem": _batch_write,
    "BatchGetItem": _batch_read,
}
