"""What people call an incident: `INC-142`, or `DRILL-7`, beside its id.

A number is given once in a stage, drills apart. An id is 30 characters, which nobody reads out over
a telephone, types at night, or finds room for in a text message.
"""

from tocsin.incidents.vocabulary import Kind

REAL, DRILL = "INC", "DRILL"


def prefix_of(kind: Kind) -> str:
    """What numbers of this kind begin with; what was entered afterwards counts with the real."""
    return DRILL if kind is Kind.DRILL else REAL


def numbered(kind: Kind, number: int) -> str:
    """A number as it is written."""
    return f"{prefix_of(kind)}-{number}"
