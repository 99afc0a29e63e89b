"""What claims containment, in the words of whatever runbook an incident goes by."""

from __future__ import annotations

import pytest

from tocsin.incidents.runbook.policy import Template
from tocsin.incidents.runbook.wording import CLAIM, claim_in, claims_of
from tocsin.policy.compiled.policies import default

BEFORE = Template(
    "before", "Vorher", "Wir haben ein Problem in <scope>. Wir arbeiten daran. Stand: <status>."
)
AFTER = Template(
    "after",
    "Nachher",
    "Wir haben ein Problem in <scope>. Der Fehler ist eingedämmt! Stand: <status>.",
    needs_containment=True,
)
NAMED = Template("named", "Kurz", AFTER.text, needs_containment=True, claims=("Eingedämmt ",))


def test_the_shipped_runbook_claims_what_it_always_did() -> None:
    assert claims_of(default().templates.values()) == (
        CLAIM,
        "we have contained the issue and are implementing a permanent fix",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("der FEHLER  ist\neingedämmt, seit zehn Uhr.", "der fehler ist eingedämmt"),
        ("We have contained the issue.", CLAIM),
        ("Wir haben ein Problem in Asien. Wir arbeiten daran.", None),
        ("Eingedämmt ist noch nichts.", None),
    ],
)
def test_a_sentence_that_is_only_said_after_containment_claims_it(
    text: str, found: str | None
) -> None:
    assert claim_in(text, [BEFORE, AFTER]) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Die Störung ist eingedämmt.", "eingedämmt"),
        ("Der Fehler ist bekannt.", None),
        ("we have contained the issue", CLAIM),
    ],
)
def test_where_the_runbook_names_the_words_those_count_and_no_sentence(
    text: str, found: str | None
) -> None:
    assert claim_in(text, [BEFORE, NAMED]) == found
