"""The ports of the functions that speak to people, over tables: whoever is on call is on call."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tests.harness.fakes.time import START, VirtualIncidentClock
from tocsin.adapters.people.rotas import DynamoRotas
from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import Rotation
from tocsin.runtime.wiring.people import connect_people

if TYPE_CHECKING:
    import pytest


def test_what_a_link_decides_goes_by_rotations_and_not_by_the_runbooks_roster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Rotation(
        role=Role.INCIDENT_COMMANDER,
        zone="UTC",
        starts_at=START - timedelta(days=1),
        length_days=7,
        members=("ana", "bo"),
    )
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        tables = BotoCall(client)
        monkeypatch.setattr("tocsin.runtime.wiring.people.tables", lambda: tables)
        DynamoRotas(tables, OPERATIONS).set_rotation(turns, before=None)
        people = connect_people("incidents", OPERATIONS, clock=VirtualIncidentClock(START))
        roster = people.manned.policies.current().roster
        assert roster.primary[Role.INCIDENT_COMMANDER] == "ana"
        assert roster.backup[Role.INCIDENT_COMMANDER] == "bo"
        assert people.manned.store is people.application.store
