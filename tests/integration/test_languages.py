"""Whose language and time zone a page, a link's page and an answer are in (T4, U2)."""

from datetime import UTC, datetime

import icalendar
import pytest
from django.test import Client
from django.utils import timezone, translation

from notifications.exceptions import ContactPointError
from notifications.models import Delivery
from notifications.pipeline.render import as_person
from notifications.services import contact_points, notify
from notifications.testing import deliver_all, outbox
from project.accounts import views
from project.accounts.models import User
from project.clinic.calendar import calendar_entry
from project.clinic.models import AppointmentError, Status
from project.demo.seed import seed
from tests.app.notifications import Everywhere
from tests.clinic import make_appointment, make_patient
from tests.integration.webhooks.twilio_posts import BASE_URL, inbound, message_sid, post, twilio
from tests.pharmacy import make_prescription

pytestmark = pytest.mark.django_db

ADDRESSES = "/account/addresses/"
TITLES = {
    "en": "Where we reach you",
    "hi": "हम आप तक कैसे पहुँचें",
    "es": "Cómo le contactamos",
    "ar": "كيف نتواصل معك",
}


@pytest.fixture
def reader(client):
    """Sign a patient in who reads a language; gives the patient."""

    def sign_in(language, **values):
        patient = make_patient(language=language, **values)
        client.force_login(patient.user)
        return patient

    return sign_in


@pytest.mark.parametrize("language", TITLES)
def test_a_page_is_in_the_language_of_who_is_signed_in_and_not_of_the_browser(client, reader, language):
    reader(language)
    page = client.get(ADDRESSES, headers={"accept-language": "es" if language != "es" else "ar"})
    assert f"<h1>{TITLES[language]}</h1>" in page.text
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page.text
    assert page["Content-Language"] == language


def test_who_is_not_signed_in_reads_what_the_browser_asks_for(client):
    page = client.get("/accounts/login/", headers={"accept-language": "hi"})
    assert page["Content-Language"] == "hi"
    assert "साइन इन करें" in page.text
    assert "पासवर्ड" in page.text  # the form's own labels too


def test_one_persons_language_and_zone_are_not_the_next_ones(client, reader):
    reader("ar", time_zone="Asia/Kathmandu")
    client.get(ADDRESSES)
    assert (translation.get_language(), timezone.get_current_timezone_name()) == ("en", "UTC")
    page = Client().get("/accounts/login/")
    assert '<html lang="en" dir="ltr">' in page.text


def test_times_on_pages_are_those_of_the_persons_zone(client, reader):
    patient = reader("en", time_zone="Asia/Kathmandu")
    appointment = make_appointment(patient=patient, starts_at=datetime(2030, 3, 4, 5, tzinfo=UTC))
    assert "10:45 – 11:30 +0545" in client.get(f"/appointments/{appointment.pk}/").text
    assert "Monday 4 March 2030, <bdi dir=\"ltr\">10:45 +0545" in client.get("/appointments/").text  # fmt: skip


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("es", "lunes 4 de marzo de 2030"),
        ("hi", "4 मार्च 2030"),
        ("ar", "4 مارس 2030"),
    ],
)
def test_dates_are_written_as_the_language_does(client, reader, language, day):
    appointment = make_appointment(patient=reader(language), starts_at=datetime(2030, 3, 4, 5, tzinfo=UTC))
    assert day in client.get(f"/appointments/{appointment.pk}/").text


def test_treatment_and_place_of_the_list_are_translated_and_others_stay_as_they_are(client, reader):
    patient = reader("es")
    listed = make_appointment(patient=patient, treatment="Consultation", place="Treatment room 3")
    other = make_appointment(patient=patient, treatment="Cupping", place="")
    page = client.get(f"/appointments/{listed.pk}/").text
    assert "Consulta" in page
    assert "Sala de tratamiento 3" in page
    page = client.get(f"/appointments/{other.pk}/").text
    assert "Cupping" in page
    assert "Dónde" not in page
    assert "Project-Id" not in page  # what an empty text stands for in a catalogue


@pytest.mark.parametrize(
    ("days", "words"), [(1, "يوم واحد"), (2, "يومان"), (3, "3 أيام"), (11, "11 يومًا"), (100, "100 يوم")]
)
def test_arabic_counts_in_its_own_forms(client, reader, days, words):
    prescription = make_prescription(patient=reader("ar"))
    prescription.items.update(days=days)
    prescription.issue()
    assert words in client.get(f"/prescriptions/{prescription.pk}/").text


