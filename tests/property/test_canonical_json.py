"""What entries are hashed over, byte for byte what RFC 8785 wants, whoever wrote it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.incidents.timeline.entry import canonical_json, format_time
from tocsin.incidents.vocabulary import Severity

scalars = (
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text() | st.sampled_from(Severity)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(st.dictionaries(st.text(max_size=6), values, max_size=5))
@example({"text": "".join(map(chr, range(0x21))) + '"\\/\x7f\u2028\u2029é😀'})
@example({"\U0001f600": 1, "\ue000": 2, "\x7f": 3, "é": 4})
@example({"inner": [{"\U0001f600": 1, "\ue000": 2}]})
@example({"largest": 2**53 - 1, "smallest": 1 - 2**53})
@example({"over": 2**53})
@example({"under": [-(2**53)]})
@example({"half": "\ud83d"})
@example({"true": True, "one": 1, "none": None, "empty": [{}, [], ""], "pair": (1, 2)})
def test_it_is_what_the_rfc_wants_or_refused_as_it_refuses(value: dict[str, Any]) -> None:
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as refused:
        with pytest.raises(type(refused)):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected


@pytest.mark.parametrize("value", [{"a": 1.0}, {"a": [0.5]}, {"é": {"b": [float("nan")]}}])
def test_a_float_is_refused_wherever_it_is(value: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="floats"):
        canonical_json(value)


@settings(max_examples=50)
@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - the zone is drawn
def test_a_time_is_utc_with_three_decimals_cut_and_not_rounded(moment: datetime) -> None:
    utc = moment.astimezone(UTC)
    assert format_time(moment) == f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def test_plain_content_needs_no_rules_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rfc8785, "dumps", None)
    assert canonical_json({"b": ["é", 1, None], "a": {"c": True}}) == (
        '{"a":{"c":true},"b":["é",1,null]}'.encode()
    )
