"""All rules, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from notifications.templating.validation import (
    addresses,
    contrast,
    language,
    lengths,
    markup,
    names,
    parts,
    sensitive,
    sms,
    spam,
    syntax,
    trial,
)
from notifications.templating.validation.candidate import Candidate
from notifications.templating.validation.finding import Code, Finding

Rule = Callable[[Candidate], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    syntax.syntax,
    parts.missing_parts,
    parts.blank_parts,
    parts.unknown_parts,
    parts.fallback_language,
    names.unknown_names,
    names.unchecked_names,
    names.unused_values,
    names.required_values,
    names.empty_link,
    names.without_example,
    trial.failing_values,
    trial.failing_text,
    trial.empty_text,
    sensitive.sensitive_values,
    sensitive.sensitive_type,
    sms.sms_length,
    sms.reply_code,
    lengths.shown_length,
    lengths.subject_length,
    lengths.line_breaks,
    lengths.email_size,
    addresses.addresses,
    addresses.telling_pictures,
    markup.unsubscribe,
    markup.elements,
    contrast.contrast,
    language.plural_forms,
    language.translated,
    language.direction,
    language.placeholders,
    spam.capitals,
    spam.spam_words,
    spam.pictures,
    spam.long_lines,
)

CODES: tuple[Code, ...] = tuple(
    each
    for module in (syntax, names, trial, parts, sms, lengths, addresses, markup, contrast, spam, sensitive, language)
    for each in vars(module).values()
    if isinstance(each, Code)
)
"""all that can be found"""
