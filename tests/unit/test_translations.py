"""The catalogues of translations: nothing is left out, and what is compiled is what was written (T4)."""

import re
import tokenize
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[2]
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
CATALOGUES = {
    "notifications": [ROOT / "notifications"],
    "project": [ROOT / "project", ROOT / "templates"],
}
"""where a locale folder is → the folders whose texts it has"""
DOMAINS = {"django": {".py", ".html", ".txt"}, "djangojs": {".js"}}
FILES = [
    (where, domain, language)
    for where in CATALOGUES
    for domain in DOMAINS
    for language in LANGUAGES
    if (where, domain) != ("notifications", "djangojs")
]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLURAL_FORMS = {"hi": 2, "es": 3, "ar": 6}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
ISOLATED = re.compile("\u2066[^\u2066\u2069]*\u2069")


def path_of(where: str, domain: str, language: str) -> Path:
    return ROOT / where / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


@cache
def catalogue(where: str, domain: str, language: str) -> Catalog:
    with path_of(where, domain, language).open("rb") as file:
        return read_po(file)


def key(message: Message) -> tuple[str | None, str]:
    context: str | bytes | None = message.context  # bytes, where Babel has read it from a compiled catalogue
    text = message.id if isinstance(message.id, str) else message.id[0]
    return context.decode() if isinstance(context, bytes) else context, text


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def messages(where: str, domain: str, language: str) -> list[Message]:
    return [each for each in catalogue(where, domain, language) if each.id]


def used(path: Path) -> Iterator[tuple[str | None, str]]:
    """The texts that a file wants translated, each with its context."""
    source, method = path.read_text(), "javascript" if path.suffix == ".js" else "python"
    if path.suffix in (".html", ".txt"):
        # Django turns it into Python, with X for all else, in lines that are indented as they come.
        source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
    for _, found, _, context in extract(method, BytesIO(source.encode()), keywords=KEYWORDS):
        text = found if isinstance(found, str) else found[0]
        yield context, text


@cache
def all_used(where: str, domain: str) -> dict[tuple[str | None, str], Path]:
    found: dict[tuple[str | None, str], Path] = {}
    for folder in CATALOGUES[where]:
        for path in sorted(folder.rglob("*")):
            if path.suffix in DOMAINS[domain] and "locale" not in path.relative_to(ROOT).parts:
                try:
                    found |= dict.fromkeys(used(path), path)
                except (tokenize.TokenError, SyntaxError) as error:
                    raise AssertionError(f"{path} cannot be read: {error}") from error
    return found


def test_the_texts_of_code_templates_and_scripts_are_found():
    texts = {text for where, domain, _ in FILES for _, text in all_used(where, domain)}
    assert {
        "Where we reach you",  # a template
        "Last seen on %(day)s",  # of values
        "%(days)s day",  # of a count
        "Be told at once, also when this page is closed.",  # as an argument of a filter
        "Thank you. Your answer has been noted.",  # code
        "You have asked for many codes. Ask again in %(minutes)d minute.",
        "D j M, H:i",  # with a context
        "Move …",  # a script
        "%s unread",
    } <= texts


@pytest.mark.parametrize(("where", "domain", "language"), FILES)
def test_every_text_is_translated(where, domain, language):
    translated = {key(each) for each in messages(where, domain, language) if all(forms(each)) and not each.fuzzy}
    missing = {text: str(path) for (context, text), path in all_used(where, domain).items()
               if (context, text) not in translated}  # fmt: skip
    assert missing == {}, "make messages adds them to the catalogue, in which they are then translated"


@pytest.mark.parametrize(("where", "domain", "language"), FILES)
def test_nothing_is_guessed_or_left_empty(where, domain, language):
    assert [key(each) for each in messages(where, domain, language) if each.fuzzy or not all(forms(each))] == []


@pytest.mark.parametrize(("where", "domain", "language"), FILES)
def test_a_translation_has_the_placeholders_of_its_text(where, domain, language):
    for each in messages(where, domain, language):
        ids = [each.id] if isinstance(each.id, str) else list(each.id)
        wanted = set(PLACEHOLDER.findall(ids[-1]))
        found = [set(PLACEHOLDER.findall(form)) for form in forms(each)]
        assert found[-1] == wanted, each.id
        # "two days" need not have the 2 in digits, if the value is given by name.
        assert all(form <= wanted for form in found), each.id
        assert all(form == wanted for form in found if "%s" in wanted or "%d" in wanted), each.id


@pytest.mark.parametrize(("where", "domain", "language"), FILES)
def test_it_has_every_plural_form_of_its_language(where, domain, language):
    assert catalogue(where, domain, language).num_plurals == PLURAL_FORMS[language]
    for each in messages(where, domain, language):
        if not isinstance(each.id, str):
            assert len(forms(each)) == PLURAL_FORMS[language], each.id


@pytest.mark.parametrize(("where", "domain", "language"), FILES)
def test_what_is_compiled_is_what_was_written(where, domain, language):
    with path_of(where, domain, language).with_suffix(".mo").open("rb") as file:
        compiled = {key(each): forms(each) for each in read_mo(file) if each.id}
    assert compiled == {key(each): forms(each) for each in messages(where, domain, language)}


@pytest.mark.parametrize(("where", "domain", "language"), FILES)
def test_a_catalogue_names_no_person_machine_or_moment(where, domain, language):
    text = path_of(where, domain, language).read_text()
    assert re.findall(r"(?m)^(?:#:.*|\"(?:POT-Creation|PO-Revision)-Date.*|\"Last-Translator.*|#~.*)$", text) == []


@pytest.mark.parametrize(("where", "domain"), sorted({(where, domain) for where, domain, _ in FILES}))
def test_in_arabic_numbers_and_addresses_keep_their_own_direction(where, domain):
    """Else +1 415 … would begin with its last digits, and end with the plus sign."""
    for each in messages(where, domain, "ar"):
        for form in forms(each):
            bare = ISOLATED.sub("", form)
            assert not re.search(r"\+\d|%\(address\)s", bare), form
            assert "\u2066" not in bare, form
            assert "\u2069" not in bare, form
