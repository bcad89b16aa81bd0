"""Texts in the language of notification texts, compiled without files: layouts are given as name → source."""

from notifications.templating.engine import compile_text
from notifications.templating.parser import LAYOUTS, parse

ENGLISH = {"LANGUAGE_CODE": "en", "LANGUAGE_BIDI": False}


def compiled(source, *, html=False, styled=False, layouts=None, constants=ENGLISH):
    """A text, compiled as "text"; `layouts` by their names behind notifications/layouts/."""
    layouts = layouts or {}

    def load(name):
        written = layouts.get(name.removeprefix(LAYOUTS))
        return None if written is None else parse(written, name, html=html)

    return compile_text(source, name="text", html=html, load=load, constants=constants, styled=styled)


def rendered(source, values=None, **options):
    """What a text says with these values."""
    return compiled(source, **options).render(values or {})
