"""Topics and queues: how alarms come in, how messages go out, how Tocsin's own alarms go out.

Two paths share a key; the third, to operations, has none: it must also report a key that broke.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from infra.catalogue import FUNCTIONS
from infra.constructs import policies
from infra.constructs.nag import SERVERLESS, acknowledge
from infra.constructs.queue import Queues
from infra.context import NONE
from infra.functions.security_trigger import FINDINGS_RULE
from infra.stacks.outputs import output
from infra.waking import ALARM_GONE_RULE, ALARM_STATE_RULE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from infra.context import Context
    from infra.references import References

# Name, and whom it wakes.
WORK_QUEUES = (
    ("alarms", "alarm_trigger"),
    ("refetch", "billing_projector"),
    ("due", "sla_check"),
    ("replay", "replay_planner"),
    ("restore", "replay_worker"),
    ("reconcile", "reconciler"),
    ("signals", "security_trigger"),
)

ALARM_RECEIVES = 40
"""An alarm that fails comes back after 15 s, and not after three minutes: it is given up on after
ten minutes all the same."""


class MessagingStack(cdk.Stack):
    """Topics, queues, and the policies that let exactly the right services use them."""

    def __init__(
        self, scope: Construct, *, context: Context, references: References, key: kms.Key
    ) -> None:
        super().__init__(
            scope,
            context.stage.physical("messaging"),
            description="Tocsin: topics and queues",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._context = context
        self._references = references
        self._key = key
        self._let_services_use_key()
        self.ops = self._make_ops_topic()
        self._queues = Queues(self, context=context, key=cast("kms.IKey", key))
        self._offer_queue("dead-letters", self._queues.dead)
        self._references.offer_value("DEAD_LETTERS_URL", self._queues.dead.queue_url)
        self.queues = {name: self._make_work_queue(name, whom) for name, whom in WORK_QUEUES}
        self.alarms_topic = self._make_way_in()
        if context.findings:
            policies.let_rules_send(self.queues["signals"], context.stage.physical(FINDINGS_RULE))
        self.pages, self.stakeholders, self.chat = self._make_way_out()
        self._offer_personal_ways()
        if context.stage.inbox:
            self._make_inbox()

    @property
    def ways_out(self) -> Mapping[str, sns.Topic]:
        """The topics that carry messages out, by name."""
        return {"pages": self.pages, "stakeholders": self.stakeholders, "chat": self.chat}

    @property
    def dead_letters(self) -> sqs.Queue:
        """Where all work ends that was given up on."""
        return self._queues.dead

    def _make_ops_topic(self) -> sns.Topic:
        """Where Tocsin's own alarms go. Nothing of Tocsin's is between it and people.

        It has no key of its own: it must also report a key that broke, and alarm names are all it
        carries.
        """
        topic = sns.Topic(
            self, "Ops", topic_name=self._context.stage.physical("ops"), enforce_ssl=True
        )
        policies.let_alarms_publish(topic)
        if self._context.ops_mail != NONE:
            mail = sns.CfnSubscription(
                self,
                "OpsMail",
                topic_arn=topic.topic_arn,
                protocol="email",
                endpoint=self._context.ops_mail,
            )
            reason = "A notice that mail lost is of no use later: the alarm itself still stands."
            acknowledge(mail, "SNSRedrivePolicy", reason, pack=SERVERLESS)
        self._references.offer_arn("topic/ops", topic.topic_arn)
        self._references.offer_value("OPS_TOPIC_ARN", topic.topic_arn)
        output(self, "OpsTopicArn", topic.topic_arn, "Subscribe whoever keeps Tocsin running")
        return topic

    def _let_services_use_key(self) -> None:
        """Services that write what it encrypts, on behalf of this account."""
        policies.let_services_use(
            self._key, "cloudwatch", for_accounts=self._context.alarm_accounts
        )
        policies.let_services_use(self._key, "sns")
        # EventBridge sends no source account when it uses a key, so it cannot be a condition; what
        # it encrypts for is one.
        topic = self.format_arn(service="sns", resource=self._context.stage.physical("alarms"))
        policies.let_services_use(self._key, "events", for_topic=topic)
        # Findings go to their queue; what of alarms could not be delivered, to the dead letters.
        wanted = {
            "signals": bool(self._context.findings),
            "dead-letters": bool(self._context.alarm_intake.pattern),
        }
        names = (self._context.stage.physical(name) for name, used in wanted.items() if used)
        queues = [self.format_arn(service="sqs", resource=name) for name in names]
        if queues:
            policies.let_services_use(self._key, "events", for_queues=queues)

    def _make_way_in(self) -> sns.Topic:
        """Alarm topic, and the queue that turns a storm into batches."""
        topic = self._make_topic("Alarms", "alarms")
        policies.let_alarms_publish(topic, also_of=self._context.alarm_accounts)
        policies.let_rules_publish(topic)
        dead = self._queues.dead
        if self._context.alarm_intake.pattern:
            rules = map(self._context.stage.physical, (ALARM_STATE_RULE, ALARM_GONE_RULE))
            policies.let_rules_send(dead, *rules)
        self._subscribe("AlarmsToQueue", topic, self.queues["alarms"], undelivered=dead)
        output(self, "AlarmTopicArn", topic.topic_arn, "Alarm action that opens incidents")
        return topic

    def _make_way_out(self) -> tuple[sns.Topic, sns.Topic, sns.Topic]:
        """Topics to people."""
        pages = self._make_topic("Pages", "pages")
        stakeholders = self._make_topic("Stakeholders", "stakeholders")
        chat = self._make_topic("Chat", "chat")
        output(self, "PagesTopicArn", pages.topic_arn, "Subscribe responders, filtered by person")
        output(self, "StakeholdersTopicArn", stakeholders.topic_arn, "Subscribe stakeholders")
        output(self, "ChatTopicArn", chat.topic_arn, "Give it to the chat room's configuration")
        self._references.offer_value("CHAT_TOPIC_ARN", chat.topic_arn)
        self._references.offer_value("PAGES_TOPIC_ARN", pages.topic_arn)
        self._references.offer_value("STAKEHOLDERS_TOPIC_ARN", stakeholders.topic_arn)
        return pages, stakeholders, chat

    def _offer_personal_ways(self) -> None:
        """What single people are reached through: no resource of ours, but rights and names."""
        self._references.offer_value("MAIL_FROM", self._context.mail_from)
        for kind in ("identity", "configuration-set"):
            every = self.format_arn(service="ses", resource=kind, resource_name="*")
            self._references.offer_arn(f"{kind}/any", every)
        # Telephones have no ARN: everything that has one, which is every topic, is left out.
        self._references.offer_arn("topics/all", f"arn:{self.partition}:sns:*:*:*")

    def _make_work_queue(self, name: str, consumer: str) -> sqs.Queue:
        timeout = FUNCTIONS[consumer].timeout
        if name == "alarms":
            made = self._queues.work(name, consumer_timeout=timeout, receives=ALARM_RECEIVES)
        else:
            made = self._queues.work(name, consumer_timeout=timeout)
        self._offer_queue(name, made)
        self._references.offer_value(f"{name.upper()}_QUEUE_URL", made.queue_url)
        return made

    def _make_inbox(self) -> None:
        """Collects what people would have received, where mail and telephones do not exist."""
        inbox = sqs.Queue(
            self,
            "Inbox",
            queue_name=self._context.stage.physical("inbox"),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        reason = "It exists where nobody is paged, and holds copies of what the outbox keeps."
        acknowledge(inbox, "SQS3", reason)
        acknowledge(inbox, "SQSRedrivePolicy", reason, pack=SERVERLESS)
        for id_, topic in (
            ("PagesToInbox", self.pages),
            ("StakeholdersToInbox", self.stakeholders),
            ("ChatToInbox", self.chat),
        ):
            made = self._subscribe(id_, topic, inbox)
            acknowledge(made, "SNSRedrivePolicy", reason, pack=SERVERLESS)
        output(self, "QueueInboxUrl", inbox.queue_url, "What people would have received")

    def _make_topic(self, id_: str, name: str) -> sns.Topic:
        topic = sns.Topic(
            self,
            id_,
            topic_name=self._context.stage.physical(name),
            master_key=cast("kms.IKey", self._key),
            enforce_ssl=True,
        )
        self._references.offer_arn(f"topic/{name}", topic.topic_arn)
        return topic

    def _offer_queue(self, name: str, queue: sqs.Queue) -> None:
        self._references.offer_arn(f"queue/{name}", queue.queue_arn)
        pascal = "".join(word.capitalize() for word in name.split("-"))
        output(self, f"Queue{pascal}Url", queue.queue_url, f"Queue {name}")

    def _subscribe(
        self, id_: str, topic: sns.Topic, queue: sqs.Queue, undelivered: sqs.Queue | None = None
    ) -> sns.CfnSubscription:
        """Delivers `topic` to `queue`, wrapped in SNS's envelope, and lets only it in.

        What SNS cannot deliver, because the queue refuses it, goes to `undelivered`.
        """
        for target in filter(None, (queue, undelivered)):
            policies.let_topic_send(target, sid=f"Let{id_}", topic=topic)
        return sns.CfnSubscription(
            self,
            id_,
            topic_arn=topic.topic_arn,
            protocol="sqs",
            endpoint=queue.queue_arn,
            raw_message_delivery=False,
            redrive_policy={"deadLetterTargetArn": undelivered.queue_arn} if undelivered else None,
        )
