"""The completeness of each language (T4)."""

from notifications.templating.validation.completeness import completeness

TEXTS = {"clinic.reminder": ["sms", "email"], "clinic.bill": ["email"]}


def test_a_language_lacks_what_nobody_has_written_in_it():
    written = [("clinic.bill", "email", ""), ("clinic.reminder", "sms", ""), ("clinic.bill", "email", "hi")]

    default, hindi = completeness(written, TEXTS, ["", "hi"])

    assert (default.language, default.written, default.total, default.percent) == ("", 2, 3, 66)
    assert default.missing == (("clinic.reminder", "email"),)
    assert hindi.missing == (("clinic.reminder", "sms"), ("clinic.reminder", "email"))


def test_the_default_text_does_not_count_for_another_language():
    (spanish,) = completeness([("clinic.bill", "email", "")], {"clinic.bill": ["email"]}, ["es"])

    assert spanish.percent == 0


def test_a_regional_form_has_what_its_language_has_and_not_the_reverse():
    written = [("clinic.bill", "email", "pt"), ("clinic.reminder", "sms", "pt-br")]

    regional, whole = completeness(written, TEXTS, ["pt-br", "pt"])

    assert regional.missing == (("clinic.reminder", "email"),)
    assert whole.missing == (("clinic.reminder", "sms"), ("clinic.reminder", "email"))


def test_what_belongs_to_no_type_any_more_does_not_count():
    (hindi,) = completeness([("gone", "sms", "hi")], TEXTS, ["hi"])

    assert hindi.written == 0


def test_only_all_of_it_is_a_hundred_percent():
    many = {f"clinic.{number}": ["sms"] for number in range(1000)}
    written = [(key, "sms", "") for key in list(many)[:-1]]

    assert completeness(written, many, [""])[0].percent == 99
    assert completeness([], {}, [""])[0].percent == 100
