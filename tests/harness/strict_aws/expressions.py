"""DynamoDB's expressions: their words, paths and placeholders, and what may stand where.

The rules and messages are those of the developer guide, "Expressions", and of the API reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws.refusals import GUIDE, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LONGEST_BYTES = 4_096
MOST_OPERANDS_OF_IN = 100
MOST_OPERATORS = 300

_TOKEN = re.compile(r"\s+|[#:][A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*|\d+|<>|<=|>=|[=<>(),.\[\]+-]")
_CONDITION_WORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_SECTIONS = frozenset({"SET", "REMOVE", "ADD", "DELETE"})
_FUNCTIONS = {
    "condition": frozenset(
        {
            *("attribute_exists", "attribute_not_exists", "attribute_type"),
            *("begins_with", "contains", "size"),
        }
    ),
    "key": frozenset({"begins_with"}),
    "update": frozenset({"if_not_exists", "list_append"}),
    "projection": frozenset[str](),
}
KINDS = {
    "ConditionExpression": "condition",
    "FilterExpression": "condition",
    "KeyConditionExpression": "key",
    "UpdateExpression": "update",
    "ProjectionExpression": "projection",
}
"""By the member that holds it."""


@cache
def reserved_words() -> frozenset[str]:
    """The 573 words of the guide's page "Reserved words in DynamoDB"."""
    text = Path(__file__).with_name("reserved_words.txt").read_text(encoding="ascii")
    return frozenset(text.split())


@dataclass(slots=True)
class Expression:
    """One expression, taken apart; `paths` begin with the names as they are stored."""

    member: str
    text: str
    names: Mapping[str, str]
    tokens: list[str] = field(default_factory=list)
    paths: list[tuple[int, str]] = field(default_factory=list)
    """(Index of the first token, first name) of every path."""
    wrong: list[Refusal] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return KINDS[self.member]

    @property
    def firsts(self) -> set[str]:
        return {name for _, name in self.paths}

    def placeholders(self, mark: str) -> set[str]:
        return {token for token in self.tokens if token.startswith(mark)}


def read(member: str, text: str, names: Mapping[str, str]) -> Expression:
    """The expression with all that is wrong with it by itself."""
    found = Expression(member, text, names)
    if not text.strip():
        found.wrong.append(_wrong(member, "empty expression", "The expression can not be empty;"))
    if len(text.encode()) > LONGEST_BYTES:
        found.wrong.append(
            _wrong(member, "expression size", "Expression size has exceeded the maximum", "Limits")
        )
    found.tokens = list(_tokens(found))
    _find_paths(found)
    found.wrong += _shape(found)
    return found


def _tokens(found: Expression) -> Iterator[str]:
    at = 0
    while at < len(found.text):
        token = _TOKEN.match(found.text, at)
        if token is None:
            found.wrong.append(
                _wrong(found.member, "syntax", f"Syntax error; token: {found.text[at]!r}")
            )
            return
        at = token.end()
        if not token[0].isspace():
            yield token[0]


def _find_paths(found: Expression) -> None:
    tokens = found.tokens
    for index, token in enumerate(tokens):
        after = tokens[index + 1] if index + 1 < len(tokens) else ""
        before = tokens[index - 1] if index else ""
        if token[0] == "#" or token[0].isalpha() or token[0] == "_":
            if token[0] != "#" and after == "(" and not _is_word(found, token):
                if token not in _FUNCTIONS[found.kind]:
                    found.wrong.append(
                        _wrong(
                            found.member,
                            "key condition" if found.kind == "key" else "function",
                            f"Invalid function name; function: {token}",
                        )
                    )
                continue
            if _is_word(found, token) and before != ".":
                continue
            if token[0] != "#" and token.upper() in reserved_words():
                found.wrong.append(
                    _wrong(
                        found.member,
                        "reserved word",
                        "Attribute name is a reserved keyword; reserved keyword: " + token,
                        "ReservedWords.html",
                    )
                )
            if before != ".":
                found.paths.append((index, found.names.get(token, token)))


def _is_word(found: Expression, token: str) -> bool:
    words = _SECTIONS if found.kind == "update" else _CONDITION_WORDS
    return token.upper() in words and found.kind != "projection"


