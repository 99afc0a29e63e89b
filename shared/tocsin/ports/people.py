"""Where rotations, contact ways and links are kept, and what sends on a way."""

from datetime import datetime
from typing import Protocol

from tocsin.incidents.model.outbox import OutboxKey
from tocsin.incidents.vocabulary import Role
from tocsin.people.links import Bundle, Link
from tocsin.people.rotation import Override, Rota, Rotation
from tocsin.people.storm import Line, Texts
from tocsin.people.ways import Way
from tocsin.ports.messages import Message


class ContactStore(Protocol):
    """Ways by person. Reads are consistent; a removed way is as if it had never been."""

    def ways(self, person: str) -> tuple[Way, ...]:
        """In the order they were added."""
        ...

    def way(self, person: str, way_id: str) -> Way | None: ...

    def put(self, way: Way) -> Way:
        """Writes the way over revision `way.rev` and returns it with the next one.

        Raises:
            ConditionFailed: another revision is stored, or none.
        """
        ...

    def erase(self, way: Way) -> None:
        """Overwrites the way with nothing but the fact that it is gone.

        Raises:
            ConditionFailed: another revision is stored.
        """
        ...


class WaySender(Protocol):
    """A channel to single people."""

    def send(self, way: Way, message: Message) -> str:
        """Hands the message over by the way and returns the channel's own id for it.

        Raises:
            SendFailed: the channel did not answer or was too busy; the same message may be sent
                again, and may then arrive twice.
            MessageRefused: the channel will never take this message.
        """
        ...


class LinkStore(Protocol):
    """Records of links, written once."""

    def keep(self, link: Link) -> Link:
        """Writes the record unless the handle has one; whichever is stored afterwards."""
        ...

    def find(self, handle: str) -> Link | None: ...

    def keep_bundle(self, bundle: Bundle) -> None:
        """Writes the list, over one of the same handle that never left."""
        ...

    def find_bundle(self, handle: str) -> Bundle | None: ...


class TextStore(Protocol):
    """What left by each line of late, and which messages wait for its next bundle."""

    def texts(self, line: Line) -> Texts:
        """Read consistently."""
        ...

    def put_texts(self, line: Line, texts: Texts) -> None:
        """Writes over revision `texts.rev`.

        Raises:
            ConditionFailed: another revision is stored.
        """
        ...

    def wait(self, line: Line, epoch: int, key: OutboxKey) -> None:
        """The message waits for the bundle of that epoch; twice is once."""
        ...

    def waiting(self, line: Line, epoch: int) -> tuple[OutboxKey, ...]:
        """Those that were said to wait for it, whatever became of them since."""
        ...


class RotaStore(Protocol):
    """Rotations and overrides by role. Reads are consistent."""

    def rota(self, role: Role, *, since: datetime) -> Rota:
        """The role's rotation, and the overrides that end after `since`."""
        ...

    def set_rotation(self, rotation: Rotation, *, before: Rotation | None) -> None:
        """Writes the rotation in the place of `before`, which is kept as it was.

        Raises:
            VersionConflict: what is there is not `before`.
        """
        ...

    def past(self, role: Role) -> tuple[Rotation, ...]:
        """Every rotation the role had before, the oldest first."""
        ...

    def set_override(self, override: Override) -> None:
        """Writes an override, or the same one with another end."""
        ...
