"""From a draft to readers and back: review, publish, roll back, archive.

A publication is in force when the call returns: the texts' stamp is renewed in its transaction, and no worker starts a
message that was worded under another stamp. It also waits for the requests that were open: they may carry the old text.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from notifications import clock, conf
from notifications.exceptions import TemplateInvalid, TemplateStateError
from notifications.models import (
    Delivery,
    Experiment,
    Status,
    Template,
    TemplateChange,
    TemplateStamp,
    TemplateVersion,
    VersionState,
)
from notifications.services.templates.catalogue import file_parts
from notifications.services.templates.editing import locked_version, log, require, require_unchanged
from notifications.templating.validation import validate
from notifications.types import get_type

Action = TemplateChange.Action
WAIT_SECONDS = 5.0
POLL_SECONDS = 0.02
LONGEST_REQUEST = timedelta(minutes=10)
"""what is due later than that has no request open"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """What readers get from now on. `version` is None: the files."""

    template: Template
    version: TemplateVersion | None
    replaced: TemplateVersion | None = None
    stopped: Experiment | None = None
    """an A/B test that ended with it"""
    in_flight: int = 0
    """requests that were still open when the wait was over: they may carry what was replaced"""


def submit(version: TemplateVersion, *, by: Any) -> TemplateVersion:
    """Ask for a review of a draft. Raises `TemplateStateError` and `TemplateInvalid`."""
    with transaction.atomic():
        locked = locked_version(version)
        require(locked, (VersionState.DRAFT,), "given to review")
        refuse_errors(locked)
        _move(locked, VersionState.REVIEW)
        log(locked, Action.SUBMITTED, by=by)
    return locked


def send_back(version: TemplateVersion, *, by: Any, note: str = "") -> TemplateVersion:
    """Return a version in review to its author, unless a test has sent it to readers. Raises `TemplateStateError`."""
    with transaction.atomic():
        locked = locked_version(version)
        require(locked, (VersionState.REVIEW,), "returned")
        if was_tested(locked):  # what is known of it is known of these words
            raise TemplateStateError(
                f"An A/B test has sent version {locked.number} to readers, so it is not changed any more: "
                "discard it and write another one.",
                code="state",
            )
        _move(locked, VersionState.DRAFT)
        log(locked, Action.RETURNED, by=by, note=note)
    return locked


def publish(
    version: TemplateVersion,
    *,
    by: Any,
    note: str = "",
    changed_at: datetime | None = None,
    replaces: TemplateVersion | None = None,
    wait: float = WAIT_SECONDS,
    action: str = Action.PUBLISHED,
) -> Publication:
    """Have readers get a version: an open one, or one that was archived. A running A/B test of the template ends.

    `changed_at`: when its text had been changed as `by` has read it. `replaces`: what `by` believes to be published.
    Waits up to `wait` seconds for requests that are open. Not to be called inside a transaction.
    Raises `TemplateStateError` and `TemplateInvalid`.
    """
    with transaction.atomic(durable=True):
        locked = locked_version(version)
        require_unchanged(locked, changed_at)
        publication = put_in_force(locked, by=by, note=note, action=action)
        _require_replaced(publication.replaced, replaces)
    return replace(publication, in_flight=wait_for_requests(publication.template, wait))


def put_in_force(locked: TemplateVersion, *, by: Any, note: str, action: str) -> Publication:
    """What `publish` does in its transaction, the caller's, which holds the template's lock. The caller waits."""
    require(locked, (VersionState.DRAFT, VersionState.REVIEW, VersionState.ARCHIVED), "published")
    require_reviewer(locked, by)
    refuse_errors(locked)
    stopped = stop_test(locked.template, by)
    replaced = _retire(locked.template)
    locked.published_at = clock.now()
    if locked.state != VersionState.ARCHIVED:  # else it was written over the files of then: that is told
        locked.file_parts = file_parts(locked.template.type, locked.template.channel, locked.template.language)
    _move(locked, VersionState.PUBLISHED, "published_at", "file_parts")
    log(locked, action, by=by, note=note)
    TemplateStamp.renew()
    return Publication(template=locked.template, version=locked, replaced=replaced, stopped=stopped)


def _require_replaced(replaced: TemplateVersion | None, believed: TemplateVersion | None) -> None:
    if believed is not None and replaced != believed:
        now = f"version {replaced.number} is" if replaced else "nothing is"
        raise TemplateStateError(f"Version {believed.number} is no longer published: {now}.", code="changed")


def roll_back(
    template: Template,
    *,
    by: Any,
    to: TemplateVersion | None = None,
    note: str = "",
    replaces: TemplateVersion | None = None,
    wait: float = WAIT_SECONDS,
) -> Publication:
    """Have readers get what they got before: `to`, or the version published before this one, or else the files.

    `replaces`: what `by` believes to be published, so that a call that is repeated goes back one step only.
    Raises `TemplateStateError` where nothing is published, and what `publish` raises.
    """
    if to is None:  # what was before is not what it was, once somebody publishes in between
        replaces = replaces or template.versions.filter(state=VersionState.PUBLISHED).first()
    target = to or version_before(template)
    if target is None:
        return archive(template, by=by, note=note, replaces=replaces, wait=wait, action=Action.ROLLED_BACK)
    if target.template_id != template.pk:
        raise TemplateStateError(f"{target} is a version of another template.", code="missing")
    return publish(target, by=by, note=note, replaces=replaces, wait=wait, action=Action.ROLLED_BACK)


def archive(
    template: Template,
    *,
    by: Any,
    note: str = "",
    replaces: TemplateVersion | None = None,
    wait: float = WAIT_SECONDS,
    action: str = Action.ARCHIVED,
) -> Publication:
    """Take the published version away: readers get the files again. Raises `TemplateStateError`."""
    with transaction.atomic(durable=True):
        Template.objects.select_for_update().get(pk=template.pk)
        stopped = stop_test(template, by)
        replaced = _retire(template)
        if replaced is None:
            raise TemplateStateError(f"Nothing is published for {template}: readers get the files.", code="state")
        _require_replaced(replaced, replaces)
        log(replaced, action, by=by, note=note)
        TemplateStamp.renew()
    publication = Publication(template=template, version=None, replaced=replaced, stopped=stopped)
    return replace(publication, in_flight=wait_for_requests(template, wait))


def accept_file(version: TemplateVersion, *, by: Any) -> TemplateVersion:
    """Keep a published version over files that changed since: they are no longer shown as news."""
    with transaction.atomic():
        locked = locked_version(version)
        require(locked, (VersionState.PUBLISHED,), "kept over the files")
        locked.file_parts = file_parts(locked.template.type, locked.template.channel, locked.template.language)
        locked.save(update_fields=["file_parts"])
        log(locked, Action.FILE_ACCEPTED, by=by)
    return locked


def version_before(template: Template) -> TemplateVersion | None:
    """What a rollback leads to; None: the files. Raises `TemplateStateError` where nothing is published."""
    published = template.versions.filter(state=VersionState.PUBLISHED).first()
    if published is None:
        raise TemplateStateError(f"Nothing is published for {template}: readers get the files.", code="state")
    earlier = template.versions.filter(state=VersionState.ARCHIVED, published_at__lt=published.published_at)
    # What was rolled back from is not what was before: only what is older than it in writing.
    return earlier.filter(number__lt=published.number).order_by("-published_at").first()


def _move(version: TemplateVersion, state: VersionState, *fields: str) -> None:
    version.state = state
    version.save(update_fields=["state", *fields])


def _retire(template: Template) -> TemplateVersion | None:
    replaced = template.versions.filter(state=VersionState.PUBLISHED).first()
    if replaced is not None:
        _move(replaced, VersionState.ARCHIVED)
    return replaced


def was_tested(version: TemplateVersion) -> bool:
    """Whether an A/B test that was started has it among its variants."""
    return version.variants.exclude(experiment__state=Experiment.State.DRAFT).exists()


def stop_test(template: Template, by: Any) -> Experiment | None:
    """Stop the A/B test that runs, in the caller's transaction, which renews the stamp."""
    running = template.experiments.filter(state=Experiment.State.RUNNING).first()
    if running is not None:
        running.state, running.stopped_at = Experiment.State.STOPPED, clock.now()
        running.save(update_fields=["state", "stopped_at"])
        log(template, Action.EXPERIMENT_STOPPED, by=by, note=running.name)
    return running


