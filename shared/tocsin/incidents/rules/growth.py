"""How far an incident may grow."""

from tocsin.errors import PayloadTooLarge
from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands import relations as k
from tocsin.incidents.commands.access import ChangeAccess
from tocsin.incidents.commands.base import Command
from tocsin.incidents.commands.closing import AbsorbDuplicate, AskWaiver
from tocsin.incidents.commands.containment import PlanAction
from tocsin.incidents.commands.record import RecordChannel, RecordImpact, SettleItem
from tocsin.incidents.events.snapshot import snapshot_text
from tocsin.incidents.limits import SNAPSHOT_BYTES
from tocsin.incidents.model.incident import Incident

GROWING = (
    f.AllowChange,
    k.TakeKeys,
    AbsorbDuplicate,
    AskWaiver,
    PlanAction,
    ChangeAccess,
    RecordChannel,
    RecordImpact,
    SettleItem,
)


def check_growth(command: Command, after: Incident) -> None:
    """Refuses what would let the snapshot grow past what each write should cost.

    Raises:
        PayloadTooLarge: what grows from here on belongs into a note or behind a link.
    """
    if isinstance(command, GROWING) and len(snapshot_text(after).encode()) > SNAPSHOT_BYTES:
        raise PayloadTooLarge("the incident's summary is full: use a note or a link")
