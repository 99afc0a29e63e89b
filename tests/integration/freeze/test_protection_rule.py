"""GitHub's deployment protection rule: asked, held, answered, and answered again by itself.

Against a fake that follows "Creating custom deployment protection rules" (docs.github.com); which
pages else, and where the page says nothing, stands with the fake.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.harness.worlds.told import ANA, DI, T0, Told
from tocsin.adapters.github import app as client
from tocsin.errors import ConditionFailed, MalformedPayload, SignatureInvalid, StoreUnavailable
from tocsin.incidents.model.deployments import REPORTS, DeploymentState
from tocsin.incidents.timeline.entry import parse_time
from tocsin.runtime.clock import wall_clock

if TYPE_CHECKING:
    from tests.harness.fakes.github_app import GithubApp
    from tests.integration.freeze.conftest import Gate

MINUTE = 1
PLACE = "repos/acme/checkout/actions/runs/9001/deployment_protection_rule"


def frozen(gate: Gate) -> Told:
    """An incident that freezes checkout, acknowledged."""
    told = Told(gate.terminal).open(T0, "high")
    told.acknowledge(T0, DI)
    return told


def lift(gate: Gate, told: Told) -> None:
    gate.terminal.json("freeze", "lift", told.id, "--reason", "harm is elsewhere", "--as", DI)


class TestAnswers:
    def test_what_nothing_freezes_is_approved_at_once(self, gate: Gate, github: GithubApp) -> None:
        job = github.wait()
        taken = gate.ask()
        assert (taken.status, gate.woken) == ("queued", 1)
        assert gate.look().answered == ("7001",)
        assert (job.state, job.comments) == ("approved", ["Nothing is frozen."])
        assert gate.at(MINUTE * 60).answered == ()

    def test_what_is_frozen_waits_with_the_reason_and_goes_on_by_itself_when_that_ends(
        self, gate: Gate, github: GithubApp
    ) -> None:
        told, job = frozen(gate), github.wait()
        gate.ask()
        assert gate.look().held == ("7001",)
        said = f"Waits: frozen by {told.id} (checkout, until contained)."
        assert (job.state, job.comments) == (
            "waiting",
            [f"{said} It goes on by itself when that has ended."],
        )
        assert gate.look().held == (), "not due before a minute has passed"
        for _ in range(5):
            gate.at(MINUTE)
        assert len(job.comments) == 1, "said once"
        lift(gate, told)
        assert gate.at(MINUTE).answered == ("7001",)
        assert job.state == "approved"

    def test_at_the_exact_second_of_its_end(self, gate: Gate, github: GithubApp) -> None:
        told, job = frozen(gate), github.wait()
        told.contain("09-08 11:00")
        told.say("09-08 11:00", DI, "freeze", "60", "--reason", "unsure", step="extend")
        (held,) = gate.terminal.json("freeze", "list")
        end = parse_time(held["until"])
        gate.world.clock.now = end - timedelta(seconds=1)
        gate.ask()
        gate.look()
        assert (job.state, gate.known.due_at) == ("waiting", end)
        gate.world.clock.now = end - timedelta(microseconds=1)
        assert (gate.look().held, job.state) == ((), "waiting")
        gate.world.clock.now = end
        assert (gate.look().answered, job.state) == (("7001",), "approved")

    def test_of_two_incidents_both_must_end_and_the_one_left_is_named(
        self, gate: Gate, github: GithubApp
    ) -> None:
        first, job = frozen(gate), github.wait()
        second = Told(gate.terminal)
        words = ("--severity", "high", "--service", "checkout", "--as", ANA)
        second.id = gate.terminal.json("open", "another one", *words)["id"]
        gate.ask()
        gate.look()
        assert {first.id, second.id} == {
            one for one in (first.id, second.id) if one in job.comments[0]
        }
        lift(gate, first)
        gate.at(MINUTE)
        assert (job.state, first.id in job.comments[1]) == ("waiting", False)
        assert second.id in job.comments[1]
        lift(gate, second)
        gate.at(MINUTE)
        assert job.state == "approved"

    @pytest.mark.parametrize("name", ["c0ffee1", "#12", "acme/checkout#12"])
    def test_a_rollback_linked_as_containment_passes_also_while_it_waits(
        self, gate: Gate, github: GithubApp, name: str
    ) -> None:
        told, job = frozen(gate), github.wait()
        gate.ask()
        gate.look()
        told.say(T0, DI, "freeze", name, "containment", "--reason", "back to 41", step="allow")
        gate.at(MINUTE)
        assert (job.state, "Let through by" in job.comments[-1]) == ("approved", True)

    def test_of_a_restricted_one_the_runs_page_gives_no_reason(
        self, gate: Gate, github: GithubApp
    ) -> None:
        told, job = frozen(gate), github.wait()
        told.say(T0, "sam:security", "restrict", "--reason", "who knows")
        gate.ask()
        gate.look()
        assert "a restricted incident" in job.comments[0]
        assert not [one for one in (told.id, "down") if one in str(job.comments)]

    def test_another_environment_and_another_service_are_never_held(
        self, gate: Gate, github: GithubApp
    ) -> None:
        frozen(gate)
        staging = github.wait(environment="staging")
        gate.ask(environment="staging")
        gate.look()
        assert staging.state == "approved"
        gate.secret.document = github.secret(services={"Acme/Checkout": ["search", "reports"]})
        job = github.wait()
        gate.ask(deployment={"id": 7002})
        gate.look()
        assert job.state == "approved"
        gate.secret.document = github.secret(services={"acme/checkout": ["search", "checkout"]})
        other = github.wait(run=9002)
        callback = "https://api.github.com/repos/acme/checkout/actions/runs/9002"
        gate.ask(
            deployment={"id": 7003},
            deployment_callback_url=f"{callback}/deployment_protection_rule",
        )
        gate.look()
        assert other.state == "waiting"

    def test_told_to_reject_it_rejects_at_once_and_says_how_to_go_on(
        self, gate: Gate, github: GithubApp
    ) -> None:
        frozen(gate)
        job = github.wait()
        gate.gate = type(gate.gate)(
            **{name: getattr(gate.gate, name) for name in ("deployments", "freezes", "reviews")},
            clock=gate.world.clock,
            rejects=True,
        )
        gate.ask()
        gate.look()
        assert (job.state, "Run it again" in job.comments[0]) == ("rejected", True)

    def test_before_github_fails_it_after_thirty_days_it_gets_a_word_of_ours(
        self, gate: Gate, github: GithubApp
    ) -> None:
        frozen(gate)
        job = github.wait()
        gate.ask()
        gate.look()
        gate.at(MINUTE * 60 * 24 * 28.9)
        assert job.state == "waiting"
        gate.at(MINUTE * 60 * 24 * 0.2)
        assert job.state == "rejected"

    def test_no_more_reports_than_github_takes_and_the_last_word_is_left(
        self, gate: Gate, github: GithubApp
    ) -> None:
        told, job = frozen(gate), github.wait()
        gate.ask()
        for number in range(REPORTS + 4):
            words = ("--severity", "high", "--service", "checkout", "--as", ANA)
            gate.terminal.json("open", f"another {number}", *words)
            gate.at(MINUTE)
        assert (len(job.comments), told.id in job.comments[-1]) == (REPORTS, True)
        assert max(map(len, job.comments)) <= 1024
        for line in gate.terminal.json("list"):
            gate.terminal.json(
                "freeze", "lift", line["id"], "--reason", "x", "--as", "bo:commander"
            )
        gate.at(MINUTE)
        assert job.state == "approved"


class TestWhatGithubSends:
    def test_a_redelivery_changes_nothing_before_and_after_the_answer(
        self, gate: Gate, github: GithubApp
    ) -> None:
        told, job = frozen(gate), github.wait()
        gate.ask()
        gate.look()
        before = gate.known
        assert gate.ask(guid="another").status == "queued"
        assert gate.known == before
        lift(gate, told)
        gate.at(MINUTE)
        sent = len(github.requests)
        gate.ask()
        assert gate.at(MINUTE).answered == ()
        assert (job.state, len(github.requests)) == ("approved", sent)

    def test_a_forged_signature_is_refused_and_nothing_is_written_down(self, gate: Gate) -> None:
        for sign in ("sha256=" + "0" * 64, "sha1=" + "0" * 40, ""):
            with pytest.raises(SignatureInvalid):
                gate.ask(sign=sign or "sha256=")
        assert (gate.store.get("acme/checkout", "7001"), gate.woken) == (None, 0)

    @pytest.mark.parametrize(
        "callback",
        [
            "https://evil.example/repos/acme/checkout/actions/runs/9001/deployment_protection_rule",
            f"https://api.github.com.evil.example/{PLACE}",
            f"https://api.github.com@evil.example/{PLACE}",
            "http://api.github.com/repos/acme/checkout/actions/runs/9001/deployment_protection_rule",
            "https://api.github.com/repos/acme/other/actions/runs/9001/deployment_protection_rule",
            "https://api.github.com/repos/acme/checkout/actions/runs/9001/../deployment_protection_rule",
            "https://api.github.com/repos/acme/checkout/actions/runs/9001/deployment_protection_rule?x",
            "https://api.github.com/repos/acme/checkout/actions/runs/0/deployment_protection_rule",
            "",
        ],
    )
    def test_a_callback_elsewhere_is_refused_though_it_is_signed(
        self, gate: Gate, github: GithubApp, callback: str
    ) -> None:
        github.wait()
        with pytest.raises(MalformedPayload):
            gate.ask(deployment_callback_url=callback)
        assert (gate.look().answered, github.requests) == ((), [])

    @pytest.mark.parametrize(
        "changes",
        [
            {"repository": {"id": 501, "full_name": "acme/../x"}},
            {"repository": {"id": "501", "full_name": "acme/checkout"}},
            {"repository": None},
            {"installation": None},
            {"installation": {"id": True}},
            {"environment": ""},
            {"environment": "e" * 256},
            {"environment": 7},
            {"sha": "main"},
            {"deployment": {"id": -1}},
        ],
    )
    def test_what_cannot_be_answered_is_refused_and_never_half_kept(
        self, gate: Gate, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(MalformedPayload):
            gate.ask(**changes)
        assert gate.woken == 0

    def test_a_payload_without_deployment_or_pull_requests_is_answered_too(
        self, gate: Gate, github: GithubApp
    ) -> None:
        job = github.wait()
        gate.ask(deployment=None, pull_requests=None)
        assert (gate.look().answered, job.state) == (("9001-production",), "approved")

    def test_an_action_nobody_knows_is_noted_and_nothing_waits(self, gate: Gate) -> None:
        assert (gate.ask(action="renamed").status, gate.woken) == ("noted", 0)


class TestLostCallbacks:
    @pytest.mark.parametrize(
        "fault",
        [500, "lost", *(pytest.param(one, marks=pytest.mark.full) for one in (502, 403, 429, 301))],
    )
    @pytest.mark.parametrize("where", ["token", "review"])
    def test_a_callback_that_fails_is_sent_again_until_it_arrives(
        self, gate: Gate, github: GithubApp, fault: int | str, where: str
    ) -> None:
        job = github.wait()
        gate.ask()
        if where == "review":
            other = github.wait(run=9002, environment="staging")
            callback = "https://api.github.com/repos/acme/checkout/actions/runs/9002"
            gate.ask(
                environment="staging",
                deployment={"id": 7002},
                deployment_callback_url=f"{callback}/deployment_protection_rule",
            )
            gate.look()
            assert other.state == job.state == "approved"
            job = github.wait(run=9003)
            callback = "https://api.github.com/repos/acme/checkout/actions/runs/9003"
            gate.ask(
                deployment={"id": 7003},
                deployment_callback_url=f"{callback}/deployment_protection_rule",
            )
        github.faults += [fault] * 3
        waits = {"token": 3, "review": 2 if fault == "lost" else 3}[where]
        for _ in range(3):
            assert gate.at(1).answered in ((), ("7001",), ("7003",))
        for _ in range(waits + 9):
            gate.at(4)
        assert job.state == "approved"
        found = gate.store.get("acme/checkout", "7001" if where == "token" else "7003")
        assert found is not None
        assert found.state is DeploymentState.APPROVED
        assert gate.at(60).answered == ()

    def test_a_hanging_github_keeps_no_other_from_being_answered_later(
        self, gate: Gate, github: GithubApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "READ_SECONDS", 0.2)
        reviews = client.GithubReviews(gate.secret, api=github.url, wall=wall_clock())
        gate.gate = type(gate.gate)(
            deployments=gate.store,
            freezes=gate.gate.freezes,
            reviews=reviews,
            clock=gate.world.clock,
        )
        job = github.wait()
        github.faults.append("hang")
        gate.ask()
        assert [why.partition(":")[0] for _, why in gate.look().failed] == ["github_unavailable"]
        gate.at(MINUTE)
        assert job.state == "approved"

    def test_a_round_that_died_after_it_was_answered_is_made_up_for(
        self, gate: Gate, github: GithubApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = github.wait()
        gate.ask()
        saved = gate.store.save

        def dies(one: Any) -> None:
            if one.state is DeploymentState.APPROVED:
                raise StoreUnavailable("killed")
            saved(one)

        monkeypatch.setattr(gate.store, "save", dies)
        with pytest.raises(StoreUnavailable):
            gate.look()
        monkeypatch.setattr(gate.store, "save", saved)
        assert (job.state, gate.known.state) == ("approved", DeploymentState.WAITING)
        for _ in range(8):
            gate.at(MINUTE * 4)
        assert (gate.known.state, len(job.comments)) == (DeploymentState.APPROVED, 1)

    def test_two_rounds_that_meet_over_one_that_fails_keep_no_other_waiting(
        self, gate: Gate, github: GithubApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other round has written down that GitHub did not take it, just before this one."""
        github.wait()
        other = github.wait(run=9002)
        gate.ask()
        callback = "https://api.github.com/repos/acme/checkout/actions/runs/9002"
        gate.ask(
            deployment={"id": 7002},
            deployment_callback_url=f"{callback}/deployment_protection_rule",
        )
        saved = gate.store.save

        def faster(one: Any) -> None:
            if one.id == "7001" and one.failures:
                raise ConditionFailed
            saved(one)

        monkeypatch.setattr(gate.store, "save", faster)
        github.faults.append(500)
        assert gate.look().answered == ("7002",)
        assert other.state == "approved"

    def test_what_github_has_no_more_is_given_up_after_some_tries_and_told(
        self, gate: Gate, github: GithubApp
    ) -> None:
        gate.ask()
        given_up = [one for _ in range(8) for one in gate.at(MINUTE * 4).given_up]
        assert (given_up, gate.known.state) == (["7001"], DeploymentState.REFUSED)
        assert gate.world.meter.counts["DeploymentsUnanswered"] == 5
        assert "deployment.given_up" in gate.world.log.getvalue()

    def test_an_installation_that_comes_back_is_answered(
        self, gate: Gate, github: GithubApp
    ) -> None:
        job = github.wait()
        theirs = github.installations.pop(401)
        gate.ask()
        gate.look()
        github.installations[401] = theirs
        gate.at(MINUTE)
        assert job.state == "approved"

    def test_while_freezes_cannot_be_read_it_waits_and_is_not_forgotten(
        self, gate: Gate, github: GithubApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = github.wait()
        gate.ask()

        def refused(*_: object) -> Any:
            raise StoreUnavailable("throttled")

        with monkeypatch.context() as patched:
            patched.setattr(type(gate.gate.freezes), "of", refused)
            for _ in range(10):
                with pytest.raises(StoreUnavailable):
                    gate.at(MINUTE)
        assert job.state == "waiting"
        gate.at(MINUTE)
        assert job.state == "approved"


class TestTheApp:
    def test_a_token_is_asked_for_once_an_hour_and_for_this_repository_alone(
        self, gate: Gate, github: GithubApp
    ) -> None:
        for run in (9001, 9002, 9003):
            github.wait(run=run)
            callback = f"https://api.github.com/repos/acme/checkout/actions/runs/{run}"
            gate.ask(
                deployment={"id": run},
                deployment_callback_url=f"{callback}/deployment_protection_rule",
            )
        assert len(gate.look().answered) == 3
        assert [theirs for _, theirs in github.tokens.values()] == [{501}]

    def test_a_token_that_was_revoked_is_replaced_at_once(
        self, gate: Gate, github: GithubApp
    ) -> None:
        github.wait()
        gate.ask()
        gate.look()
        github.tokens.clear()
        job = github.wait(run=9002)
        callback = "https://api.github.com/repos/acme/checkout/actions/runs/9002"
        gate.ask(
            deployment={"id": 7002},
            deployment_callback_url=f"{callback}/deployment_protection_rule",
        )
        gate.look()
        assert job.state == "approved"

    def test_a_key_that_was_replaced_is_looked_for(self, gate: Gate, github: GithubApp) -> None:
        old = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        text = old.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        gate.secret.document = github.secret(private_key=text)
        gate.secret.newer = github.secret()
        job = github.wait()
        gate.ask()
        gate.look()
        assert job.state == "approved"

    @pytest.mark.parametrize(
        "document",
        [{}, {"app_id": 1}, {"app_id": 1, "private_key": "nonsense"}, {"private_key": 7}],
    )
    def test_a_secret_nobody_can_read_loses_no_deployment(
        self, gate: Gate, github: GithubApp, document: dict[str, Any]
    ) -> None:
        job = github.wait()
        gate.secret.document = document
        gate.ask()
        assert [why.partition(":")[0] for _, why in gate.look().failed] == ["github_unavailable"]
        gate.secret.document = github.secret()
        gate.at(MINUTE)
        assert job.state == "approved"
