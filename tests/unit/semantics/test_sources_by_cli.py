"""What rules make of signals of every source, seen by who is paged for them.

Known or not, sent here or overheard, watched before they page; findings of GitHub's and of AWS's
(semantics 13 and the runbook's triggers).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.alarms import notification
from tests.harness.worlds.findings import EVENTS, Findings, sample
from tests.harness.worlds.runbooks import published, with_changes
from tests.harness.worlds.told import SAM, Told
from tocsin.incidents.runbook.policy import RuleMode, TriageRule
from tocsin.incidents.vocabulary import Category, Role, Severity
from tocsin.policy.compiled.policies import default
from tocsin.signals.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.worlds.terminal import Terminal

WATCHED = TriageRule(
    "queue-depth",
    "cloudwatch",
    "queue-depth",
    Severity.CRITICAL,
    Category.SECURITY,
    roles=(Role.COMMUNICATIONS_OWNER,),
    containment=("contain-revoke-key", "contain-block-source"),
    mode=RuleMode.MONITOR,
)


def board(terminal: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.json("board", "--as", SAM)
    return found


def overheard(name: str, at: str) -> dict[str, Any]:
    """An alarm that nothing but the account's events tells of."""
    event: dict[str, Any] = json.loads(
        (EVENTS / "cloudwatch" / "eventbridge-metric-math.json").read_text()
    )
    event["resources"] = [f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"]
    event["detail"] |= {"alarmName": name}
    event["detail"]["state"] |= {"value": "ALARM", "timestamp": at}
    return event


@pytest.fixture
def told(terminal: Terminal) -> Told:
    told = Told(terminal)
    told.begin("09-08 10:00")
    return told


def test_a_rule_that_only_watches_pages_nobody_and_shows_what_it_would_have_done(
    terminal: Terminal, told: Told
) -> None:
    rules = (WATCHED, *default().triage)
    published(told.world, with_changes("acme-1", triage=rules), seen=0)
    told.until("09-08 10:10")
    told.world.inbox.take_all()
    told.world.alarm("queue-depth")
    assert (board(terminal), told.world.inbox.take_all()) == ([], [])
    page = terminal.json("signals", "list", "--day", "2026-09-08", "--as", SAM)
    (line,) = page["signals"]
    assert (line["why"], line["would"]) == ("monitored", "open a critical security incident")
    assert line["rule"] == "queue-depth"
    code, out, _ = terminal.run("signals", "list", "--suppressed", "--as", SAM)
    assert (code, "14:10:00" in out, "open a critical security incident" in out) == (0, True, True)
    # Nobody has to send it again by hand once the rule pages: the next firing does.
    paging = (replace(WATCHED, mode=RuleMode.PAGE), *default().triage)
    published(told.world, with_changes("acme-2", triage=paging), seen=1)
    told.until("09-08 10:20")
    told.world.alarm("queue-depth")
    assert [one["severity"] for one in board(terminal)] == ["critical"]
    told.world.inbox.take_all()


def test_the_rule_names_who_is_paged_besides_and_what_contains_it_first(
    terminal: Terminal, told: Told
) -> None:
    rules = (replace(WATCHED, mode=RuleMode.PAGE), *default().triage)
    published(told.world, with_changes("acme-1", triage=rules), seen=0)
    told.until("09-08 10:10")
    told.world.inbox.take_all()
    told.world.alarm("queue-depth")
    paged = {one.to for one in told.world.inbox.take_all() if one.kind == "page"}
    assert "communications-primary" in paged
    told.id = board(terminal)[0]["id"]
    first = terminal.json("first", told.id, "--as", SAM)
    assert any(
        "first revoke key/token or block malicious source patterns" in step
        for step in first["do_next"]
    )


def test_what_no_rule_knows_is_high_where_it_was_sent_and_medium_where_it_was_overheard(
    terminal: Terminal, told: Told
) -> None:
    told.world.hear(overheard("odd-thing", "2026-09-08T14:00:00.000+0000"))
    told.world.alarm("odder-thing")
    found = {one["title"]: one["severity"] for one in board(terminal)}
    assert found == {"odd-thing": "medium", "odder-thing": "high"}
    for one in board(terminal):
        entries = terminal.json("timeline", one["id"], "--as", SAM)
        assert "No rule of the runbook knows this signal" in entries[0]["content"]["detail"]
    told.world.inbox.take_all()


@pytest.mark.parametrize("sent_first", [True, False])
def test_what_was_sent_and_overheard_is_one_incident_and_high_in_either_order(
    terminal: Terminal, told: Told, *, sent_first: bool
) -> None:
    at = told.world.clock.now
    event = overheard("odd-thing", at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
    sent = notification("odd-thing", at)
    if sent_first:
        told.world.deliver_alarms(sent)
    told.world.hear(event)
    if not sent_first:
        assert [one["severity"] for one in board(terminal)] == ["medium"]
        told.world.deliver_alarms(sent)
    told.world.pump()
    assert [one["severity"] for one in board(terminal)] == ["high"]
    told.world.inbox.take_all()


def test_which_rule_takes_a_message_and_why_is_told_offline(terminal: Terminal) -> None:
    sample = str(EVENTS / "cloudwatch" / "sns-alarm.json")
    found = terminal.json("signals", "test", sample)
    (one,) = found["signals"]
    assert (found["source"], one["rule"], one["severity"]) == (
        "cloudwatch",
        "data-boundary",
        "critical",
    )
    assert one["does"] == "opens a critical security incident"
    assert ["billing", "another name"] in one["passed_over"]
    code, _, err = terminal.run("signals", "test", str(EVENTS / "stripe" / "customer_updated.json"))
    assert (code, "malformed_payload" in err) == (3, True)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(name, marks=() if name == "guardduty" else pytest.mark.full)
        for name in SOURCES.names
    ],
)
def test_each_sample_of_every_source_is_explained_offline(terminal: Terminal, source: str) -> None:
    """Which rule takes it and why, what of it is none, or why it cannot be read."""
    files = sorted((EVENTS / source).glob("*.json"))
    rules = {rule.id for rule in default().triage}
    assert len(files) > 5
    for file in files:
        found = terminal.json("signals", "test", str(file))
        assert found["source"] == source, file
        assert found["signals"] or found["work"] or found["noted"] or found["refused"], file
        for one in found["signals"]:
            assert one["says"].split(":")[0] in {"fires", "clears", "is told"}, file
            assert one["does"], file
            assert one["rule"] is None or one["rule"] in rules, file


