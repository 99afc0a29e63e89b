"""Reading runbook files: the plain subset of YAML, and where each key stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.policy.authoring.problems import InvalidRunbook, Position
from tocsin.policy.authoring.source import Source, overlay, parse, read

if TYPE_CHECKING:
    from pathlib import Path


def refused(text: str) -> str:
    with pytest.raises(InvalidRunbook) as invalid:
        parse(text, file="r.yaml")
    return "\n".join(map(str, invalid.value.problems))


def test_only_null_true_false_and_whole_numbers_are_not_text() -> None:
    words = ["18:00", "no", "on", "1.5", "2026-09-07", "010", "1_000", "0x1f", "yes", "True"]
    assert parse(f"a: [{', '.join(words)}]", file="r.yaml").data == {"a": words}
    text = "a: [12, -3, 0, true, false, null, ~, '7']"
    assert parse(text, file="r.yaml").data == {"a": [12, -3, 0, True, False, None, None, "7"]}


def test_each_key_and_list_element_knows_its_line_and_column() -> None:
    source = parse("a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n", file="r.yaml")
    assert source.positions[("a", "b")] == Position("r.yaml", 2, 3)
    assert source.positions[("a", "c", 1)] == Position("r.yaml", 5, 7)
    assert source.positions[("a", "c", 1, "d")] == Position("r.yaml", 5, 8)


def test_an_empty_file_changes_nothing() -> None:
    assert parse("# nothing yet\n", file="r.yaml").data == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "r.yaml:3:1: a: this key stands here twice"),
        ("a: &x 1\nb: *x\n", "r.yaml:2:4: a runbook uses no aliases"),
        ("a: !!python/object:os.system x\n", "r.yaml:1:4: a: the tag"),
        ("? [a]\n: 1\n", "r.yaml:1:3: a key is plain text"),
        ("- a\n", "r.yaml:1:1: a runbook is a mapping"),
        ("text\n", "r.yaml:1:1: a runbook is a mapping"),
        ("a: [1\n", "r.yaml:2:1: "),
        ("a:\n\tb: 1\n", "r.yaml:2:1: "),
        ("a: 1\n---\nb: 2\n", "r.yaml:2:1: "),
        ("a: \x07\n", "r.yaml:1:1: not YAML"),
    ],
)
def test_what_is_not_plain_is_refused_where_it_stands(text: str, says: str) -> None:
    assert refused(text).startswith(says)


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    assert refused("a: 1\na: 2\nb: 1\nb: !x 2\n").count("\n") == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_a_problem_of_that_file(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "r.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidRunbook, match="cannot be read"):
        read(file)


def laid_over(base: dict[str, object], over: dict[str, object]) -> dict[str, object]:
    return overlay(Source(base), Source(over)).data


def test_mappings_are_merged_and_everything_else_is_replaced() -> None:
    base: dict[str, object] = {"a": {"b": 1, "c": [1, 2]}, "d": "x"}
    assert laid_over(base, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}, "d": "x"}


def test_null_removes_a_key_and_adds_none() -> None:
    assert laid_over({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "z": None}}) == {"a": {"c": 2}}


def test_text_over_a_line_with_parts_replaces_its_text_only() -> None:
    base: dict[str, object] = {"i": {"text": "old", "items": {"x": "y"}}}
    assert laid_over(base, {"i": "new"}) == {"i": {"text": "new", "items": {"x": "y"}}}


def test_parts_over_a_line_of_text_keep_the_text() -> None:
    assert laid_over({"i": "old"}, {"i": {"severities": ["low"]}}) == {
        "i": {"text": "old", "severities": ["low"]}
    }


def test_new_lines_come_last_but_new_triage_rules_first() -> None:
    base: dict[str, object] = {"triage": {"any": 1}, "evidence": {"a": "x"}}
    over: dict[str, object] = {"triage": {"mine": 2}, "evidence": {"b": "y"}}
    merged = laid_over(base, over)
    assert [*merged["triage"]] == ["mine", "any"]  # type: ignore[misc] # values are foreign YAML
    assert [*merged["evidence"]] == ["a", "b"]  # type: ignore[misc] # the same
