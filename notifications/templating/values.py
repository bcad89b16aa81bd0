"""What expressions and conditions come to, as functions that are made once.

Nothing in here gets an attribute of a value or calls one: what is not in the language cannot be asked for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from django.utils.safestring import SafeString

from notifications.templating import formats
from notifications.templating.filters import FILTERS
from notifications.templating.nodes import Condition, Constant, Expression, Filtered, Not, Operation, Path
from notifications.templating.plain import SCALARS, NotPlainError, plain
from notifications.templating.running import CHARACTERS_IN_STEP, Missing, Refused, Run

Getter = Callable[[Run], Any]
LINK_STARTS = ("https://", "http://", "mailto:", "tel:", "/", "#", "sms:")


def constantly(value: Any) -> Getter:
    """A function that gives the same in each rendering."""
    return lambda run: value


def value_of(expression: Expression) -> Getter:
    """A function that gives an expression's value. It raises `Missing`, or `ValueError` for a value of a wrong kind."""
    if isinstance(expression, Constant):
        return constantly(expression.value)
    if isinstance(expression, Path):
        return _path(expression)
    return _filtered(expression)


def _path(path: Path) -> Getter:
    first, *others = path.names
    if not others:

        def get_one(run: Run) -> Any:
            try:
                value = run.values[first]
            except KeyError:
                raise Missing(f"There is no value {first}") from None
            return value if type(value) in SCALARS else _plain(run, value, path)

        return get_one

    def get(run: Run) -> Any:
        try:
            value = run.values[first]
            for name in others:
                value = _inside(value, name)
        except (KeyError, IndexError):
            hint = ""
            if path.names[-1] in ("items", "keys", "values"):
                hint = f". To go through {'.'.join(path.names[:-1])} itself, leave .{path.names[-1]} out"
            raise Missing(f"There is no value {path}{hint}") from None
        return value if type(value) in SCALARS else _plain(run, value, path)

    return get


def _inside(value: Any, name: str) -> Any:
    kind = type(value)
    if kind is dict:
        return value[name]
    if kind in (list, tuple) and name.isdigit():
        return value[int(name)]
    raise KeyError(name)


def _plain(run: Run, value: Any, path: Path) -> Any:
    found = run.plain.get(id(value))
    if found is None:
        try:
            found = run.plain[id(value)] = value, plain(value)
        except NotPlainError as error:
            raise Refused(f"The value {path} {error}") from None
    return found[1]


def _filtered(expression: Filtered) -> Getter:
    value, function = value_of(expression.value), FILTERS[expression.filter].function
    argument = value_of(expression.argument) if expression.argument is not None else None
    if expression.filter == "default":  # the one that is there for what is missing
        value = _or_none(value)

    def get(run: Run) -> Any:
        given = value(run)
        run.spend(cost_of(given))
        return function(given) if argument is None else function(given, argument(run))

    return get


def _or_none(get: Getter) -> Getter:
    def found(run: Run) -> Any:
        try:
            return get(run)
        except Missing:
            return None

    return found


def text_of(value: Any) -> str:
    """What {{ … }} writes: nothing for None, dates and fractions as the reader's language does."""
    kind = type(value)
    if kind is str or kind is SafeString:
        text: str = value
        return text
    if value is None:
        return ""
    if kind is bool or (kind is int and value.bit_length() < 256):
        return str(value)
    if kind is int:
        raise Refused("{{ … }} cannot show a number with so many digits")
    return formats.plain_text(value)


def address_of(text: str) -> str:
    """The address of a link, or nothing. Raises `Refused` for one that could do something else than lead somewhere."""
    address = text.strip()
    if address and not address.lower().startswith(LINK_STARTS):
        raise Refused(f"It is no address for a link, which starts with one of {', '.join(LINK_STARTS)}")
    return address


def items_of(value: Any) -> list[Any]:
    """What a loop goes through, as a list of its own. Raises `Refused`."""
    if value is None:
        return []
    kind = type(value)
    if kind in (list, tuple):
        return list(value)
    if kind is dict:
        return list(value.items())
    raise Refused(f"{{% for %}} needs a list; this is of the kind {type(value).__name__}")


def _compare(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        try:
            return bool(compare(left, right))
        except (TypeError, ValueError, ArithmeticError):  # a number and a text, as in Django
            return False

    return compared


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _compare(operator.eq),
    "!=": _compare(operator.ne),
    "<": _compare(operator.lt),
    "<=": _compare(operator.le),
    ">": _compare(operator.gt),
    ">=": _compare(operator.ge),
    "is": _compare(operator.is_),
    "is not": _compare(operator.is_not),
    "in": _compare(lambda left, right: left in right),
    "not in": _compare(lambda left, right: left not in right),
}


def condition_of(condition: Condition) -> Getter:
    """A function that says whether a condition holds. What is missing counts as None."""
    if isinstance(condition, Not):
        inner = condition_of(condition.condition)
        return lambda run: not inner(run)
    if not isinstance(condition, Operation):
        return _or_none(value_of(condition))
    left, right = condition_of(condition.left), condition_of(condition.right)
    if condition.operator == "and":
        return lambda run: left(run) and right(run)
    if condition.operator == "or":
        return lambda run: left(run) or right(run)
    compare = _OPERATORS[condition.operator]

    def holds(run: Run) -> bool:
        one, other = left(run), right(run)
        run.spend(cost_of(other))
        return compare(one, other)

    return holds


def cost_of(value: Any) -> int:
    """Steps that it takes to look through a value."""
    return 1 + len(value) // CHARACTERS_IN_STEP if type(value) in (str, list, tuple) else 1