class Seen(Told):
    """A security person before the board, at the times of the samples (10:30 here)."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.findings = Findings(terminal.world)

    def hear(self, *names: str, **changes: Any) -> None:
        for name in names:
            assert self.findings.github(name, **changes) == []

    def board(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.terminal.json("board", "--as", SAM)
        return found

    def only(self) -> dict[str, Any]:
        """The one that is open."""
        (line,) = self.board()
        self.id = line["id"]
        found: dict[str, Any] = self.show()
        return found

    def show(self) -> Any:
        return self.terminal.json("show", self.id, "--as", SAM)

    def told(self) -> list[dict[str, Any]]:
        """What was put on record without changing anything."""
        return [
            signal
            for entry in self.terminal.json("timeline", self.id, "--as", SAM)
            if entry["type"] == "signals_merged"
            for signal in entry["content"]["signals"]
            if signal.get("only_told")
        ]

    def asides(self) -> list[tuple[str, str]]:
        page = self.terminal.json("signals", "list", "--day", "2026-09-08", "--as", SAM)
        return [(one["why"], one["would"]) for one in page["signals"]]

    def pages(self) -> int:
        return sum(one.kind == "page" for one in self.world.inbox.take_all())


@pytest.fixture
def seen(terminal: Terminal) -> Iterator[Seen]:
    made = Seen(terminal)
    made.begin("09-08 10:30")
    yield made
    terminal.world.inbox.take_all()


def test_a_finding_of_another_branch_or_a_fork_neither_fires_nor_clears(seen: Seen) -> None:
    seen.hear("code-in-pull-request", "code-of-fork", "code-of-no-alert")
    assert (seen.board(), seen.pages()) == ([], 0)
    seen.hear("code-appeared-in-branch")
    assert (seen.only()["severity"], seen.show()["firing"]) == ("high", True)
    assert seen.pages() > 0
    seen.hear("code-fixed-on-topic-branch")
    assert seen.show()["firing"] is True
    seen.hear("code-fixed")
    assert seen.show()["firing"] is False


def test_what_a_person_dismisses_is_told_with_who_and_why_and_clears_nothing(seen: Seen) -> None:
    seen.hear("code-created")
    assert seen.only()["firing"] is True
    seen.hear("code-closed-by-user")
    (told,) = seen.told()
    assert told["detail"] == "dismissed by dev1: false positive - the value is a constant"
    assert seen.show()["firing"] is True
    text = seen.terminal.text("timeline", seen.id, "--as", SAM)
    assert "dev1: false positive" in " ".join(text.split())


def test_a_secret_that_is_valid_or_public_is_raised_and_fires_again_under_its_key(
    seen: Seen,
) -> None:
    seen.hear("secret-created")
    assert (seen.only()["severity"], seen.show()["category"]) == ("high", "security")
    seen.hear("secret-location", "secret-valid")
    assert seen.show()["severity"] == "critical"
    seen.hear("secret-publicly-leaked")
    assert seen.show()["severity"] == "critical"
    seen.hear("secret-closed-by-person")
    assert seen.show()["firing"] is True
    assert {"closed it as wont_fix" in one["detail"] for one in seen.told()} == {True, False}
    seen.hear("secret-revoked")
    assert seen.show()["firing"] is False
    seen.hear("secret-reopened")
    assert (len(seen.board()), seen.show()["firing"]) == (1, True)


def test_a_secret_in_a_public_repository_is_critical_at_once(seen: Seen) -> None:
    seen.hear("secret-in-public-repository")
    assert seen.only()["severity"] == "critical"


@pytest.mark.parametrize("created_first", [True, False])
def test_what_a_rule_dismisses_as_it_is_created_pages_nobody_in_either_order(
    seen: Seen, *, created_first: bool
) -> None:
    """Both within GitHub's second; what is created waits a minute for its verdict."""
    seen.begin("09-08 08:00")
    names = ["dependency-created", "dependency-auto-dismissed"]
    seen.hear(*(names if created_first else names[::-1]))
    seen.hear("dependency-created-and-dismissed-by-rule")
    seen.until("09-08 08:10")
    assert (seen.board(), seen.pages()) == ([], 0)
    assert ("told", "nothing: no incident of it is open") in seen.asides()


