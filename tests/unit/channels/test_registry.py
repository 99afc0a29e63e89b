"""Every target of the outbox has exactly one channel, and nothing is imported to know it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from functions.notifier.settings import Settings
from tocsin.channels.registry import CHANNELS, channel_for, channel_of_way
from tocsin.errors import UnknownName
from tocsin.incidents.model.outbox import STAKEHOLDERS
from tocsin.incidents.vocabulary import WayKind


@pytest.mark.parametrize(
    ("target", "channel"),
    [("person:commander-primary", "page"), (STAKEHOLDERS, "stakeholders")],
)
def test_a_target_leaves_by_its_channel(target: str, channel: str) -> None:
    assert channel_for(target).name == channel


def test_a_target_nobody_serves_is_an_error_and_no_silence() -> None:
    with pytest.raises(UnknownName):
        channel_for("pigeon:loft-3")


def test_every_channel_reads_a_setting_that_the_notifier_has() -> None:
    assert {channel.setting for channel in CHANNELS} <= {field.name for field in fields(Settings)}


def test_every_channel_opens_as_a_sender() -> None:
    settings = {field.name: "arn:aws:sns:us-east-1:0:t" for field in fields(Settings)}
    for channel in CHANNELS:
        module = CHANNELS.module(channel.name)
        opened = module.open_ways(settings) if channel.way else module.open_channel("arn:t")
        assert callable(opened.send)


def test_every_kind_of_way_has_one_channel() -> None:
    assert [channel.way for channel in CHANNELS if channel.way] == list(WayKind)
    assert {kind: channel_of_way(kind).name for kind in WayKind} == {
        kind: kind.value for kind in WayKind
    }


def test_a_room_that_others_read_gets_no_links() -> None:
    assert [channel.name for channel in CHANNELS if channel.private] == ["sms", "mail", "webhook"]


def test_reading_the_table_imports_no_sdk() -> None:
    code = (
        "import sys, tocsin.channels.registry\n"
        "sys.exit(any(name.split('.')[0] in {'boto3', 'botocore'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
