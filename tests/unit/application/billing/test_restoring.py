"""What a replay puts back: each event once, and what cannot be read is set aside by its id."""

from __future__ import annotations

import random

from tests.harness.models.replay import IDENTITY, World
from tocsin.adapters.billing.projection.ledger import item_of, record_of
from tocsin.application.billing.projection.restore import Restored, Restorer


def test_an_item_that_cannot_be_read_is_set_aside_and_the_rest_go_on() -> None:
    world = World(random.Random(4))
    world.history(3)
    records = [
        world.filer(IDENTITY, each, now=int(world.clock), replay="RPL-1")[0]
        for each in world.provider.documents
    ]
    items = [item_of(each) for each in records]
    broken = {**items[0], "SK": {"S": "evt_broken"}, "pv": {"S": ""}}
    broken.pop("b")
    worker = Restorer(world.ledger, world.quarantine, record_of)
    assert worker.restore([broken, *items], now=9) == Restored(inserted=3, set_aside=1)
    assert worker.restore([broken, *items], now=9) == Restored(duplicate=3, set_aside=1)
    (poison,) = world.quarantine.kept("unknown")
    assert (poison.id, poison.reason) == ("evt_broken", "malformed_payload")
