"""Commands about the deploy freeze: hold it longer, lift it, let one linked change through."""

from dataclasses import dataclass
from typing import ClassVar

from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.parts import LinkPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendFreeze(Command):
    """Holds the freeze for `minutes` after containment is verified, or from now if it is already.

    A freeze that was lifted is on again.
    """

    minutes: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftFreeze(Command):
    """Ends the freeze although harm may go on; the severity stays what it is."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowChange(Command):
    """Links one change as containment or as fix and lets it through the freeze.

    `change` is what a deployment names itself by: a commit, a pull request, a flag.
    """

    grows: ClassVar[bool] = True

    change: str
    purpose: LinkPurpose
    reason: str
    url: str = ""
