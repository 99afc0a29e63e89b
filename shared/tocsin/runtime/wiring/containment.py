"""Where runs and rules of containment are read; imported when they are, which is seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall
    from tocsin.ports.containment import RuleStore, RunStore


class ContainmentStores(TypedDict):
    """Runs, and the rules they are held to."""

    runs: RunStore
    rules: RuleStore


def containment_stores(dynamodb: AwsCall, table: str) -> ContainmentStores:
    """Both in the operations table."""
    from tocsin.adapters.containment.rulebook import DynamoRulebook  # noqa: PLC0415 -- as above
    from tocsin.adapters.containment.store import DynamoRuns  # noqa: PLC0415 -- as above

    return {"runs": DynamoRuns(dynamodb, table), "rules": DynamoRulebook(dynamodb, table)}
