"""Every target of the outbox has exactly one channel, and nothing is imported to know it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from functions.notifier.settings import Settings
from tocsin.channels.registry import CHANNELS, channel_for
from tocsin.errors import UnknownName
from tocsin.incidents.outbox import STAKEHOLDERS


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
    for channel in CHANNELS:
        opened = CHANNELS.module(channel.name).open_channel("arn:aws:sns:us-east-1:0:t")
        assert callable(opened.send)


def test_reading_the_table_imports_no_sdk() -> None:
    code = (
        "import sys, tocsin.channels.registry\n"
        "sys.exit(any(name.split('.')[0] in {'boto3', 'botocore'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
