"""Another process of the application: `python -m tests.faults.caller NAME [ARGUMENT …]`.

It says "ready", does what is named at the first line of its input, and prints what came of it as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

CLAIMED_AT_A_TIME = 5


def claim() -> list[str]:
    """Claim a few at a time until nothing is due. The ids."""
    from notifications.models import outbox

    claimed: list[str] = []
    while ids := outbox.claim((2,), CLAIMED_AT_A_TIME, timedelta(seconds=60))[0]:
        claimed += [str(each) for each in ids]
    return claimed


def notify_in_transaction(text: str) -> dict[str, Any]:
    """Notify everybody once and commit. How many, and the seconds that the commit took and a second one after it."""
    from django.contrib.auth import get_user_model
    from django.db import transaction

    from notifications.services import notify
    from tests.faults.app.notifications import ViaLookUp

    seconds = []
    for _ in range(2):
        begun = time.monotonic()
        with transaction.atomic():
            created = notify(ViaLookUp(text=text), to=get_user_model()._default_manager.all())
        seconds.append(time.monotonic() - begun)
    return {"created": len(created), "seconds": seconds}


def notify_with_key(key: str, times: str) -> int:
    """Notify the first user again and again with one key. How many notifications came of it."""
    from django.contrib.auth import get_user_model

    from notifications.services import notify
    from tests.faults.app.notifications import ViaLookUp

    user = get_user_model()._default_manager.earliest("pk")
    return sum(len(notify(ViaLookUp(text="a"), to=user, key=key)) for _ in range(int(times)))


ERRANDS: tuple[Callable[..., Any], ...] = (claim, notify_in_transaction, notify_with_key)


def main() -> None:
    name, *arguments = sys.argv[1:]
    django.setup()
    print("ready", flush=True)
    sys.stdin.readline()
    errand = next(each for each in ERRANDS if each.__name__ == name)
    print(json.dumps(errand(*arguments)), flush=True)


if __name__ == "__main__":
    main()
