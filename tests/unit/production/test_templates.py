"""What differs between two templates, resource by resource."""

from __future__ import annotations

from typing import Any

from tocsin.production.templates import Change, changes


def table(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def test_added_changed_and_removed_are_told_apart() -> None:
    old = {"Resources": {"A": table(x=1, y=1), "B": table(), "C": table()}}
    new = {"Resources": {"A": table(x=2, z=1), "C": table(), "D": {"Type": "AWS::SNS::Topic"}}}
    assert changes("data", old, new) == [
        Change("data", "change", "A", "AWS::DynamoDB::Table", ("x", "y", "z")),
        Change("data", "remove", "B", "AWS::DynamoDB::Table"),
        Change("data", "add", "D", "AWS::SNS::Topic"),
    ]


def test_a_note_of_the_cdk_is_no_change_and_a_policy_is_one() -> None:
    old = {"Resources": {"A": table() | {"Metadata": {"aws:cdk:path": "x"}}}}
    new = {"Resources": {"A": table() | {"DeletionPolicy": "Retain"}}}
    assert changes("data", old, {"Resources": {"A": table()}}) == []
    assert [one.what for one in changes("data", old, new)] == [("DeletionPolicy",)]


def test_what_holds_data_is_lost_when_it_goes() -> None:
    gone = changes("data", {"Resources": {"A": table(), "B": {"Type": "AWS::SNS::Topic"}}}, {})
    assert [one.loses_data for one in gone] == [True, False]


def test_a_stack_that_is_not_there_is_all_new() -> None:
    new = {"Resources": {"A": table(), "B": table()}}
    assert [one.how for one in changes("data", {}, new)] == ["add", "add"]
