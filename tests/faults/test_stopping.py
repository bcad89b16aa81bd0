"""A deploy stops workers: what is in flight comes to its end, the rest is given back, nothing is unknown."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from notifications.models import Delivery, SandboxFault, SandboxMessage, Status
from notifications.services import notify
from tests.app.notifications import Note
from tests.services.databases import process_environment

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
import django
django.setup()
from notifications import tasks
print("began", flush=True)
tasks.drain("default")
"""


@pytest.fixture
def worker() -> Iterator["subprocess.Popen[str]"]:
    environment = process_environment()
    command = [sys.executable, "-c", WORKER]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _wait(seconds: float, reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_ends_what_it_began_and_leaves_the_rest(django_user_model, request, number):
    person = django_user_model.objects.create_user("ann", phone="+447700900123")
    SandboxFault.objects.create(fault="delay", seconds=1.5, times=1)
    for _ in range(150):
        notify(Note(text="a"), to=person)
    worker = request.getfixturevalue("worker")
    _wait(30, lambda: Delivery.objects.filter(started_at__isnull=False).exists())
    worker.send_signal(number)
    worker.wait(timeout=20)  # long before the fifty-five seconds that a round may take
    assert worker.returncode == -number
    assert set(Delivery.objects.values_list("status", flat=True)) <= {Status.SENT, Status.DELIVERED, Status.PENDING}
    left = Delivery.objects.filter(status=Status.PENDING)
    assert left.exists()
    assert set(left.values_list("attempts", "crashes", "started_at")) == {(0, 0, None)}
    assert SandboxMessage.objects.count() == 150 - left.count()
