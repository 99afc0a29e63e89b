"""Pull requests, runs and deployments become links and runs of the incident they belong to.

Deliveries are signed as GitHub signs them, with the fields of "Webhook events and payloads"
(docs.github.com/webhooks); what came of them is read by `tocsin` (semantics 13.230-13.236).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.findings import EVENTS, Findings, sample, signed
from tests.harness.worlds.runbooks import published, with_changes
from tests.harness.worlds.told import ANA, BO, DI, SAM, Told
from tocsin.incidents.runbook.policy import Work as Rules
from tocsin.policy.compiled.policies import default
from tocsin.signals.github.delivery import DELIVERY, EVENT, SIGNATURE

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

T0 = "09-08 10:00"
MERGED, OPENED = "b" * 40, "pull-request-opened"
CODEQL = ".github/workflows/codeql.yml"
OF_STRANGERS = (
    *("pull-request-of-fork", "pull-request-of-deleted-fork", "pull-request-of-bot"),
    *("workflow-ci-of-fork", "deployment-of-fork"),
)


def who(entry: dict[str, Any]) -> str:
    actor = entry["actor_ref"]
    return f"{actor['kind']}:{actor['id']}" if isinstance(actor, dict) else str(actor)


class Work:
    """GitHub beside one incident of the service `shop`, which the samples call INC-142."""

    def __init__(self, told: Told, severity: str = "high") -> None:
        told.begin(T0)
        opened = told.terminal.json(
            *("open", "tokens of others are taken", "--severity", severity, "--service", "shop"),
            *("--as", ANA),
        )
        told.id = opened["id"]
        self.told, self.findings = told, Findings(told.world)
        told.until("09-08 10:45")

    def hear(self, *names: str) -> None:
        for name in names:
            text = json.dumps(sample("github", name)).replace("INC-142", self.told.name)
            text = text.replace("inc-142", self.told.name.lower())
            document = json.loads(text)
            body = json.dumps(document["payload"], ensure_ascii=False).encode()
            headers = {
                EVENT: document[EVENT],
                DELIVERY: document[DELIVERY],
                SIGNATURE: signed(body),
            }
            self.findings.post(body, headers)
            assert self.findings.drain() == []

    def entries(self, *types: str) -> list[dict[str, Any]]:
        found = self.told.terminal.json("timeline", self.told.id, "--as", SAM)
        return [one for one in found if one["type"] in types or not types]

    def links(self) -> list[tuple[str, str, str]]:
        return [
            (who(one), one["content"]["purpose"], one["content"]["title"])
            for one in self.entries("link_added")
        ]

    def runs(self) -> list[str]:
        return [
            f"{one['content'].get('run', 'deploy')} {one['content']['conclusion']}"
            for one in self.entries("run_ended", "deployed")
        ]


@pytest.fixture
def work(terminal: Terminal) -> Work:
    return Work(Told(terminal))


def test_a_pull_request_that_names_it_is_linked_and_its_commit_once_merged(work: Work) -> None:
    work.hear("pull-request-opened", "pull-request-renamed", "pull-request-merged")
    assert work.links() == [
        ("source:github", "fix", f"Refuse tokens of other tenants ({work.told.name})"),
        (
            "source:github",
            "fix",
            f"merged as bbbbbbb: Refuse tokens of other tenants ({work.told.name})",
        ),
    ]
    urls = [one["content"]["url"] for one in work.entries("link_added")]
    assert urls == [
        "https://github.example/acme/shop/pull/12",
        f"https://github.example/acme/shop/commit/{MERGED}",
    ]


def test_it_is_recorded_as_seen_and_opens_acknowledges_and_fixes_nothing(work: Work) -> None:
    before = work.told.show()
    paged = len(work.told.world.inbox.take_all())
    work.hear("pull-request-merged", "workflow-ci-passed-again", "workflow-codeql-passed")
    work.hear("deployment-succeeded", "workflow-ci-on-fix-branch")
    after = work.told.show()
    assert (after["state"], after["fix"]["commit"]) == (before["state"], None) == ("open", None)
    assert (after["fix"]["fixed_at"], after["roles"]) == (None, before["roles"])
    assert after["round"]["due_at"] == before["round"]["due_at"]
    assert paged
    assert work.told.world.inbox.take_all() == []
    assert len(work.told.terminal.json("board", "--as", SAM)) == 1
    assert {who(one) for one in work.entries("link_added", "run_ended", "deployed")} == {
        "source:github"
    }


def test_what_a_source_calls_its_work_is_one_line_and_shortened(work: Work) -> None:
    change = sample("github", "pull-request-opened")["payload"]["pull_request"]
    title = f"{work.told.name} \u202eevil\n" + "x" * 900
    assert work.findings.github("pull-request-opened", pull_request=change | {"title": title}) == []
    ((_, _, shown),) = work.links()
    assert (shown[:12], len(shown), shown.isprintable()) == (f"{work.told.name} evil x", 200, True)


def test_a_run_on_a_branch_that_names_it_is_linked_once(work: Work) -> None:
    work.hear("workflow-ci-on-fix-branch", "workflow-ci-on-fix-branch")
    assert work.links() == [
        ("source:github", "test_plan", f"ci on fix/{work.told.name.lower()}-tenant-check")
    ]


@pytest.mark.parametrize("linked", ["first", "last"])
@pytest.mark.parametrize("commit", [MERGED, MERGED[:7]])
def test_a_linked_commit_is_fixed_by_its_runs_and_deployment(
    work: Work, linked: str, commit: str
) -> None:
    url = ("--url", "https://github.example/acme/shop/pull/12")
    if linked == "first":
        work.told.say("09-08 10:46", ANA, "fix", commit, *url, step="link")
    work.hear("workflow-ci-passed-again", "workflow-codeql-passed")
    assert not work.told.show()["fix"]["fixed_at"]
    work.hear("deployment-succeeded")
    if linked == "last":
        assert not work.told.show()["fix"]["fixed_at"]
        work.told.say("09-08 10:46", ANA, "fix", commit, *url, step="link")
    fix = work.told.show()["fix"]
    assert (fix["commit"], sorted(fix["green"])) == (commit, ["quality", "security"])
    assert fix["fixed_at"] is not None
    assert sorted(work.runs()) == ["deploy success", "quality success", "security success"]


def test_a_check_that_failed_is_red_until_its_next_attempt_passed(work: Work) -> None:
    work.told.say("09-08 10:46", ANA, "fix", MERGED, step="link")
    work.hear("workflow-ci-begun", "workflow-ci-failed")
    assert work.runs() == ["quality failure"]
    work.hear("workflow-ci-passed-again", "workflow-ci-failed", "workflow-ci-begun")
    assert work.runs() == ["quality failure", "quality success"]
    assert list(work.told.show()["fix"]["green"]) == ["quality"]


def test_while_another_check_of_the_kind_runs_it_is_not_green(work: Work) -> None:
    work.told.say("09-08 10:46", ANA, "fix", MERGED, step="link")
    other = {"path": ".github/workflows/test-more.yml", "id": 31_099}
    document = sample("github", "workflow-ci-begun")["payload"]
    begun = {**document["workflow_run"], **other}
    work.findings.github("workflow-ci-begun", workflow_run=begun)
    work.hear("workflow-ci-passed-again")
    assert work.runs() == []
    ended = {**begun, "conclusion": "success", "updated_at": "2026-09-08T14:40:00Z"}
    work.findings.github("workflow-ci-begun", action="completed", workflow_run=ended)
    assert work.runs() == ["quality success"]


def test_what_strangers_and_bots_write_reaches_no_incident(work: Work) -> None:
    work.told.say("09-08 10:46", ANA, "fix", MERGED, step="link")
    seen = work.entries()
    work.hear(*OF_STRANGERS, "workflow-ci-by-comment", "pull-request-names-nobody")
    assert [one for one in work.entries() if one not in seen] == []


def test_what_is_deployed_elsewhere_or_still_is_on_its_way_is_no_deploy(work: Work) -> None:
    work.told.say("09-08 10:46", ANA, "fix", MERGED, step="link")
    work.hear("deployment-to-staging", "deployment-in-progress")
    assert work.runs() == []
    work.hear("deployment-failed", "deployment-succeeded")
    assert work.runs() == ["deploy failure", "deploy success"]


@pytest.mark.parametrize("said", ["link", "deploy"])
def test_a_later_commit_that_is_deployed_is_the_fix_when_a_person_says_so(
    work: Work, said: str
) -> None:
    """Which commits one has among its ancestors no `deployment_status` says: nobody guesses."""
    later = "c" * 40
    work.told.say("09-08 10:46", ANA, "fix", MERGED, step="link")
    work.hear("workflow-ci-passed-again", "workflow-codeql-passed")
    for name in ("workflow-ci-passed-again", "workflow-codeql-passed"):
        run = sample("github", name)["payload"]["workflow_run"]
        other = run | {"head_sha": later, "id": run["id"] + 77}
        assert work.findings.github(name, workflow_run=other) == []
    made = sample("github", "deployment-succeeded")["payload"]["deployment"]
    assert work.findings.github("deployment-succeeded", deployment=made | {"sha": later}) == []
    assert work.runs() == ["quality success", "security success"]
    assert work.told.show()["fix"]["fixed_at"] is None
    if said == "link":
        work.told.say("09-08 10:50", ANA, "fix", later[:7], step="link")
        assert work.told.show()["fix"]["commit"] == later[:7]
    else:
        seen = ("--url", "https://github.example/acme/shop/deployments/1")
        words = (MERGED, "success", "--whole-scope", *seen)
        work.told.say("09-08 10:50", ANA, "fix", *words, step="deploy")
    assert work.told.show()["fix"]["fixed_at"] is not None


def test_what_is_in_another_service_too_is_not_everywhere(work: Work) -> None:
    services = ("--services", "shop", "--services", "orders")
    work.told.say("09-08 10:46", ANA, "impact", "orders of others are seen", *services)
    work.told.say("09-08 10:47", ANA, "fix", MERGED, step="link")
    work.hear("workflow-ci-passed-again", "workflow-codeql-passed", "deployment-succeeded")
    (deployed,) = work.entries("deployed")
    assert deployed["content"]["whole_scope"] is False
    assert work.told.show()["fix"]["fixed_at"] is None


def test_a_restricted_one_is_told_and_the_answer_says_nothing_of_it(work: Work) -> None:
    work.told.say("09-08 10:46", SAM, "restrict", "--reason", "names of customers")
    body = json.dumps(sample("github", "pull-request-opened")["payload"]).encode()
    numbers = ("INC-142", work.told.name)  # nobody's, and the hidden one's
    answers = set()
    for number in numbers:
        said = body.replace(b"INC-142", number.encode())
        headers = {EVENT: "pull_request", DELIVERY: "d", SIGNATURE: signed(said)}
        taken = work.findings.post(said, headers)
        answers.add((taken.status, taken.queued))
        assert work.findings.drain() == []
    assert answers == {("queued", True)}
    assert len(work.links()) == 1
    assert work.told.terminal.refused("show", work.told.id, "--as", "vic:viewer")[0] != 0


def test_closed_it_is_linked_and_no_run_counts_any_more(work: Work) -> None:
    work.told.say("09-08 10:46", ANA, "ack")
    work.told.say("09-08 10:47", ANA, "fix", MERGED, step="link")
    for person in (DI, BO):
        work.told.say(
            "09-08 10:48", person, "close", "false_positive", "--reason", "a test of ours"
        )
    assert work.told.show()["state"] == "closed"
    work.hear("pull-request-opened", "workflow-ci-passed-again", "deployment-succeeded")
    assert [purpose for _, purpose, _ in work.links()] == ["fix"]
    assert work.runs() == []
    assert work.told.show()["state"] == "closed"


def test_what_is_a_duplicate_is_told_as_what_it_is_a_duplicate_of(work: Work) -> None:
    other = work.told.terminal.json(
        *("open", "the same once more", "--severity", "high", "--service", "shop", "--as", ANA)
    )
    for person in (DI, BO):
        work.told.say("09-08 10:46", person, "merge", other["id"], "--reason", "one trouble")
    first = work.told.name
    work.told.id, target = other["id"], work.told.id
    assert work.told.name != first
    work.hear("pull-request-opened")
    assert work.links() == []
    work.told.id = target
    assert len(work.links()) == 1


def test_what_a_delivery_tells_of_work_is_explained_offline(work: Work) -> None:
    file = str(EVENTS / "github" / "workflow-codeql-passed.json")
    code, out, _ = work.told.terminal.run("signals", "test", file)
    assert (code, "of commit bbbbbbb" in out) == (0, True)
    assert all(len(line) <= 80 for line in out.splitlines() if "work" in line or "told" in line)
    found = work.told.terminal.json("signals", "test", str(EVENTS / "github" / f"{OPENED}.json"))
    assert found["work"][0]["names"] == ["INC-142"]


class TestSilence:
    """A workflow that the runbook expects every hour: overdue an hour and twelve minutes later."""

    @pytest.fixture
    def expected(self, terminal: Terminal) -> Findings:
        told = Told(terminal)
        told.begin("09-08 10:26")
        rules = replace(default().work or Rules(), expected={"acme/shop/.github/*codeql*": 60})
        published(told.world, with_changes("acme-1", work=rules), seen=0)
        told.until("09-08 10:27")
        return Findings(told.world)

    def hear(self, findings: Findings, at: str, **changes: Any) -> None:
        """A run that ended at a time of UTC on that day."""
        run = sample("github", "workflow-codeql-passed")["payload"]["workflow_run"]
        run |= {"updated_at": f"2026-09-08T{at}:00Z", "id": run["id"] + int(at[:2])} | changes
        assert findings.github("workflow-codeql-passed", workflow_run=run) == []

    def board(self, terminal: Terminal) -> list[tuple[str, str, str]]:
        found = terminal.json("board", "--as", SAM)
        return [(one["title"], one["severity"], one["category"]) for one in found]

    def test_one_that_stays_away_opens_when_its_grace_is_over_and_a_run_clears_it(
        self, terminal: Terminal, expected: Findings
    ) -> None:
        told = Told(terminal)
        self.hear(expected, "14:26")
        told.until("09-08 11:37")
        assert self.board(terminal) == []
        told.until("09-08 11:39")
        silent = (f"acme/shop: {CODEQL} has not run", "low", "security")
        assert self.board(terminal) == [silent]
        told.world.inbox.take_all()
        told.id = terminal.json("board", "--as", SAM)[0]["id"]
        self.hear(expected, "15:45")
        assert told.show()["firing"] is False
        assert self.board(terminal) == [silent], "a clear closes nothing"
        told.until("09-08 13:00")
        assert told.show()["firing"] is True

    def test_one_that_runs_in_time_opens_nothing_in_whatever_order_it_is_told(
        self, terminal: Terminal, expected: Findings
    ) -> None:
        told = Told(terminal)
        self.hear(expected, "14:26")
        told.until("09-08 11:30")
        self.hear(expected, "15:30")
        self.hear(expected, "15:00")
        told.until("09-08 12:41")
        assert self.board(terminal) == []
        told.until("09-08 12:43")
        assert len(self.board(terminal)) == 1
        told.world.inbox.take_all()

    def test_one_that_has_never_run_since_it_was_named_opens_when_its_grace_is_over(
        self, terminal: Terminal, expected: Findings
    ) -> None:
        """Every hour, named 10:26, in force by 10:27: opened 11:39."""
        told = Told(terminal)
        told.until("09-08 11:38")
        assert self.board(terminal) == []
        told.until("09-08 11:40")
        never = "acme/shop/.github/*codeql* has not run since the runbook names it"
        assert self.board(terminal) == [(never, "low", "security")]
        told.world.inbox.take_all()
        told.id = terminal.json("board", "--as", SAM)[0]["id"]
        assert told.show()["firing"] is True
        self.hear(expected, "15:45")
        assert told.show()["firing"] is False
        told.until("09-08 16:00")
        assert [title for title, _, _ in self.board(terminal)] == [
            f"acme/shop: {CODEQL} has not run",
            never,
        ]
        told.world.inbox.take_all()

    @pytest.mark.parametrize("begins_anew", [True, False])
    def test_once_it_has_run_no_other_process_waits_for_its_first_run(
        self, terminal: Terminal, expected: Findings, *, begins_anew: bool
    ) -> None:
        told = Told(terminal)
        self.hear(expected, "14:40")
        if begins_anew:
            awaited = told.world.application.awaited
            awaited.patterns, awaited.looked_at = {}, None
        for hour in (11, 12, 13):
            told.until(f"09-08 {hour}:30")
            self.hear(expected, f"{hour + 4}:30")
        assert self.board(terminal) == []

    @pytest.mark.parametrize("ran", [True, False])
    def test_what_the_runbook_expects_no_longer_is_not_missed(
        self, terminal: Terminal, expected: Findings, *, ran: bool
    ) -> None:
        told = Told(terminal)
        if ran:
            self.hear(expected, "14:30")
        told.until("09-08 10:40")
        rules = replace(default().work or Rules(), expected={"other/*": 120})
        published(told.world, with_changes("acme-2", work=rules), seen=1)
        told.until("09-08 10:55")
        told.until("09-08 12:30")
        assert self.board(terminal) == []
        told.until("09-08 13:20")
        assert [title.split()[0] for title, _, _ in self.board(terminal)] == ["other/*"]
        told.world.inbox.take_all()

    def test_of_a_changed_period_the_new_one_counts_from_when_it_was_named(
        self, terminal: Terminal, expected: Findings
    ) -> None:
        told = Told(terminal)
        del expected
        rules = replace(default().work or Rules(), expected={"acme/shop/.github/*codeql*": 120})
        published(told.world, with_changes("acme-2", work=rules), seen=1)
        told.until("09-08 10:41")
        told.until("09-08 12:50")
        assert self.board(terminal) == []
        told.until("09-08 12:52")
        assert len(self.board(terminal)) == 1
        told.world.inbox.take_all()

    @pytest.mark.parametrize(
        "changes",
        [
            {"conclusion": "timed_out"},
            {"conclusion": "cancelled"},
            {"head_branch": "topic"},
            {"head_repository": {"full_name": "stranger/shop", "fork": True}},
            {"event": "issue_comment"},
        ],
        ids=str,
    )
    def test_what_has_not_looked_at_the_default_branch_is_no_run(
        self, terminal: Terminal, expected: Findings, changes: dict[str, Any]
    ) -> None:
        told = Told(terminal)
        self.hear(expected, "14:26")
        told.until("09-08 11:30")
        self.hear(expected, "15:30", **changes)
        told.until("09-08 11:39")
        assert any("has not run" in title for title, _, _ in self.board(terminal))
        told.world.inbox.take_all()
