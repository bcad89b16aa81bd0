"""The admin's pages of A/B tests: planned, started, looked at and promoted by those who may (T5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Event, Experiment, Kind, Notification, Status, Template, TemplateVersion
from notifications.services import templates as staff_services
from notifications.services.templates import experiments
from notifications.testing import registered
from project.accounts.models import User
from tests.integration.test_admin import shown, staff
from tests.integration.test_experiments import OF_LETTER, OF_OFFER, Letter, Offer

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/experiment/"
EDITOR, PUBLISHER = ("view_template", "change_template"), ("view_template", "change_template", "publish_template")


@pytest.fixture(autouse=True)
def _letters(settings: Any) -> Iterator[None]:
    channels = settings.NOTIFICATIONS["CHANNELS"]
    email = {**channels["email"], "OPTIONS": {"track_opens": True, "track_clicks": True}}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "email": email}}
    cache.clear()
    with registered(Letter, OF_LETTER), registered(Offer, OF_OFFER):
        yield


@pytest.fixture
def publisher(client: Client) -> User:
    """Staff who may do everything with texts; signed in, in Kolkata."""
    return staff(client, *PUBLISHER)


def version(subject: str, *, of: Any = Letter, then: Callable[..., Any] | None = None) -> TemplateVersion:
    """In review, or wherever `then` brings it."""
    parts = {**(OF_OFFER if of is Offer else OF_LETTER), "email.subject.txt": subject}
    found = staff_services.submit(staff_services.begin(of.key, "email", by=None, parts=parts), by=None)
    if then is not None:
        then(found, by=None)
    return TemplateVersion.objects.get(pk=found.pk)


@pytest.fixture
def template() -> Template:
    """With version 1 published, and version 2 in review."""
    published = version("Your letter", then=staff_services.publish)
    version("A <b>letter</b> for you")
    return published.template


@pytest.fixture
def experiment(template: Template) -> Experiment:
    """A plan of the two."""
    second, first = template.versions.all()
    return experiments.create(
        template, name="warmer subject", metric="clicked", variants=[("A", first, 50), ("B", second, 50)], by=None
    )


def filled_in(**changes: Any) -> dict[str, Any]:
    given = {"name": "warmer subject", "metric": "clicked", "version_A": 1, "label_A": "A", "weight_A": 90}
    return {**given, "version_B": 2, "label_B": "warm", "weight_B": 10, **changes}


def page(experiment: Experiment, *more: str) -> str:
    return f"{LIST}{experiment.pk}/{'/'.join(more)}/" if more else f"{LIST}{experiment.pk}/change/"


def sent(variant: Any, people: list[Any], *, clicking: int) -> None:
    """Messages of a test, of which the first ones were clicked."""
    for number, person in enumerate(people):
        notification = Notification.objects.create(recipient=person, type=Letter.key, category="general")
        delivery = Delivery.objects.create(
            notification=notification,
            channel="email",
            status=Status.DELIVERED,
            variant=variant,
            version=variant.version,
        )
        if number < clicking:
            Event.objects.create(
                notification=notification, delivery=delivery, kind=Kind.CLICKED, data={"machine": False}
            )


def users(number: int) -> list[User]:
    start = User.objects.count()
    return User.objects.bulk_create(User(username=f"reader{start + each}") for each in range(number))


# The plan.


def test_a_test_is_planned_from_the_page_of_its_text(client: Client, publisher: User, template: Template) -> None:
    address = f"{LIST}add/?template={template.pk}"
    text = shown(client.get(address))
    assert "version 2, in review" in text
    assert "answered – tests.letter takes no answers." in text
    assert "get nothing by this channel" not in text, "it is not marketing"
    response = client.post(address, filled_in(holdout="published", holdout_weight=""))
    assert "The weight of hold-out is 0; valid are 1 to 1000." in shown(response)
    response = client.post(address, filled_in())
    planned = Experiment.objects.get()
    assert response["Location"] == page(planned)
    arms = planned.variants.values_list("label", "kind", "version__number", "weight")
    assert list(arms) == [("A", "version", 1, 90), ("warm", "version", 2, 10)]
    assert (planned.state, planned.created_by) == (Experiment.State.DRAFT, publisher)
    assert "Nobody gets it before it is started." in shown(client.get(page(planned)))


def test_the_plan_begins_with_what_is_published_and_what_is_in_review(
    client: Client, publisher: User, template: Template
) -> None:
    form = client.get(f"{LIST}add/?template={template.pk}").context["form"]
    assert [(row.version.value(), row.weight.value()) for row in form.rows] == [
        (1, 50),
        (2, 50),
        ("", None),
        ("", None),
    ]
    assert form["metric"].value() == "clicked"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version_B": 1}, "Version 1 stands in two variants"),
        ({"version_B": ""}, "compares two texts at least"),
        ({"version_B": 7}, "Select a valid choice. 7 is not one of the available choices."),
        ({"label_B": "A"}, "Two variants are called"),
        ({"weight_B": 0}, "Ensure this value is greater than or equal to 1."),
        ({"weight_B": ""}, "The weight of warm is 0; valid are 1 to 1000."),
        ({"metric": "acted"}, "Select a valid choice. acted is not one of the available choices."),
        ({"holdout": "nothing", "holdout_weight": 5}, "Select a valid choice. nothing is not one"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_mistake_in_the_plan_is_named(
    client: Client, publisher: User, template: Template, changes: dict[str, Any], says: str
) -> None:
    assert says in shown(client.post(f"{LIST}add/?template={template.pk}", filled_in(**changes)))
    assert not Experiment.objects.exists()


def test_marketing_can_be_held_back_altogether(client: Client, publisher: User) -> None:
    template = version("1", of=Offer, then=staff_services.publish).template
    version("2", of=Offer)
    address = f"{LIST}add/?template={template.pk}"
    assert "get nothing by this channel" in shown(client.get(address))
    client.post(address, filled_in(holdout="nothing", holdout_weight=20))
    (hold_out, *_) = Experiment.objects.get().variants.all()
    assert (hold_out.label, hold_out.kind, hold_out.weight) == ("hold-out", "nothing", 20)
    assert "gets nothing" in shown(client.get(page(Experiment.objects.get())))


def test_without_a_text_one_is_chosen_and_a_draft_is_told_to_be_submitted(client: Client, publisher: User) -> None:
    assert "There are none yet" in shown(client.get(f"{LIST}add/"))
    template = version("1", then=staff_services.publish).template
    staff_services.begin(Letter.key, "email", by=None)
    assert f"?template={template.pk}" in client.get(f"{LIST}add/").content.decode()
    assert "Version 2 is a draft: ask for a review of it first." in shown(
        client.get(f"{LIST}add/?template={template.pk}")
    )
    listed = client.get(f"{LIST}add/?_changelist_filters=template%3D{template.pk}")
    assert listed.context["template"] == template


def test_a_text_of_which_nothing_can_be_counted_is_not_planned(
    client: Client, publisher: User, template: Template, settings: Any
) -> None:
    channels = settings.NOTIFICATIONS["CHANNELS"]
    untracked = {**channels, "email": {**channels["email"], "OPTIONS": {}}}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": untracked}
    text = shown(client.get(f"{LIST}add/?template={template.pk}"))
    assert "so a test of it would show nothing." in text
    assert "clicked – the channel's option track_clicks is off" in text.replace("&#x27;", "'")
    assert "Plan the test" not in text
    client.post(f"{LIST}add/?template={template.pk}", filled_in())
    assert not Experiment.objects.exists()


def test_a_test_of_a_type_that_is_gone_is_still_shown_and_no_other_is_planned(
    client: Client, publisher: User, experiment: Experiment, template: Template
) -> None:
    Template.objects.filter(pk=template.pk).update(type="tests.gone")
    assert "warmer subject" in shown(client.get(page(experiment)))
    assert "There are none yet" in shown(client.get(f"{LIST}add/?template={template.pk}"))
    assert "Unknown notification type" in shown(client.post(page(experiment, "start"), follow=True))


# What is done.


def test_a_test_is_started_stopped_and_its_winner_promoted_after_a_question_each(
    client: Client, publisher: User, experiment: Experiment
) -> None:
    asked = shown(client.get(page(experiment, "start")))
    assert "50% of the recipients get version 2 (B)." in asked
    experiment.refresh_from_db()
    assert experiment.state == Experiment.State.DRAFT, "it was only asked"
    assert "The test runs" in shown(client.post(page(experiment, "start"), follow=True))
    assert "All recipients get version 1 again." in shown(client.get(page(experiment, "stop")))
    stopped = shown(client.post(page(experiment, "stop"), follow=True))
    assert "The test is stopped. Version 1 is published" in stopped
    b = experiment.variants.get(label="B")
    promote = f"{page(experiment, 'promote')}?variant={b.pk}"
    asked = shown(client.get(promote))
    assert "All recipients get version 2 from now on." in asked
    assert "Mind that the test has not shown B to be the best: Too early to say." in asked
    done = shown(client.post(promote, follow=True))
    assert "B is promoted. Version 2 is published: what is sent from now on has it. Version 1 is archived." in done
    experiment.refresh_from_db()
    assert (experiment.winner, b.version and TemplateVersion.objects.get(pk=b.version.pk).state) == (b, "published")
    assert "Promote B …" not in done


def test_the_second_of_two_who_start_is_told(client: Client, publisher: User, experiment: Experiment) -> None:
    experiments.start(experiment, by=None)
    told = shown(client.post(page(experiment, "start"), follow=True))
    assert "It is running on tests.letter email since" in told
    assert "stop that one first" in told


def test_a_plan_is_thrown_away(client: Client, publisher: User, experiment: Experiment) -> None:
    response = client.post(page(experiment, "discard"), follow=True)
    assert response.redirect_chain[-1][0] == LIST
    assert not Experiment.objects.exists()


# What is seen.


def test_the_page_says_in_a_sentence_what_was_found_and_shows_the_figures(
    client: Client, publisher: User, experiment: Experiment
) -> None:
    experiments.start(experiment, by=None)
    a, b = experiment.variants.all()
    sent(a, users(400), clicking=40)
    sent(b, users(400), clicking=120)
    response = client.get(page(experiment))
    text, html = shown(response), response.content.decode()
    assert "B is better than A, 95 % sure: 30 % clicked instead of 10 %." in text
    assert "A version 1 50% 400 400 400 100.0 % 40 10.0 % 40 10.0 % 10.0 %, between 7.4 % and 13.3 %" in text
    assert re.search(r"\+20\.0 \(\+\d+\.\d to \+\d+\.\d\)", text), "against the control"
    assert 'class="notify-leader"' in html
    assert "A &lt;b&gt;letter&lt;/b&gt; for you" in html, "the text of B, as it differs"
    assert not re.search(r"<[^>]+\sstyle=|<script(?![^>]+src=)", html.partition("<main")[2].partition("</main>")[0])


def test_figures_have_points_and_no_commas_in_the_picture_whatever_the_language(
    client: Client, publisher: User, experiment: Experiment
) -> None:
    experiments.start(experiment, by=None)
    a, _ = experiment.variants.all()
    sent(a, users(7), clicking=2)
    User.objects.filter(pk=publisher.pk).update(language="es")
    html = client.get(page(experiment)).content.decode()
    found = re.findall(r'<rect class="notify-range" x="([^"]+)" y="2" width="([^"]+)"', html)
    assert found
    assert all(re.fullmatch(r"\d+\.\d\d", each) for pair in found for each in pair)
    assert f"/{experiment.pk}/stop/" in html


def test_the_list_shows_each_test_and_those_of_a_text_in_few_queries(
    client: Client, publisher: User, experiment: Experiment, template: Template
) -> None:
    experiments.start(experiment, by=None)
    text = shown(client.get(LIST))
    assert "warmer subject" in text and "running" in text and "tests.letter email" in text
    assert "warmer subject" in shown(client.get(f"{LIST}?template={template.pk}"))
    assert "0 A/B tests" in shown(client.get(f"{LIST}?template={template.pk + 1}"))
    with CaptureQueriesContext(connection) as one:
        client.get(LIST)
    versions = list(template.versions.all())
    for number in range(5):
        variants = [(each.state, each, 1) for each in versions]
        experiments.create(template, name=f"more {number}", metric="opened", variants=variants, by=None)
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert len(many) == len(one)


# Who may.


def test_who_only_sees_templates_sees_tests_and_changes_nothing(client: Client, experiment: Experiment) -> None:
    staff(client, "view_template")
    html = client.get(page(experiment)).content.decode()
    assert "/start/" not in html and "/discard/" not in html
    assert "add/" not in client.get(LIST).content.decode().partition("<main")[2]
    for step in ("start", "stop", "promote", "discard"):
        assert client.post(page(experiment, step)).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert Experiment.objects.get().state == Experiment.State.DRAFT


def test_an_editor_plans_and_does_not_start(client: Client, experiment: Experiment) -> None:
    staff(client, *EDITOR)
    html = client.get(page(experiment)).content.decode()
    assert "/discard/" in html and "/start/" not in html
    assert client.post(page(experiment, "start")).status_code == 403
    assert client.get(f"{LIST}add/?template={experiment.template_id}").status_code == 200


def test_others_see_nothing(client: Client, experiment: Experiment) -> None:
    staff(client, "view_delivery")
    for address in (LIST, page(experiment), f"{LIST}add/"):
        assert client.get(address).status_code == 403
    assert LIST not in client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "999999/change/",
        pytest.param(f"{'9' * 5_000}/change/", id="a number of 5,000 digits"),
        "x/change/",
        "1/promote/?variant=7",
        "999999/start/",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, publisher: User, experiment: Experiment, address: str) -> None:
    own = address.replace("1/", f"{experiment.pk}/") if address.startswith("1/") else address
    assert client.get(f"{LIST}{own}").status_code == 404
