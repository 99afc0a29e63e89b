"""Which words claim containment: the runbook's own, in whatever language it is written.

A team that rewords the template for after containment says with it what may not be said before. It
may name the words (`claims`); where it names none, each sentence counts that stands only in
templates for after containment. The shipped sentence always counts: nobody unlearns it with a new
runbook.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

CLAIM = "we have contained the issue"
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_PLACEHOLDER = re.compile(r"<[^<>]*>")
_AROUND = " .,;:!?…"
_FEWEST_WORDS = 3
"""What is left of a sentence beside its placeholders says nothing if it is shorter."""


class Wording(Protocol):
    """A template, as the policy or the runbook file has it."""

    @property
    def text(self) -> str: ...
    @property
    def needs_containment(self) -> bool: ...
    @property
    def claims(self) -> Iterable[str]: ...


def claim_in(text: str, templates: Iterable[Wording]) -> str | None:
    """The words in `text` that claim containment; None if there are none."""
    said = _plain(text)
    return next((claim for claim in claims_of(templates) if claim in said), None)


def claims_of(templates: Iterable[Wording]) -> tuple[str, ...]:
    """Everything that claims containment, in lower case and with single spaces."""
    known = tuple(templates)
    free = free_in(known)
    own = (part for each in known if each.needs_containment for part in own_claims(each, free))
    return tuple(dict.fromkeys((CLAIM, *own)))


def free_in(templates: Iterable[Wording]) -> frozenset[str]:
    """The sentences that may be said at any time."""
    texts = (each.text for each in templates if not each.needs_containment)
    return frozenset(part for text in texts for part in _parts(text))


def own_claims(wording: Wording, free: frozenset[str]) -> tuple[str, ...]:
    """What one template claims; `free` is said before containment too."""
    if named := tuple(_plain(claim).strip(_AROUND) for claim in wording.claims):
        return tuple(filter(None, named))
    return tuple(part for part in _parts(wording.text) if part not in free)


def _parts(text: str) -> Iterator[str]:
    """Sentences without their placeholders."""
    for sentence in _SENTENCE_END.split(text):
        for part in _PLACEHOLDER.split(sentence):
            plain = _plain(part).strip(_AROUND)
            if len(plain.split()) >= _FEWEST_WORDS:
                yield plain


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
