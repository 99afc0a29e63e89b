"""The nested form encoding of the official SDK comes back as what was encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from tocsin.local.sandbox.stripe.errors import ProviderRefusal
from tocsin.local.sandbox.stripe.forms import boolean, integer, only, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

names = st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True)
texts = st.text(min_size=1, max_size=12)
trees = st.dictionaries(
    names,
    st.recursive(
        texts,
        lambda inner: (
            st.dictionaries(names, inner, min_size=1, max_size=3)
            | st.lists(inner, min_size=1, max_size=12)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, children), default=0) if isinstance(value, dict | list) else 0


@given(trees)
def test_whatever_the_official_sdk_encodes_is_read_back_the_same(tree: Mapping[str, Any]) -> None:
    if depth(tree) > 6:
        with pytest.raises(ProviderRefusal):
            parse(urlencode(list(_api_encode(tree))))
    else:
        assert parse(urlencode(list(_api_encode(tree)))) == tree


def test_a_list_of_more_than_ten_keeps_its_order() -> None:
    tree = {"items": [str(number) for number in range(12)]}
    assert parse(urlencode(list(_api_encode(tree)))) == tree


@pytest.mark.parametrize(
    "text",
    ["a[b=1", "a]=1", "[a]=1", "a=1&a[b]=2", "a=1&a=2", "a[b]=1&a=2", "=1", "a[[b]]=1"],
)
def test_malformed_or_contradicting_names_are_refused_with_400(text: str) -> None:
    with pytest.raises(ProviderRefusal) as refused:
        parse(text)
    assert refused.value.status == 400


@pytest.mark.parametrize("raw", ["1.5", "", "1e3", "\u0661", "0x1", "9" * 16, "+1", " 1"])
def test_only_plain_digits_are_an_integer(raw: str) -> None:
    with pytest.raises(ProviderRefusal):
        integer({"limit": raw}, "limit")


@pytest.mark.parametrize("raw", ["True", "1", "yes", ""])
def test_only_true_and_false_are_booleans(raw: str) -> None:
    with pytest.raises(ProviderRefusal):
        boolean({"flag": raw}, "flag")


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(ProviderRefusal) as refused:
        only({"customer": "cus", "coupon": "x"}, frozenset({"customer"}))
    error = refused.value.body["error"]
    assert (error["code"], error["param"]) == ("parameter_unknown", "coupon")
