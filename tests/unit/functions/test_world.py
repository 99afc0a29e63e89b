"""The harness itself: a world in which nothing can go unnoticed."""

from __future__ import annotations

import pytest

from tests.harness.worlds.world import a_world
from tocsin.incidents.model.outbox import STAKEHOLDERS

PRIMARY = ("commander-primary", "mitigation-primary")


def forgetful() -> None:
    """A test that forgets one page."""
    with a_world() as world:
        world.alarm()
        world.expect("opened", STAKEHOLDERS)
        world.expect("page", PRIMARY[0])


def hopeful() -> None:
    """A test that expects a page nobody sent."""
    with a_world() as world:
        world.alarm()
        world.expect("page", "security-primary")


def test_a_message_nobody_expected_fails_the_test() -> None:
    with pytest.raises(AssertionError, match=r"unexpected messages(.|\n)*mitigation-primary"):
        forgetful()


def test_a_message_that_did_not_come_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="no message: page to security-primary"):
        hopeful()


@pytest.mark.parametrize(("at", "subject"), [("10:01", ""), ("", "ACK by 11:15")])
def test_a_message_at_another_time_or_with_another_subject_is_not_the_expected_one(
    at: str, subject: str
) -> None:
    with a_world() as world:
        world.alarm()
        with pytest.raises(AssertionError, match="no message"):
            world.expect("page", *PRIMARY, at=at, subject=subject)
        world.inbox.take_all()


def test_both_clocks_stand_still_until_they_are_moved() -> None:
    with a_world() as world:
        before = (world.clock.incident_now(), world.wall.wall_now())
        assert (world.clock.incident_now(), world.wall.wall_now()) == before
        world.jump(5)
        moved = (world.clock.incident_now(), world.wall.wall_now())
        assert [str(after - was) for was, after in zip(before, moved, strict=True)] == [
            "0:05:00",
            "0:05:00",
        ]


def test_the_same_story_twice_is_the_same_to_the_last_byte() -> None:
    tellings = []
    for _ in range(2):
        with a_world() as world:
            incident = world.alarm()
            assert incident is not None
            world.advance(7)
            tellings.append((world.timeline(incident), [str(each) for each in world.inbox.all]))
            world.inbox.take_all()
    assert tellings[0] == tellings[1]
