"""Triggers, for a sibling app's `notifications.py`: when a domain object changes, call a function that notifies.

Each runs once the change is written, in the transaction of the change: if that rolls back, nothing was notified. To
make this hold without an outer transaction, `save()` of a model with triggers becomes atomic. What Django sends no
signal for (`QuerySet.update`, `bulk_create`) triggers nothing: notify there by hand.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models, router, transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import Signal

from notifications import conf
from notifications.exceptions import RegistrationError, known
from notifications.signals import trigger_failed
from notifications.types import NotificationType

logger = logging.getLogger(__name__)

ANY: Any = type("ANY", (), {"__repr__": lambda self: "ANY"})()
"""any value, also None"""
FAILED: Any = object()
_F = TypeVar("_F", bound=Callable[..., Any])
_BEFORE = "_notify_before"
_responses: dict[tuple[str, str], dict[str, Callable[..., Any]]] = {}
"""(key of a type, answer) → name → function"""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a field."""

    field: str
    old: Any
    new: Any


def on_create(model: type[models.Model]) -> Callable[[_F], _F]:
    """Call `function(instance)` when an object of the model was created."""

    def decorate(function: _F) -> _F:
        _require_model(model)

        def receive(sender: Any, instance: models.Model, created: bool, raw: bool, **kwargs: Any) -> None:
            if created and not raw:
                _call(function, instance)

        _connect(post_save, model, function, receive, "create")
        return function

    return decorate


def on_change(model: type[models.Model], field: str, *, to: Any = ANY, from_: Any = ANY) -> Callable[[_F], _F]:
    """Call `function(instance)`, or `function(instance, change)`, when a saved object's field got another value.

    `to` and `from_` limit it to changes to or from a value. Compared is with what the database held just before.
    """
    _require_model(model)
    try:
        attname = model._meta.get_field(field).attname  # type: ignore[union-attr]
    except FieldDoesNotExist:
        names = (each.name for each in model._meta.concrete_fields)
        raise RegistrationError(f"on_change: {model.__name__} has no field '{field}'. {known(names)}") from None

    def decorate(function: _F) -> _F:
        wants_change = _wants_change(function)

        def receive(sender: Any, instance: models.Model, created: bool, raw: bool, **kwargs: Any) -> None:
            before = instance.__dict__.get(_BEFORE) or {}
            written = kwargs.get("update_fields")
            if created or raw or attname not in before or (written is not None and not {field, attname} & set(written)):
                return
            change = Change(field, before[attname], getattr(instance, attname))
            if change.old != change.new and to in (ANY, change.new) and from_ in (ANY, change.old):
                _call(function, instance, *([change] if wants_change else []))

        _watch(model, attname)
        _connect(post_save, model, function, receive, f"change:{field}:{to!r}:{from_!r}")
        return function

    return decorate


def on_delete(model: type[models.Model]) -> Callable[[_F], _F]:
    """Call `function(instance)` when an object of the model was deleted; the instance still has its values."""

    def decorate(function: _F) -> _F:
        _require_model(model)
        _connect(
            post_delete,
            model,
            function,
            lambda sender, instance, **kwargs: _call(function, instance),
            "delete",
        )
        return function

    return decorate


def on_signal(signal: Signal, *, sender: Any = None) -> Callable[[_F], _F]:
    """Call `function(sender, **arguments)` when any Django signal is sent."""

    def decorate(function: _F) -> _F:
        def receive(sender: Any, **kwargs: Any) -> None:
            kwargs.pop("signal", None)
            _call(function, sender, **kwargs)

        signal.connect(receive, sender=sender, weak=False, dispatch_uid=("notify", _name(function), id(signal)))
        return function

    return decorate


def on_response(type_: type[NotificationType], answer: str) -> Callable[[_F], _F]:
    """Call `function(instance, recipient)` when a person gives that answer to a notification of the type.

    It runs once for each notification, in the transaction that stores the answer. A text that it returns is sent back
    to the person; with None a plain thank-you is.
    """
    if answer not in type_.answers:
        raise RegistrationError(f"on_response: {type_.__name__} has no answer '{answer}'. {known(type_.answers)}")

    def decorate(function: _F) -> _F:
        _responses.setdefault((type_.key, answer), {})[_name(function)] = function
        return function

    return decorate


@dataclass(frozen=True, slots=True)
class Response:
    """What came of the functions that an answer called: what they say to the person, and whether one of them failed."""

    texts: tuple[str, ...]
    failed: bool = False


def respond(instance: NotificationType, recipient: Any, answer: str) -> Response:
    """Call what `on_response` has for an answer. Call it in a transaction."""
    functions = _responses.get((instance.key, answer), {}).values()
    said = [_call(each, instance, recipient, failed=FAILED) for each in functions]
    texts = tuple(each for each in said if isinstance(each, str) and each)
    return Response(texts, failed=any(each is FAILED for each in said))


def _require_model(model: Any) -> None:
    if not (inspect.isclass(model) and issubclass(model, models.Model)):
        raise RegistrationError(f"A trigger needs a model class, not {model!r}.")


def _connect(signal: Signal, model: type[models.Model], function: Any, receive: Callable[..., None], what: str) -> None:
    _save_atomically(model)
    signal.connect(receive, sender=model, weak=False, dispatch_uid=("notify", _name(function), what))


def _watch(model: type[models.Model], attname: str) -> None:
    """Read what the database holds of a field before each save, in one query for all watched fields of a model."""
    watched: set[str] = model.__dict__.get("_notify_watched", set())
    watched.add(attname)
    model._notify_watched = watched  # type: ignore[attr-defined]

    def read(sender: Any, instance: models.Model, raw: bool, using: str, **kwargs: Any) -> None:
        before = None
        if not raw and not instance._state.adding:
            rows = model._base_manager.using(using).select_for_update(of=("self",)).filter(pk=instance.pk)
            before = rows.values(*watched).first()
        instance.__dict__[_BEFORE] = before

    pre_save.connect(read, sender=model, weak=False, dispatch_uid=("notify", "before", model._meta.label))


def _save_atomically(model: type[models.Model]) -> None:
    """Put the save and its triggers into one transaction. Django sends post_save after its own has ended."""
    if "_notify_atomic" in model.__dict__:
        return
    original = model.save_base

    @wraps(original)
    def save_base(self: models.Model, *args: Any, **kwargs: Any) -> None:
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            original(self, *args, **kwargs)

    model.save_base = save_base  # type: ignore[method-assign]
    model._notify_atomic = True  # type: ignore[attr-defined]


def _call(function: Callable[..., Any], *args: Any, failed: Any = None, **kwargs: Any) -> Any:
    """What a trigger's function returns. What it raises is logged and undone; the change that triggered it stands."""
    if conf.get().TRIGGER_ERRORS == "raise":
        return function(*args, **kwargs)
    try:
        with transaction.atomic():
            return function(*args, **kwargs)
    except Exception as error:
        logger.exception("Trigger %s failed", _name(function))
        trigger_failed.send_robust(
            sender=None, trigger=_name(function), instance=args[0] if args else None, error=error
        )
        return failed


def _wants_change(function: Callable[..., Any]) -> bool:
    positional = [
        each
        for each in inspect.signature(function).parameters.values()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) and each.default is each.empty
    ]
    return len(positional) >= 2


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