def require_reviewer(version: TemplateVersion, by: Any) -> None:
    """Where the project asks for it, nobody publishes what they alone have seen; what readers have had is known."""
    if not conf.get().TEMPLATES_NEED_REVIEW or version.published_at is not None or was_tested(version):
        return
    if version.state != VersionState.REVIEW:
        raise TemplateStateError("It needs a review first: ask for one.", code="reviewer")
    if by is not None and version.changed_by_id == by.pk:
        raise TemplateStateError(
            "You wrote it, so somebody else has to publish it: here each text is read by two people.", code="reviewer"
        )


def refuse_errors(version: TemplateVersion) -> None:
    """Raises `TemplateInvalid`."""
    template = version.template
    found = validate(get_type(template.type), template.channel, template.language, version.parts)
    if errors := [each for each in found if each.level == "error"]:
        raise TemplateInvalid(errors)


def wait_for_requests(template: Template, wait: float) -> int:
    """Until no request is open that started before now. Returns how many still are."""
    now, give_up = clock.now(), time.monotonic() + wait
    while (count := _open_requests(template, now)) and time.monotonic() < give_up:
        time.sleep(POLL_SECONDS)
    return count


def _open_requests(template: Template, before: datetime) -> int:
    return Delivery.objects.filter(
        status=Status.PENDING,
        due_at__lt=before + LONGEST_REQUEST,  # which the index of the queue serves
        started_at__lte=before,
        channel=template.channel,
        notification__type=template.type,
    ).count()
