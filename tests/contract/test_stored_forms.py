"""What was stored yesterday is read today, and what is stored today is what was stored yesterday.

The golden file has every form; see tests/harness/stored_forms/golden.py for how it is written.
"""

from __future__ import annotations

import pytest

from tests.harness.cloud.moto_cloud import moto_cloud
from tests.harness.stored_forms import golden, timeline


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    with moto_cloud() as running:
        return golden.lines(running)


def test_every_form_is_written_byte_by_byte_as_it_was(written: dict[str, str]) -> None:
    before = golden.stored()
    changed = [name for name, text in before.items() if written.get(name) != text]
    assert not changed, f"{changed[0]}\n was {before[changed[0]]}\n is  {written.get(changed[0])}"


def test_the_file_has_every_form_there_is(written: dict[str, str]) -> None:
    assert set(written) == set(golden.stored())
    assert golden.render(written) == golden.FILE.read_text()


def test_every_type_of_entry_is_in_the_file_with_its_content() -> None:
    known = golden.stored()
    names = {f"entry {each.type} full" for each in timeline.types()}
    assert names <= set(known)
    assert len(names) > 50


def test_every_kind_of_key_is_in_the_file(written: dict[str, str]) -> None:
    text = "".join(written.values())
    for prefix in PREFIXES:
        assert f'"S":"{prefix}' in text, prefix


PREFIXES = (
    *("INC#", "KEY#", "IDEM#", "FREEZE", "TOLD#", "PERSON#", "LINK#", "ROTA#", "POLICY"),
    *("NUM#", "NUMBER#", "COUNTER", "RUN#", "CONTAINMENT", "RULES#"),
    *(
        "ASKED#",
        "REL#",
        "TELL#",
        "QUAR#",
        "APIV#",
        "ACCOUNTS",
        "SUB#",
        "CORR#",
        "APPR#",
        "DOUBLES",
        "INTENT#",
    ),
    *("INTENTS#", "CHECKOUT#", "BRK#", "OUTAGES", "STATUS", "WATCH#", "RECON#", "RECONS"),
    *(
        "REPLAY#",
        "REPLAYS#",
        "META",
        "T#",
        "CMD#",
        "OUT#",
        "OPEN",
        "CLEAR",
        "SIG#",
        "ACTION#",
        "BASE",
    ),
    *(
        "WAS#",
        "OVR#",
        "WAY#",
        "TEXTS#",
        "BUNDLE",
        "v#",
        "is#",
        "asked#",
        "TB#",
        "STATE",
        "PROBE#",
        "NOTE#",
        "W#",
    ),
    *("REPORTS", "REPORT#", "MAIL#", "GATE", "LIMIT#", "OWED#"),
    *("MISMATCH#", "COMPARED", "CURSOR", "PAGE#", "OUTCOMES", "AUDIT#", "RUNNING"),
)
"""Every word a partition or sort key of ours begins with."""