def test_a_person_chooses_a_language_and_is_told_so_in_it(client, reader):
    patient = reader("en")
    response = client.post(f"{ADDRESSES}language/", {"language": "es"}, follow=True)
    assert response.redirect_chain == [(f"{ADDRESSES}#language", 302)]
    assert "A partir de ahora, nuestros mensajes y estas páginas estarán en español." in response.text
    assert '<option value="es" selected>español</option>' in response.text
    patient.user.refresh_from_db()
    assert patient.user.language == "es"


@pytest.mark.parametrize("language", ["", "fr", "EN", "../hi"])
def test_a_language_that_is_not_offered_changes_nothing(client, reader, language):
    patient = reader("hi")
    page = client.post(f"{ADDRESSES}language/", {"language": language}, follow=True)
    assert 'class="said error"' in page.text
    assert TITLES["hi"] in page.text
    patient.user.refresh_from_db()
    assert patient.user.language == "hi"


def test_the_page_of_a_messages_link_is_in_the_language_of_its_recipient(make_person):
    person = make_person(language="ar")
    notify(Everywhere(text="a"), to=person)
    deliver_all()
    delivery = Delivery.objects.get(channel="email")
    header = outbox("email")[-1].content["headers"]["List-Unsubscribe"]
    path = header[len("<http://localhost:8000") : -1]
    page = Client().get(path, headers={"accept-language": "es"})
    assert delivery.notification.recipient == person
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "هل تريد رسائل أقل؟" in page.text
    assert page["Content-Language"] == "ar"
    assert "أُلغي اشتراكك" in Client().post(path, {"scope": "category"}).text


def test_stop_is_confirmed_in_the_language_of_the_numbers_owner(client, settings, make_person):
    given = settings.NOTIFICATIONS
    providers = {**given["PROVIDERS"], "twilio": twilio(answers_keywords=False)}
    settings.NOTIFICATIONS = {**given, "BASE_URL": BASE_URL, "PROVIDERS": providers}
    settings.ALLOWED_HOSTS = ["*"]
    person = make_person(language="hi")
    answer = post(client, inbound("STOP", person.phone, MessageSid=message_sid()))
    assert "अब हम आपको SMS नहीं भेजेंगे। दोबारा पाने के लिए START लिखकर भेजें।" in answer.text
    answer = post(client, inbound("HELP", "+15005550199", MessageSid=message_sid()))
    assert "messages about your account" in answer.text  # of nobody's number


def test_what_is_wrong_with_an_address_is_said_in_the_persons_language(make_person):
    with translation.override("es"), pytest.raises(ContactPointError, match="no es una dirección de correo"):
        contact_points.register_email(make_person(), "nobody")


def test_the_desk_reads_why_an_appointment_cannot_go_that_way_in_its_language(reader):
    appointment = make_appointment(status=Status.CANCELLED)
    with translation.override("es"), pytest.raises(AppointmentError, match="Una cita cancelada no se puede cambiar"):
        appointment.move(appointment.starts_at)


def test_a_calendar_entry_is_in_the_patients_language(reader):
    appointment = make_appointment(patient=reader("es"))
    with as_person(appointment.patient.user):
        entry = calendar_entry(appointment, email="asha@example.org", name="Asha", path="/x/")
    [event] = icalendar.Calendar.from_ical(entry.content).walk("VEVENT")
    assert event["summary"] == "Cita en Lotus House Ayurveda"
    assert str(event["location"]).startswith("Sala de tratamiento 3, ")
    assert "llegue diez minutos antes" in str(event["description"])


def test_the_demonstration_and_its_scripts_are_in_the_patients_language(client, settings):
    settings.DEBUG = True
    seed()
    assert "Behind the scenes" in client.get("/", headers={"accept-language": "es"}).text  # Asha's, who now signed in
    assert client.post("/demo/language/", {"language": "ar"}).status_code == 302
    page = client.get("/").text
    assert '<html lang="ar" dir="rtl">' in page
    assert "خلف الكواليس" in page
    assert "\\u062a\\u0645 \\u0627\\u0644\\u062d\\u062c\\u0632." in client.get("/demo/words.js").text
    assert User.objects.get(username="asha").language == "ar"
    assert client.post("/demo/language/", {"language": "xx"}).status_code == 400
    assert User.objects.get(username="asha").language == "ar"


def test_what_went_wrong_is_said_in_the_persons_language_too(reader, monkeypatch):
    patient, client = reader("ar"), Client(raise_request_exception=False)
    client.force_login(patient.user)
    page = client.get("/nothing/")
    assert (page.status_code, "لا توجد صفحة بهذا العنوان" in page.text) == (404, True)
    monkeypatch.setattr(views, "groups", lambda *args: 1 / 0)
    page = client.get(ADDRESSES)
    assert (page.status_code, "حدث خطأ من جانبنا" in page.text) == (500, True)
    assert '<html lang="ar" dir="rtl">' in page.text
