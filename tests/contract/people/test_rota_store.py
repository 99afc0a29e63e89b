"""What every `RotaStore` promises, tried on both: memory and DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.harness.cloud.incident_tables import OPERATIONS, create_incident_tables
from tests.harness.fakes.boto_call import BotoCall
from tocsin.adapters.people.memory import MemoryRotas
from tocsin.adapters.people.rotas import DynamoRotas
from tocsin.errors import VersionConflict
from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import Override, Rank, Rota, Rotation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.ports.people import RotaStore

NOW = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COMMANDER, SECURITY = Role.INCIDENT_COMMANDER, Role.SECURITY_OWNER
ROTATION = Rotation(
    role=COMMANDER,
    zone="Europe/Berlin",
    starts_at=NOW,
    length_days=7,
    members=("ana", "", "bo"),
    backups=("cy",),
    deputies=("di",),
    set_by="ana",
    set_at=NOW,
)
OVERRIDE = Override(
    id="o1",
    role=COMMANDER,
    rank=Rank.PRIMARY,
    person="eve",
    starts_at=NOW,
    ends_at=NOW + HOUR,
    reason="dentist",
    set_by="ana",
    set_at=NOW,
)


@pytest.fixture(params=["memory", "dynamodb"])
def rotas(request: pytest.FixtureRequest) -> Iterator[RotaStore]:
    if request.param == "memory":
        yield MemoryRotas()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_incident_tables(client)
        yield DynamoRotas(BotoCall(client), table=OPERATIONS)


def test_a_role_without_anything_has_an_empty_rota(rotas: RotaStore) -> None:
    assert rotas.rota(COMMANDER, since=NOW) == Rota()
    assert rotas.past(COMMANDER) == ()


def test_what_was_set_is_read_as_it_was_written_and_belongs_to_its_role(rotas: RotaStore) -> None:
    rotas.set_rotation(ROTATION, before=None)
    rotas.set_override(OVERRIDE)
    assert rotas.rota(COMMANDER, since=NOW) == Rota(rotation=ROTATION, overrides=(OVERRIDE,))
    assert rotas.rota(SECURITY, since=NOW) == Rota()


def test_overrides_that_are_over_are_left_out(rotas: RotaStore) -> None:
    later = replace(OVERRIDE, id="o2", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    rotas.set_override(OVERRIDE)
    rotas.set_override(later)
    assert rotas.rota(COMMANDER, since=NOW).overrides == (OVERRIDE, later)
    assert rotas.rota(COMMANDER, since=NOW + HOUR).overrides == (later,)
    assert rotas.rota(COMMANDER, since=NOW + 2 * HOUR).overrides == ()


def test_the_same_override_with_another_end_takes_its_place(rotas: RotaStore) -> None:
    rotas.set_override(OVERRIDE)
    shorter = replace(OVERRIDE, ends_at=NOW + HOUR / 2)
    rotas.set_override(shorter)
    assert rotas.rota(COMMANDER, since=NOW).overrides == (shorter,)


def test_a_rotation_that_is_replaced_is_kept_as_it_was(rotas: RotaStore) -> None:
    second = replace(ROTATION, members=("bo", "ana"), set_at=NOW + HOUR)
    third = replace(ROTATION, members=("cy",), set_at=NOW + 2 * HOUR)
    rotas.set_rotation(ROTATION, before=None)
    rotas.set_rotation(second, before=ROTATION)
    rotas.set_rotation(third, before=second)
    assert rotas.rota(COMMANDER, since=NOW).rotation == third
    assert rotas.past(COMMANDER) == (ROTATION, second)


def test_who_looked_at_an_older_rotation_changes_nothing(rotas: RotaStore) -> None:
    second = replace(ROTATION, members=("bo", "ana"), set_at=NOW + HOUR)
    rotas.set_rotation(ROTATION, before=None)
    with pytest.raises(VersionConflict):
        rotas.set_rotation(second, before=None)
    rotas.set_rotation(second, before=ROTATION)
    with pytest.raises(VersionConflict):
        rotas.set_rotation(replace(ROTATION, members=("eve",)), before=ROTATION)
    assert rotas.rota(COMMANDER, since=NOW).rotation == second
