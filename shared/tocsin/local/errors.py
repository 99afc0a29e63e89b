"""Errors of the tools on a laptop: the local cloud, its programs, drills. Same tree, same rules."""

from __future__ import annotations

from tocsin.errors import BadInput, Conflict, TocsinError, Unavailable


class CheckoutNeeded(BadInput):
    """The command builds from source, and no Tocsin checkout holds the current folder."""

    code = "checkout_needed"


class CloudNotRunning(Unavailable):
    """No local cloud runs for this state folder."""

    code = "cloud_not_running"


class CloudBusy(Conflict):
    """Another command is changing the same local cloud."""

    code, retryable = "cloud_busy", True


class ProcessFailed(Unavailable):
    """A program that was started for this command failed or did not become ready in time."""

    code = "process_failed"


class DeployFailed(Unavailable):
    """A stack could not be created or updated."""

    code = "deploy_failed"


class TemplateUnsupported(BadInput):
    """A template holds something the local cloud cannot take and cannot leave out."""

    code = "template_unsupported"


class DrillUnsound(TocsinError):
    """The drill itself is wrong, so that its score would mean nothing."""

    code = "drill_unsound"
