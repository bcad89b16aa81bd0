"""Filters that people know from Django and Jinja and that staff's texts do not have: what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ESCAPED = "Values are always escaped: leave it out."
_MARKUP = "Values are always escaped; write the HTML in the template itself."
_GIVEN = "The type gives its values as they are to be shown: ask for one that is ready."
_NO_ARITHMETIC = "Texts do not calculate: ask for a value that is ready."
_ONE_BY_ONE = "Write {% for each in list %} … {% endfor %}, or |join."
_ORDER = "Lists stand in the order in which the type gives them."
_LENGTHS = "Readers have screens of all widths: leave the layout to HTML, and write plain text without columns."
_NUMBER = "Use |number:2, which writes numbers as the reader's language does."
_ZONE = "Times are always shown in the reader's own time zone: leave it out."
_PLAIN_TEXT = "Values are plain text, and nothing in them is HTML: leave it out."
_LINKS = 'Write {% link address "label" %}, or {% button %} in an email.'
_AGO = "It is read later than it is sent, and then is wrong: write the date, with |date or {% datetime %}."
_SCRIPT = "Messages run no scripts: leave it out."
_PLURAL = "Use {% plural count %}{% one %}1 day{% other %}{{ count }} days{% endplural %}, which fits all languages."
_TEXT = "Values are written as text in any case: leave it out."

NOT_OFFERED: Mapping[str, str] = MappingProxyType(
    {
        "abs": _NO_ARITHMETIC,
        "add": _NO_ARITHMETIC,
        "addslashes": _SCRIPT,
        "apnumber": _NUMBER,
        "attr": "Only the values that the type gives can be used; they are listed beside the editor.",
        "batch": _ONE_BY_ONE,
        "capitalize": "Use |capfirst.",
        "center": _LENGTHS,
        "count": "Use |length.",
        "d": "Use |default.",
        "default_if_none": "Use |default: it is for nothing and for an empty text, and leaves 0 alone.",
        "dictsort": _ORDER,
        "dictsortreversed": _ORDER,
        "divisibleby": _NO_ARITHMETIC,
        "e": _ESCAPED,
        "escape": _ESCAPED,
        "escapejs": _SCRIPT,
        "escapeseq": _ESCAPED,
        "filesizeformat": _GIVEN,
        "float": _NUMBER,
        "floatformat": _NUMBER,
        "force_escape": _ESCAPED,
        "forceescape": _ESCAPED,
        "format": "Write the text around the value: Dear {{ name }}. For numbers there is |number, for dates |date.",
        "get_digit": _GIVEN,
        "groupby": _ORDER,
        "indent": _LENGTHS,
        "int": _NUMBER,
        "intcomma": "Use |number, which groups digits as the reader's language does.",
        "intword": _NUMBER,
        "iriencode": _LINKS,
        "items": "Write {% for name, value in group %} … {% endfor %}.",
        "json_script": _SCRIPT,
        "linebreaks": "Use |linebreaksbr, inside a paragraph of the template.",
        "linenumbers": _LENGTHS,
        "list": _ONE_BY_ONE,
        "ljust": _LENGTHS,
        "localize": "Use |number or |date, which write as the reader's language does.",
        "localtime": _ZONE,
        "make_list": _ONE_BY_ONE,
        "map": _ONE_BY_ONE,
        "max": _GIVEN,
        "min": _GIVEN,
        "naturalday": _AGO,
        "naturaltime": _AGO,
        "ordinal": "Write the date with |date, and other numbers as they are: endings differ in each language.",
        "phone2numeric": "Write numbers in digits.",
        "pluralize": _PLURAL,
        "pprint": "The values are listed beside the editor.",
        "random": "Each reader gets the same text; to compare texts, start an A/B test.",
        "reject": "Write {% if %} inside of {% for %}.",
        "rejectattr": "Write {% if %} inside of {% for %}.",
        "replace": "Use |cut to take a part out; for more, ask for a value that is ready.",
        "reverse": "Write {% for each in list reversed %}.",
        "rjust": _LENGTHS,
        "round": "Use |number:0.",
        "safe": _MARKUP,
        "safeseq": _MARKUP,
        "select": "Write {% if %} inside of {% for %}.",
        "selectattr": "Write {% if %} inside of {% for %}.",
        "slice": "Use |truncatechars or |truncatewords, |first or |last.",
        "slugify": _LINKS,
        "sort": _ORDER,
        "string": _TEXT,
        "stringformat": "Use |number for numbers, and |date or |time for dates and times.",
        "striptags": _PLAIN_TEXT,
        "sum": _NO_ARITHMETIC,
        "timesince": _AGO,
        "timeuntil": _AGO,
        "timezone": _ZONE,
        "tojson": _SCRIPT,
        "trim": _TEXT,
        "truncate": "Use |truncatechars.",
        "truncatechars_html": "Use |truncatechars: values are plain text.",
        "truncatewords_html": "Use |truncatewords: values are plain text.",
        "unique": _GIVEN,
        "unlocalize": "Write the value without a filter.",
        "unordered_list": "Write <ul>{% for each in list %}<li>{{ each }}</li>{% endfor %}</ul>.",
        "urlencode": _LINKS,
        "urlize": _LINKS,
        "urlizetrunc": _LINKS,
        "utc": _ZONE,
        "wordcount": _GIVEN,
        "wordwrap": _LENGTHS,
        "xmlattr": "Write the attributes in the template itself.",
    }
)
"""the name of a filter → what the editor should do"""