def test_the_same_dependency_by_old_and_new_event_is_one_incident_after_a_minute(
    seen: Seen,
) -> None:
    seen.begin("09-08 08:00")
    seen.hear("vulnerability-create", "dependency-created")
    assert seen.board() == []
    seen.until("09-08 08:01")
    assert seen.only()["severity"] == "high"
    assert seen.pages() == 2, "once to each of the two who are on call"
    seen.hear("dependency-dismissed")
    seen.until("09-08 09:00")
    assert "tolerable_risk" in seen.told()[-1]["detail"]
    assert (len(seen.board()), seen.show()["firing"]) == (1, True)
    seen.hear("dependency-fixed")
    assert seen.show()["firing"] is False


def test_a_later_attempt_outranks_an_earlier_one_in_either_order(seen: Seen) -> None:
    seen.hear("workflow-secret-scan-passed", "workflow-secret-scan-failed")
    assert (seen.board(), seen.pages()) == ([], 0)
    assert seen.asides() == [("outranked", "open a high security incident")]
    failed: dict[str, Any] = {"workflow_run": _again("2026-09-08T14:50:00Z")}
    seen.findings.github("workflow-secret-scan-failed", **failed)
    assert (seen.only()["severity"], seen.show()["firing"]) == ("high", True)
    seen.hear("workflow-secret-scan-passed")
    assert seen.show()["firing"] is True, "the attempt before it changes nothing"


def test_what_cannot_be_read_as_work_warns_all_the_same(seen: Seen) -> None:
    """The refused part comes back to be looked at; the page is not kept waiting for it."""
    run = _again("2026-09-08T14:50:00Z") | {"head_sha": "HEAD"}
    assert len(seen.findings.github("workflow-secret-scan-failed", workflow_run=run)) == 1
    assert (seen.only()["severity"], seen.show()["firing"]) == ("high", True)


def _again(at: str) -> dict[str, Any]:
    run: dict[str, Any] = sample("github", "workflow-secret-scan-failed")["payload"]["workflow_run"]
    return run | {"run_attempt": 3, "updated_at": at}


def test_a_control_that_could_not_look_is_low_and_what_nobody_names_is_nothing(
    seen: Seen,
) -> None:
    seen.hear("workflow-codeql-timed-out")
    assert (seen.only()["severity"], seen.pages()) == ("low", 0)
    seen.hear(
        *("workflow-nobody-names-failed", "workflow-cancelled", "workflow-requested"),
        *("workflow-of-fork-called-main", "workflow-of-deleted-fork", "workflow-of-topic-branch"),
    )
    assert len(seen.board()) == 1