def _shape(found: Expression) -> Iterator[Refusal]:
    text = " ".join(found.tokens)
    if re.search(r"\( \((?:[^()]|\([^()]*\))*\) \)", text) and _doubled(found.tokens):
        yield _wrong(
            found.member, "redundant parentheses", "The expression has redundant parentheses;"
        )
    for token, after in pairwise(found.tokens):
        if {token, after} <= _COMPARATORS:
            yield _wrong(found.member, "syntax", f'Syntax error; token: "{after}"')
    if found.tokens.count("(") != found.tokens.count(")"):
        yield _wrong(found.member, "syntax", 'Syntax error; token: "<EOF>"')
    operators = sum(
        token.upper() in _CONDITION_WORDS or token in _COMPARATORS | {"+", "-"}
        for token in found.tokens
    )
    if operators > MOST_OPERATORS:
        yield _wrong(found.member, "operators", "too many operators", "Limits")
    for index, token in enumerate(found.tokens):
        if token.upper() == "IN" and found.kind == "condition":
            inside = found.tokens[index + 2 :]
            operands = inside[: inside.index(")")] if ")" in inside else inside
            if operands.count(",") >= MOST_OPERANDS_OF_IN:
                yield _wrong(found.member, "operands of IN", "too many operands of IN", "Limits")
    yield from {"update": _update, "key": _nothing, "condition": _nothing}.get(
        found.kind, _projection
    )(found)


def _doubled(tokens: Sequence[str]) -> bool:
    """Whether a pair of parentheses holds nothing but another pair."""
    opened: list[int] = []
    pairs = {}
    for index, token in enumerate(tokens):
        if token == "(":
            opened.append(index)
        elif token == ")" and opened:
            pairs[opened.pop()] = index
    return any(
        pairs.get(start + 1) == end - 1 and tokens[start - 1 : start] != ["size"]
        for start, end in pairs.items()
    )


def _nothing(_found: Expression) -> Iterator[Refusal]:
    yield from ()


def _projection(found: Expression) -> Iterator[Refusal]:
    names = [name for _, name in found.paths]
    plain = "." not in found.tokens and "[" not in found.tokens
    if plain and len(set(names)) < len(names):
        yield _wrong(
            found.member, "overlapping paths", "Two document paths overlap with each other;"
        )


def sections(found: Expression) -> list[tuple[str, list[str]]]:
    """(Section, its tokens) of an update, as they follow."""
    parts: list[tuple[str, list[str]]] = []
    for token in found.tokens:
        if token.upper() in _SECTIONS:
            parts.append((token.upper(), []))
        elif parts:
            parts[-1][1].append(token)
    return parts


def targets(found: Expression) -> list[str]:
    """The whole paths an update changes, their first names as they are stored."""
    changed = []
    for _, tokens in sections(found):
        for clause in split(tokens, ","):
            path: list[str] = []
            for token in clause:
                if token == "=" or token.startswith(":"):
                    break
                path.append(found.names.get(token, token))
            changed.append("".join(path))
    return changed


def _update(found: Expression) -> Iterator[Refusal]:
    names = [name for name, _ in sections(found)]
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield _wrong(
            found.member,
            "section twice",
            f'The "{name}" section can only be used once in an update expression;',
        )
    if found.tokens and not names:
        yield _wrong(found.member, "syntax", f"Syntax error; token: {found.tokens[0]}")
    changed = targets(found)
    for index, path in enumerate(changed):
        for other in changed[index + 1 :]:
            if path == other or other.startswith((f"{path}.", f"{path}[")):
                yield _wrong(
                    found.member,
                    "overlapping paths",
                    "Two document paths overlap with each other; must remove or rewrite one of "
                    f"these paths; path one: [{path}], path two: [{other}]",
                )


def split(tokens: Sequence[str], mark: str) -> list[list[str]]:
    """At every mark that stands in no parentheses."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token.upper() == mark and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _wrong(member: str, rule: str, reason: str, page: str = "") -> Refusal:
    page = GUIDE + (page if page.endswith(".html") else "Expressions.html")
    return Refusal(
        rule=rule, code="ValidationException", reason=f"Invalid {member}: {reason}", page=page
    )


def used(expressions: Sequence[Expression], params: Mapping[str, Any]) -> Iterator[Refusal]:
    """Every placeholder is defined and every definition is used."""
    for mark, member in (("#", "ExpressionAttributeNames"), (":", "ExpressionAttributeValues")):
        defined = params.get(member)
        if defined is not None and not defined:
            yield _wrong(member, "empty definitions", f"{member} must not be empty")
        known, what = set(defined or ()), "name" if mark == "#" else "value"
        asked = set[str]().union(*(each.placeholders(mark) for each in expressions))
        for name in sorted(asked - known):
            yield Refusal(
                rule="undefined placeholder",
                code="ValidationException",
                reason=f"An expression attribute {what} used in expression is not defined; "
                f"attribute {what}: {name}",
                page=GUIDE + "Expressions.html",
            )
        for name in sorted(known - asked):
            yield Refusal(
                rule="unused placeholder",
                code="ValidationException",
                reason=f"Value provided in {member} unused in expressions: keys: {{{name}}}",
                page=GUIDE + "Expressions.html",
            )
