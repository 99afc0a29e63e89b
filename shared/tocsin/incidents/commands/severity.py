"""Commands that say how bad it is, and what kind."""

from dataclasses import dataclass

from tocsin.incidents.commands.base import Command
from tocsin.incidents.vocabulary import Category, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSeverity(Command):
    """Raise or lower. Lowering needs a reason and the commander."""

    severity: Severity
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCategory(Command):
    """Another kind of incident: adds criteria, removes none that is met."""

    category: Category
    reason: str