def test_a_delivery_is_taken_once_also_under_another_name(seen: Seen) -> None:
    seen.hear("secret-created")
    version = seen.only()["version"]
    seen.hear("secret-created")
    seen.findings.github("secret-created", guid="11111111-0000-4000-8000-000000000001")
    assert (seen.show()["version"], len(seen.board())) == (version, 1)


def test_what_github_adds_is_noted_and_breaks_nothing(seen: Seen) -> None:
    seen.hear("issues-opened", "secret-assigned")
    seen.hear("secret-created", action="renamed_by_next_year")
    noted = [line["why"] for line in seen.world.logged if line["message"] == "signal.noted"]
    assert noted == [
        "GitHub's issues is none of ours",
        "secret_scanning_alert: assigned changes nothing",
        "secret_scanning_alert: renamed_by_next_year changes nothing",
    ]
    assert seen.board() == []


class TestAws:
    """Findings of AWS's security services, by EventBridge."""

    @pytest.fixture
    def aws(self, seen: Seen) -> Any:
        def hear(source: str, *names: str) -> None:
            for name in names:
                assert seen.findings.aws(source, name) == []

        return hear

    def test_the_same_finding_again_and_again_is_one_incident_and_worse_is_one_raise(
        self, seen: Seen, aws: Any
    ) -> None:
        aws("guardduty", "finding", "finding-again")
        assert seen.only()["severity"] == "medium"
        seen.until("09-08 16:10")
        aws("guardduty", "finding-worse", "finding-worse")
        raised = [
            entry["content"]["new"]
            for entry in seen.terminal.json("timeline", seen.id, "--as", SAM)
            if entry["type"] == "severity_changed"
        ]
        assert (seen.show()["severity"], raised) == ("high", ["high"])
        aws("guardduty", "archiving-call")
        assert seen.show()["firing"] is True
        seen.until("09-08 17:10")
        aws("guardduty", "finding-archived")
        assert seen.show()["firing"] is False

    def test_nine_and_above_is_critical_and_a_text_is_refused_and_never_low(
        self, seen: Seen, aws: Any
    ) -> None:
        assert seen.findings.aws("guardduty", "low", severity="8.5") == ["message-1"]
        assert seen.board() == []
        aws("guardduty", "attack-sequence")
        assert seen.only()["severity"] == "critical"

    def test_several_standards_and_regions_tell_of_one_flaw(self, seen: Seen, aws: Any) -> None:
        aws("security_hub", "two-standards")
        assert seen.only()["severity"] == "high"
        event = sample("security_hub", "two-standards") | {"region": "eu-central-1"}
        seen.findings.bodies.append(json.dumps(event))
        assert seen.findings.drain() == []
        aws("security_hub", "ocsf-finding")
        assert len(seen.board()) == 1
        seen.until("09-08 12:10")
        aws("security_hub", "ocsf-resolved")
        assert seen.show()["firing"] is False

    @pytest.mark.parametrize("first", ["guardduty", "security_hub"])
    def test_what_security_hub_passes_on_of_guardduty_is_the_same_finding(
        self, seen: Seen, aws: Any, first: str
    ) -> None:
        told = [("guardduty", "finding"), ("security_hub", "of-guardduty")]
        for source, name in sorted(told, key=lambda one: one[0] != first):
            aws(source, name)
        aws("security_hub", "ocsf-of-guardduty")
        assert seen.only()["severity"] == "medium"
        seen.until("09-08 17:10")
        aws("guardduty", "finding-archived")
        assert seen.show()["firing"] is False

    def test_what_people_or_checks_say_is_over_clears_and_pages_nobody(
        self, seen: Seen, aws: Any
    ) -> None:
        aws("security_hub", "control-suppressed", "control-archived", "informational")
        assert (seen.board(), seen.pages()) == ([], 0)
        seen.begin("09-08 10:35")
        aws("security_hub", "control-failed", "control-notified")
        assert seen.only()["severity"] == "critical"

    def test_a_passed_check_clears_and_an_absent_one_does_not(self, seen: Seen, aws: Any) -> None:
        aws("security_hub", "control-failed")
        assert seen.only()["firing"] is True
        (finding,) = sample("security_hub", "control-failed")["detail"]["findings"]
        del finding["Compliance"]["Status"]
        finding["UpdatedAt"] = "2026-09-08T14:20:00.000Z"
        assert seen.findings.aws("security_hub", "control-failed", findings=[finding]) == []
        assert seen.show()["firing"] is True
        seen.until("09-08 12:10")
        aws("security_hub", "control-passed")
        assert seen.show()["firing"] is False

    def test_one_that_cannot_be_read_keeps_no_other_back_and_comes_back_whole(
        self, seen: Seen
    ) -> None:
        assert seen.findings.aws("security_hub", "three-one-broken") == ["message-1"]
        assert sorted(one["severity"] for one in seen.board()) == ["critical", "low"]
        seen.findings.bodies.append(seen.findings.sent[-1])
        assert seen.findings.drain() == ["message-1"]
        assert len(seen.board()) == 2, "what was read of it is known when it comes back"

    def test_a_custom_action_is_a_persons_wish_whatever_the_finding_says(
        self, seen: Seen, aws: Any
    ) -> None:
        aws("security_hub", "custom-action")
        assert seen.only()["severity"] == "high"
        entries = seen.terminal.json("timeline", seen.id, "--as", SAM)
        assert (
            "asked for in Security Hub by the action page-security"
            in (entries[0]["content"]["detail"])
        )

    def test_samples_are_drills_and_never_real(self, seen: Seen, aws: Any) -> None:
        aws("security_hub", "sample")
        aws("guardduty", "sample")
        assert {one["id"][:3] for one in seen.board()} == {"DRL"}

    @pytest.mark.parametrize(
        ("source", "sends", "name"),
        [
            ("guardduty", "guardduty", "finding"),
            ("security_hub", "securityhub", "control-failed"),
        ],
    )
    def test_a_rehearsed_finding_is_a_drill_of_its_own_beside_the_real_one(
        self, seen: Seen, aws: Any, source: str, sends: str, name: str
    ) -> None:
        aws(source, name)
        (real,) = seen.board()
        event = {**sample(source, name), "source": f"tocsin.drill.{sends}"}
        seen.findings.bodies += [json.dumps(event)] * 2
        assert seen.findings.drain() == []
        rehearsed = [one["id"][:3] for one in seen.board() if one["id"] != real["id"]]
        assert (real["id"][:3], rehearsed) == ("INC", ["DRL"])

    def test_insights_are_refused_and_nobodys_message_is_nobodys(self, seen: Seen) -> None:
        insight = sample("security_hub", "control-failed")
        insight["detail-type"] = "Security Hub Insight Results"
        seen.findings.bodies += [json.dumps(insight), json.dumps({"source": "aws.ec2"}), "{}", "x"]
        assert len(seen.findings.drain()) == 4


