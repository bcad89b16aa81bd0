"""A/B tests of texts: planned, started, counted, stopped and promoted; each recipient gets one variant (T5)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from notifications import clock
from notifications.exceptions import TemplateStateError
from notifications.models import (
    Delivery,
    Event,
    Experiment,
    Kind,
    Reason,
    SandboxMessage,
    Status,
    TemplateChange,
    TemplateStamp,
    TemplateVersion,
    VersionState,
)
from notifications.services import mark_read, mark_seen, notify
from notifications.services import templates as staff
from notifications.services.templates import experiments
from notifications.services.templates.countable import countable
from notifications.services.templates.results import results
from notifications.testing import deliver_all, frozen_clock, registered
from notifications.types import NotificationType
from tests.app.notifications import Everywhere, Inbox, Note

pytestmark = pytest.mark.django_db
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"}
HTML = '<html lang="en"><body><p>{{ text }}</p><p><a href="{{ link }}">%s</a></p></body></html>'


class Letter(NotificationType):
    """By email alone, and tracked where the channel is."""

    key = "tests.letter"
    channels = ("email",)
    example = {"text": "hello"}

    text: str

    def link(self, recipient: Any) -> str:
        return "/visits/"


class Offer(Letter):
    """The same, as marketing."""

    key = "tests.offer"
    stream = "marketing"
    example = {"text": "hello"}


UNSUBSCRIBE = '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body>'
OF_OFFER = {"email.subject.txt": "Offer", "email.html": HTML.replace("</body>", UNSUBSCRIBE) % "Look"}
OF_LETTER = {"email.subject.txt": "Letter", "email.html": HTML % "Open"}


@pytest.fixture(autouse=True)
def _letters(settings: Any) -> Iterator[None]:
    channels = settings.NOTIFICATIONS["CHANNELS"]
    email = {**channels["email"], "OPTIONS": {"track_opens": True, "track_clicks": True}}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "email": email}}
    cache.clear()
    with registered(Letter, OF_LETTER), registered(Offer, OF_OFFER):
        yield


def version(subject: str, state: VersionState = VersionState.REVIEW, *, of: Any = Letter) -> TemplateVersion:
    """A version with that subject, which came to its state as staff bring it there."""
    parts = {**(OF_OFFER if of is Offer else OF_LETTER), "email.subject.txt": subject}
    found = staff.begin(of.key, "email", by=None, parts=parts)
    if state != VersionState.DRAFT:
        found = staff.submit(found, by=None)
    if state == VersionState.PUBLISHED:
        return staff.publish(found, by=None).version or found
    if state == VersionState.ARCHIVED:
        staff.discard(found, by=None)
    return TemplateVersion.objects.get(pk=found.pk)


def planned(**changes: Any) -> Experiment:
    """A test of two versions, `a` and `b`, and what is changed in it."""
    if "variants" not in changes:
        a = changes.pop("a", None) or version("A", VersionState.ARCHIVED)
        b = changes.pop("b", None) or version("B")
        changes["variants"] = [("A", a, 50), ("B", b, 50)]
    given = {"name": "subject", "metric": "clicked", "by": None, **changes}
    return experiments.create(given["variants"][0][1].template, **given)


def sent_to(people: Any, type_: Any = Letter) -> list[Delivery]:
    notify(type_(text="hello"), to=people)
    deliver_all()
    return list(Delivery.objects.select_related("variant", "version", "notification").order_by("pk"))


def path_of(delivery: Delivery, kind: str) -> str:
    html = SandboxMessage.objects.get(delivery_id=delivery.pk).content["html"]
    found = re.search(rf'="http://localhost:8000(/notifications/{kind}/[^"]+)"', html)
    assert found
    return unescape(found[1])


def by_label(experiment: Experiment) -> dict[str, Any]:
    return {each.variant.label: each for each in results(experiment, fresh=True).arms}


# From the plan to the winner.


def test_400_people_are_sent_their_variants_which_are_counted_and_the_winner_is_promoted(
    make_person: Callable[..., Any],
) -> None:
    people = [make_person(device="") for _ in range(400)]
    experiment = planned(
        variants=[("A", version("A", VersionState.ARCHIVED), 33), ("B", version("B"), 33)], holdout=(34, "published")
    )
    experiments.start(experiment, by=None)
    deliveries = sent_to(people)
    subjects = {each.delivery_id: each.content["subject"] for each in SandboxMessage.objects.filter(channel="email")}
    expected = {"A": "A", "B": "B", "hold-out": "Letter"}
    assert len(deliveries) == len(subjects) == 400
    for each in deliveries:
        assert each.variant is not None
        assert subjects[each.pk] == expected[each.variant.label]
        assert each.version == each.variant.version, "the hold-out gets the files: no version"
    shares = Counter(each.variant.label for each in deliveries if each.variant)
    assert all(
        abs(shares[label] - 400 * weight) <= 8 for label, weight in (("A", 0.33), ("B", 0.33), ("hold-out", 0.34))
    )

    before = {each.notification.recipient_id: each.variant_id for each in deliveries}
    again = [each for each in sent_to(people[:20]) if each not in deliveries]
    assert {each.notification.recipient_id: each.variant_id for each in again}.items() <= before.items()

    # Of B three in five click; of the others one in five. Scanners look at everything.
    clicks, opens = Counter[str](), Counter[str]()
    client = Client()
    for label, clicking in (("A", 5), ("B", 5), ("hold-out", 5)):
        mine = [each for each in deliveries if each.variant and each.variant.label == label]
        for number, each in enumerate(mine):
            client.get(path_of(each, "o"), headers=SCANNER)
            client.get(path_of(each, "c"), headers=SCANNER)
            if number % clicking < (3 if label == "B" else 1):
                client.get(path_of(each, "c"), headers=PERSON)
                clicks[label] += 1
            elif number % 2:
                client.get(path_of(each, "o"), headers=PERSON)
                opens[label] += 1
    found = results(experiment, fresh=True)
    assert [each.variant.label for each in found.arms] == ["hold-out", "A", "B"], "the first is the control"
    for arm in found.arms:
        label = arm.variant.label
        more = sum(each.variant_id == arm.variant.pk for each in again)
        assert (arm.count.recipients, arm.count.sent) == (shares[label], shares[label] + more)
        assert arm.count.delivered == shares[label]
        assert (arm.count.clicked, arm.count.opened) == (clicks[label], clicks[label] + opens[label])
        assert arm.low < arm.rate == clicks[label] / shares[label] < arm.high
    assert found.verdict is not None
    assert found.verdict.kind == "better"
    said = r"B is better than hold-out and A, 95 % sure: 6\d % clicked instead of 2\d % and 2\d %\."
    assert re.fullmatch(said, found.verdict.sentence)
    assert found.leader is not None and found.leader.label == "B"

    publication = experiments.promote(experiment, found.leader, by=None)
    assert publication.version is not None
    assert publication.version.number == 2
    experiment.refresh_from_db()
    assert (experiment.state, experiment.winner) == (Experiment.State.STOPPED, found.leader)
    Delivery.objects.all().delete()
    assert {(each.variant, each.version) for each in sent_to(people[:30])} == {(None, found.leader.version)}
    changes = TemplateChange.objects.filter(template=experiment.template).values_list("action", "note")[:3]
    assert list(changes) == [
        ("promoted", "B of “subject”"),
        ("experiment_stopped", "subject"),
        ("experiment_started", "subject"),
    ]


def test_the_hold_out_of_marketing_is_sent_nothing_and_the_delivery_says_why(make_person: Callable[..., Any]) -> None:
    a, b = version("A", VersionState.ARCHIVED, of=Offer), version("B", of=Offer)
    experiment = planned(a=a, b=b, holdout=(50, "nothing"))
    experiments.start(experiment, by=None)
    deliveries = sent_to([make_person(device="") for _ in range(60)], Offer)
    held_out = [each for each in deliveries if each.variant and each.variant.label == "hold-out"]
    assert 5 < len(held_out) < 35
    assert {(each.status, each.reason, each.version_id) for each in held_out} == {
        (Status.SKIPPED, Reason.HELD_OUT, None)
    }
    assert SandboxMessage.objects.count() == len(deliveries) - len(held_out)
    arms = by_label(experiment)
    assert (arms["hold-out"].count.recipients, arms["hold-out"].count.sent) == (len(held_out), 0)
    assert not arms["hold-out"].compared
    assert arms["A"].difference is None, "it is the control"
    assert arms["B"].difference is not None
    found = results(experiment)
    assert found.verdict is not None
    assert "hold-out" not in found.verdict.sentence
    with pytest.raises(TemplateStateError, match="That nothing is sent cannot be promoted"):
        experiments.promote(experiment, arms["hold-out"].variant, by=None)


def test_a_publication_stops_the_test_and_everybody_gets_what_is_published(make_person: Callable[..., Any]) -> None:
    people = [make_person(device="") for _ in range(10)]
    first = version("first", VersionState.PUBLISHED)
    experiment = planned(a=version("A", VersionState.ARCHIVED), b=version("B"))
    experiments.start(experiment, by=None)
    assert {each.variant.label for each in sent_to(people) if each.variant} == {"A", "B"}
    stamp = TemplateStamp.now()
    publication = staff.roll_back(first.template, by=None)
    assert publication.stopped == experiment
    assert TemplateStamp.now() != stamp
    experiment.refresh_from_db()
    assert experiment.state == Experiment.State.STOPPED
    assert experiment.stopped_at is not None
    Delivery.objects.all().delete()
    assert {each.variant for each in sent_to(people)} == {None}


def test_a_stop_is_in_force_when_it_returns(make_person: Callable[..., Any]) -> None:
    people = [make_person(device="") for _ in range(4)]
    experiment = planned()
    experiments.start(experiment, by=None)
    notify(Letter(text="hello"), to=people)
    publication = experiments.stop(experiment, by=None)
    assert (publication.stopped, publication.version, publication.in_flight) == (experiment, None, 0)
    deliver_all()
    assert {(each.variant, each.version, each.status) for each in Delivery.objects.all()} == {
        (None, None, Status.DELIVERED)
    }
    with pytest.raises(TemplateStateError, match="“subject” is not running: it is stopped"):
        experiments.stop(experiment, by=None)
    with pytest.raises(TemplateStateError, match="a test is started once: plan a new one"):
        experiments.start(experiment, by=None)


def test_what_is_published_may_win(make_person: Callable[..., Any]) -> None:
    published = version("published", VersionState.PUBLISHED)
    experiment = planned(variants=[("B", version("B"), 50)], holdout=(50, "published"))
    experiments.start(experiment, by=None)
    hold_out = experiment.variants.get(kind="published")
    publication = experiments.promote(experiment, hold_out, by=None)
    assert (publication.version, publication.stopped, publication.replaced) == (published, experiment, None)
    experiment.refresh_from_db()
    assert experiment.winner == hold_out
    with pytest.raises(TemplateStateError, match="hold-out of “subject” was promoted already"):
        experiments.promote(experiment, experiment.variants.get(label="B"), by=None)


def test_a_test_that_was_stopped_can_still_have_its_winner_promoted() -> None:
    experiment = planned()
    with pytest.raises(TemplateStateError, match="was never started: publish the version instead"):
        experiments.promote(experiment, experiment.variants.get(label="B"), by=None)
    experiments.start(experiment, by=None)
    experiments.stop(experiment, by=None)
    publication = experiments.promote(experiment, experiment.variants.get(label="B"), by=None)
    assert publication.version == experiment.variants.get(label="B").version


# What cannot be.


def test_one_test_at_a_time_runs_on_a_text() -> None:
    a, b = version("A", VersionState.ARCHIVED), version("B")
    first, second = planned(a=a, b=b), planned(a=a, b=b, name="another")
    experiments.start(first, by=None)
    for each, what in ((second, "“subject” is running on tests.letter email since"), (first, "It is running")):
        with pytest.raises(TemplateStateError, match=what) as caught:
            experiments.start(each, by=None)
        assert caught.value.code == "running"
    second.refresh_from_db()
    assert second.state == Experiment.State.DRAFT


def test_what_a_test_cannot_be_is_said_and_nothing_is_stored() -> None:
    a, b = version("A", VersionState.ARCHIVED), version("B")
    other = version("other", of=Offer)
    two = [("A", a, 50), ("B", b, 50)]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": " "}, "A name has 1 to 100 characters, not 0"),
        ({"metric": "loved"}, "Unknown metric 'loved'. Known: opened, clicked, acted"),
        ({"metric": "acted"}, "tests.letter takes no answers. Possible here: opened, clicked"),
        ({"variants": [("A", a, 50)]}, "compares two texts at least"),
        ({"variants": [("A", a, 50)], "holdout": (50, "nothing")}, "compares two texts at least"),
        ({"holdout": (10, "nothing")}, "nobody misses an appointment for a test"),
        ({"holdout": (10, "silence")}, "A hold-out gets 'published' or 'nothing', not 'silence'"),
        ({"variants": [("A", a, 50), ("A", b, 50)]}, "Two variants are called 'A'"),
        ({"variants": [("A", a, 50), ("hold-out", b, 50)], "holdout": (1, "published")}, "are called 'hold-out'"),
        ({"variants": [("A" * 21, a, 50), ("B", b, 50)]}, "A label has 1 to 20 characters"),
        ({"variants": [("A", a, 50), ("B", b, 0)]}, "The weight of B is 0; valid are 1 to 1000"),
        ({"variants": [("A", a, 50), ("B", b, 0.5)]}, "The weight of B is 0.5"),
        ({"variants": [("A", a, 50), ("B", a, 50)]}, "Version 1 stands in two variants"),
        ({"variants": [("A", a, 50), ("B", other, 50)]}, "is a version of another template"),
    ]
    for changes, says in cases:
        given = {"name": "subject", "metric": "clicked", "variants": two, "by": None, **changes}
        with pytest.raises(TemplateStateError, match=re.escape(says)) as caught:
            experiments.create(a.template, **given)
        assert caught.value.code == "invalid"
    assert not Experiment.objects.exists()


def test_a_draft_is_submitted_before_it_is_tested() -> None:
    a, draft = version("A", VersionState.ARCHIVED), version("B", VersionState.DRAFT)
    with pytest.raises(TemplateStateError, match=r"Version 2 is a draft, .* ask for a review of it first"):
        planned(a=a, b=draft)
    staff.submit(draft, by=None)
    experiment = planned(a=a, b=TemplateVersion.objects.get(pk=draft.pk))
    staff.send_back(draft, by=None)
    with pytest.raises(TemplateStateError, match="Version 2 is a draft"):
        experiments.start(experiment, by=None)


def test_the_words_of_a_version_that_was_tested_are_never_changed() -> None:
    experiment = planned()
    experiments.start(experiment, by=None)
    tested = experiment.variants.get(label="B").version
    assert tested is not None
    experiments.stop(experiment, by=None)
    with pytest.raises(TemplateStateError, match="has sent version 2 to readers, so it is not changed any more"):
        staff.send_back(tested, by=None)


def test_a_text_with_mistakes_is_not_started() -> None:
    experiment = planned()
    broken = experiment.variants.get(label="B").version
    assert broken is not None
    TemplateVersion.objects.filter(pk=broken.pk).update(parts={**broken.parts, "email.subject.txt": "{{ nobody }}"})
    stamp = TemplateStamp.now()
    with pytest.raises(TemplateStateError, match=r"Version 2: email\.subject\.txt, line 1: .*nobody") as caught:
        experiments.start(experiment, by=None)
    assert caught.value.code == "invalid"
    experiment.refresh_from_db()
    assert (experiment.state, TemplateStamp.now()) == (Experiment.State.DRAFT, stamp)


def test_a_text_that_its_author_alone_has_read_is_started_by_somebody_else(
    settings: Any, make_person: Callable[..., Any]
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TEMPLATES_NEED_REVIEW": True}
    author, reviewer = make_person(), make_person()
    draft = staff.begin(Letter.key, "email", by=author, parts={**OF_LETTER, "email.subject.txt": "B"})
    b = staff.submit(draft, by=author)
    experiment = planned(variants=[("B", b, 1)], holdout=(1, "published"))
    with pytest.raises(TemplateStateError, match="Version 1: You wrote it") as caught:
        experiments.start(experiment, by=author)
    assert caught.value.code == "reviewer"
    experiments.start(experiment, by=reviewer)
    variant = experiment.variants.get(label="B")
    assert experiments.promote(experiment, variant, by=author).version == b, "readers have had it already"


def test_a_language_whose_readers_get_another_ones_text_has_nothing_to_test() -> None:
    parts = {**OF_LETTER, "email.subject.txt": "Uno"}
    one = staff.submit(staff.begin(Letter.key, "email", "es", by=None, parts=parts), by=None)
    staff.discard(one, by=None)
    two = staff.submit(staff.begin(Letter.key, "email", "es", by=None, parts=parts), by=None)
    experiment = planned(a=TemplateVersion.objects.get(pk=one.pk), b=two)
    with pytest.raises(TemplateStateError, match="get no text of that language yet: publish one first"):
        experiments.start(experiment, by=None)


def test_nothing_is_no_hold_out_where_a_fallback_would_send_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Offer, "fallback", ("sms",))
    a, b = version("A", VersionState.ARCHIVED, of=Offer), version("B", of=Offer)
    with pytest.raises(TemplateStateError, match=r"would get tests\.offer by sms, its fallback"):
        planned(a=a, b=b, holdout=(10, "nothing"))


def test_a_plan_can_be_thrown_away_and_a_record_cannot() -> None:
    experiment = planned()
    experiments.discard_plan(experiment)
    assert not Experiment.objects.exists()
    started = planned(a=TemplateVersion.objects.get(number=1), b=TemplateVersion.objects.get(number=2))
    experiments.start(started, by=None)
    with pytest.raises(TemplateStateError, match="its record stays"):
        experiments.discard_plan(started)


# What can be counted, and what is.


def test_what_can_be_counted_depends_on_channel_type_and_provider(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def possible(type_: Any, channel: str) -> list[str]:
        return [each.value for each, why in countable(type_, channel).items() if not why]

    assert possible(Letter, "email") == ["opened", "clicked"]
    assert possible(Everywhere, "in_app") == ["opened", "clicked"]
    assert possible(Note, "sms") == []
    monkeypatch.setattr(Letter, "sensitive", True)
    assert possible(Letter, "email") == []
    assert "never for a sensitive type" in countable(Letter, "email")[Experiment.Metric.OPENED]
    monkeypatch.setattr(Letter, "answers", {"yes": ("Y",)})
    monkeypatch.setattr(Letter, "fallback", ("sms",))
    assert possible(Letter, "email") == [], "who gets the fallback has not got the email"
    monkeypatch.setattr(Letter, "channels", ("email", "sms"))
    assert possible(Letter, "email") == ["acted"]
    monkeypatch.undo()
    channels = settings.NOTIFICATIONS["CHANNELS"]
    grid = {
        "BACKEND": "notifications.providers.sendgrid.SendGridProvider",
        "OPTIONS": {"api_key": "a", "track_opens": True},
    }
    settings.NOTIFICATIONS = {
        **settings.NOTIFICATIONS,
        "CHANNELS": {**channels, "email": {**channels["email"], "PROVIDERS": ["grid"], "OPTIONS": {}}},
        "PROVIDERS": {**settings.NOTIFICATIONS["PROVIDERS"], "grid": grid},
    }
    assert possible(Letter, "email") == ["opened"]
    assert countable(Letter, "email")[Experiment.Metric.CLICKED].startswith("the channel's option track_clicks is off")


def test_a_recipient_counts_once_by_the_first_message_they_were_sent(person: Any) -> None:
    experiment = planned()
    experiments.start(experiment, by=None)
    first = sent_to(person)[0]
    second = sent_to(person)[1]
    label = first.variant.label if first.variant else ""
    Client().get(path_of(second, "c"), headers=PERSON)
    arm = by_label(experiment)[label]
    assert (arm.count.recipients, arm.count.sent, arm.count.clicked) == (1, 2, 0)
    Client().get(path_of(first, "c"), headers=PERSON)
    assert by_label(experiment)[label].count.clicked == 1


@pytest.mark.parametrize(
    ("status", "reason", "counts"),
    [
        (Status.SENT, "", True),
        (Status.BOUNCED, Reason.REPORTED, True),
        (Status.FAILED, Reason.REPORTED, True),
        (Status.FAILED, Reason.REFUSED, False),
        (Status.EXPIRED, Reason.EXPIRED, False),
        (Status.SKIPPED, Reason.UNSUBSCRIBED, False),
    ],
)
def test_what_a_provider_took_counts_and_what_never_left_does_not(
    person: Any, status: Status, reason: str, counts: bool
) -> None:
    experiment = planned()
    experiments.start(experiment, by=None)
    (delivery,) = sent_to(person)
    Delivery.objects.filter(pk=delivery.pk).update(status=status, reason=reason)
    assert sum(each.count.recipients for each in results(experiment, fresh=True).arms) == counts


def test_an_answer_counts_as_acting_on_the_variant(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = planned()
    monkeypatch.setattr(Letter, "answers", {"yes": ("Y",)})
    monkeypatch.setattr(Letter, "channels", ("email", "sms"))
    Experiment.objects.update(metric="acted")
    experiments.start(experiment, by=None)
    (delivery,) = (each for each in sent_to(person) if each.channel == "email")
    Event.objects.create(notification=delivery.notification, kind=Kind.ANSWERED, data={"channel": "sms"})
    found = results(experiment, fresh=True)
    assert [each.successes for each in found.arms if each.variant == delivery.variant] == [1]
    assert sum(each.count.acted for each in found.arms) == 1


def test_in_the_inbox_opened_is_seen_and_clicked_is_read(make_person: Callable[..., Any]) -> None:
    parts = {"in_app.title.txt": "{{ text }}", "in_app.txt": "B"}
    b = staff.submit(staff.begin(Inbox.key, "in_app", by=None, parts=parts), by=None)
    experiment = planned(variants=[("B", b, 1)], holdout=(1, "published"))
    experiments.start(experiment, by=None)
    people = [make_person() for _ in range(12)]
    deliveries = sent_to(people, Inbox)
    of_b = [each.notification for each in deliveries if each.variant and each.variant.label == "B"]
    assert len(of_b) > 1
    assert {each.body for each in of_b} == {"B"}
    mark_seen(of_b[0].recipient, [of_b[0].pk])
    mark_read(of_b[1].recipient, [of_b[1].pk])
    counted = by_label(experiment)["B"].count
    assert (counted.recipients, counted.opened, counted.clicked) == (len(of_b), 2, 1)


def test_results_are_counted_once_a_minute(person: Any, django_assert_num_queries: Any) -> None:
    experiment = planned()
    experiments.start(experiment, by=None)
    sent_to(person)
    results(experiment)
    with django_assert_num_queries(2):  # the test and its variants
        again = results(experiment)
    assert sum(each.count.recipients for each in again.arms) == 1
    assert results(experiment, fresh=True).counted_at > again.counted_at


def test_the_answer_is_foretold_at_the_pace_so_far(make_person: Callable[..., Any]) -> None:
    with frozen_clock() as time:
        experiment = planned()
        assert results(experiment).verdict is None, "it was never started"
        started = experiments.start(experiment, by=None)
        sent_to([make_person(device="") for _ in range(20)])
        assert results(started, fresh=True).expected_at is None, "nobody knows the pace yet"
        time.advance("1 day")
        found = results(started, fresh=True)
        assert found.verdict is not None and found.verdict.more is not None
        wait = timedelta(days=1) * found.verdict.more / 20
        assert found.expected_at == clock.now() + wait
        experiments.stop(started, by=None)
        assert results(started, fresh=True).expected_at is None
