"""Ways to break the product, each with the figure of a run that it must turn red.

A run under fire that is green for whatever is deployed shows nothing. So each of these is put into
a deployed bundle, and the run must say which promise is broken.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.drills.sabotage.bundles import patched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed


@dataclass(frozen=True, slots=True)
class Break:
    """`addition` at the end of `module` of one function's bundle; `red` begins what is broken."""

    function: str
    module: str
    addition: str
    red: str


BREAKS = {
    "acknowledged-before-durable": Break(
        "webhook_ingest",
        "tocsin/adapters/billing/projection/ledger.py",
        "from tocsin.errors import StoreUnavailable as _Down\n\n"
        "_put = DynamoDbLedger.put\n\n\n"
        "def _hopeful(self, record):\n"
        "    try:\n"
        "        once = self._aws.hasty(type(self._aws._patience)(attempts=1))\n"
        "        return _put(DynamoDbLedger(once, self._table), record)\n"
        "    except _Down:\n"
        "        return True\n\n\n"
        "DynamoDbLedger.put = _hopeful\n",
        "events.stored",
    ),
    "repeat-not-recognised": Break(
        "incident_api",
        "tocsin/application/incidents/fingerprint.py",
        "import uuid as _uuid\n\n\n"
        "def command_hash(actor, command_id):\n"
        "    return hashlib.sha256(str(_uuid.uuid4()).encode()).hexdigest()\n",
        "commands.doubled",
    ),
    "sent-because-tried": Break(
        "notifier",
        "tocsin/channels/aws_send.py",
        "_handed_over = handed_over\n\n\n"
        "def handed_over(aws, operation, request):\n"
        "    try:\n"
        "        once = aws.hasty(type(aws._patience)(attempts=1))\n"
        "        return _handed_over(once, operation, request)\n"
        "    except Exception:\n"
        "        return 'sent'\n",
        "notifications.delivered",
    ),
}


@contextlib.contextmanager
def broken(stage: Deployed, name: str) -> Iterator[None]:
    """The stage with this fault in it, and whole again afterwards."""
    fault = BREAKS[name]
    deployed = stage.outputs["functions"][fault.function]
    with patched(stage.clients, deployed, fault.module, fault.addition):
        yield