@pytest.mark.parametrize(
    ("says", "source", "name", "severity"),
    [
        ("tenant data leak", "cloudwatch", "sns-alarm", "critical"),
        ("auth bypass", "github", "code-auth-bypass", "critical"),
        ("leaked prod credential", "github", "secret-valid", "critical"),
        ("exploitable injection path", "github", "code-created", "high"),
        ("exploitable SSRF path", "github", "code-appeared-in-branch", "high"),
        ("webhook auth failure", "cloudwatch", "sns-webhook-auth-failures", "high"),
        ("authorization hardening gap", "security_hub", "hardening-gap", "medium"),
        ("low-impact misconfiguration", "security_hub", "misconfiguration", "low"),
        ("secret scan fails", "github", "workflow-secret-scan-failed", "high"),
        ("codeql analysis finds", "github", "code-created", "high"),
        ("dependency critical", "github", "dependency-created", "high"),
        ("auth failures alarm", "cloudwatch", "action-metric", "critical"),
        ("severe outage", "cloudwatch", "sns-composite", "critical"),
        ("report from a customer", "report", "form-customer-exposure", "high"),
        ("report from a security researcher", "report", "form-researcher-untriaged", "high"),
        ("report from a team member", "report", "declared-critical", "critical"),
    ],
)
def test_each_example_of_the_severity_table_and_each_trigger_has_a_sample_and_a_rule(
    terminal: Terminal, says: str, source: str, name: str, severity: str
) -> None:
    found = terminal.json("signals", "test", str(EVENTS / source / f"{name}.json"))
    one = found["signals"][0]
    rule = next(rule for rule in default().triage if rule.id == one["rule"])
    assert (found["source"], one["severity"], rule.unknown) == (source, severity, False), says
