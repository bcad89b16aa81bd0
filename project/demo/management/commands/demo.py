"""Run the whole system with example data: one command, and Ctrl-C ends all of it."""

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from notifications import clock
from notifications.models import Heartbeat
from notifications.pipeline import queue
from notifications.providers.transport import vapid
from notifications.types import LANES
from project.demo.prescriptions import seed_prescriptions
from project.demo.seed import DOCTORS, PASSWORD, PATIENTS, STAFF, seed
from project.demo.supervisor import Supervisor

HOST = "127.0.0.1"
READY_WITHIN = 90.0


class Command(BaseCommand):
    """`manage.py demo`."""

    help = (
        "Run the whole system with example data: migrates and seeds the database, then keeps the web server and a "
        "Django Q cluster for each lane running until Ctrl-C. It needs nothing but Python."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--port", type=_port, default=8000, help="Where the page is served (default: 8000).")
        parser.add_argument(
            "--no-workers", action="store_true", help="Only the web server: run the clusters, or `deliver`, yourself."
        )

    def handle(self, *args: Any, port: int, no_workers: bool, **options: Any) -> None:
        """Prepare, start, wait until all is up, say where, and watch over it."""
        if not settings.DEBUG:
            raise CommandError(
                "The demonstration lets visitors in without a password, so it runs in development only: "
                "DJANGO_SETTINGS_MODULE=project.settings.development."
            )
        _require_free(port)
        folder = Path(settings.VAR_DIR) / "demo"
        with Supervisor(folder, report=self._tell) as supervisor:
            self._tell("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)
            seed()
            seed_prescriptions()
            connections.close_all()
            if supervisor.stopping:
                return
            lanes = [] if no_workers else list(LANES)
            self._tell(f"Starting the web server{' and the workers' if lanes else ''} …")
            self._start(supervisor, port, lanes, _vapid_key(folder))
            up = _Up(port, lanes)
            supervisor.watch(until=up)
            if supervisor.stopping:
                self._tell("Stopping …")
                return
            if up.given_up:
                logs = "\n".join(f"{each.log.name}:\n{each.last_lines()}" for each in supervisor.children)
                raise CommandError(f"Not up within {READY_WITHIN:.0f} s. The ends of the logs:\n{logs}")
            connections.close_all()
            self._say_where(port, folder)
            supervisor.watch()
            self._tell("\nStopping …")
        self._tell("All processes have ended.")

    def _start(self, supervisor: Supervisor, port: int, lanes: list[str], vapid_key: str) -> None:
        manage = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
        environment = {
            "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
            "BASE_URL": os.environ.get("BASE_URL", f"http://localhost:{port}"),
            "PYTHONUNBUFFERED": "1",
            "VAPID_PRIVATE_KEY": vapid_key,
            "VAPID_SUBJECT": "mailto:demo@example.org",
        }
        supervisor.start("web", [*manage, "runserver", "--noreload", f"{HOST}:{port}"], environment)
        for lane in lanes:
            workers = f"WORKERS_{lane.upper()}"
            supervisor.start(
                f"workers-{lane}",
                [*manage, "qcluster"],
                {**environment, "Q_CLUSTER_NAME": lane, workers: os.environ.get(workers, "1")},
            )

    def _say_where(self, port: int, folder: Path) -> None:
        site = f"http://localhost:{port}"
        people = ", ".join([*STAFF, *DOCTORS, *PATIENTS])
        bold = self.style.MIGRATE_HEADING
        self._tell(
            f"""
  {bold("The clinic is open:")}  {site}/
  Its notifications:   {site}/admin/notify/notification/
  Log-ins:             {people} — the password of all is “{PASSWORD}”
  Logs:                {os.path.relpath(folder)}

  Ctrl-C stops everything.
"""
        )

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


class _Up:
    """Whether the page answers and a worker of each lane has reported since this was made."""

    def __init__(self, port: int, lanes: list[str]) -> None:
        self.url = f"http://{HOST}:{port}/accounts/login/"
        self.missing = set(lanes)
        self.woken = False
        self.begun = time.monotonic()
        self.since = clock.now()
        self.answers = False
        self.given_up = False

    def __call__(self) -> bool:
        if not self.woken:  # once: the broker keeps it until the cluster is there
            self.woken = True
            for lane in self.missing:
                queue.wake(lane)
        self.answers = self.answers or self._page_answers()
        age = clock.now() - self.since
        self.missing = {each for each in self.missing if not Heartbeat.objects.alive(each, age, socket.gethostname())}
        self.given_up = time.monotonic() - self.begun > READY_WITHIN
        return self.given_up or (self.answers and not self.missing)

    def _page_answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5) as response:  # noqa: S310 - our own address
                return bool(response.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def _vapid_key(folder: Path) -> str:
    """The key that browsers subscribe with: the same in each run, so that a subscription outlives a restart."""
    file = folder / "vapid-private-key.txt"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(vapid.private_text(vapid.generate()))
    return file.read_text()


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    raise ArgumentTypeError(f"'{text}' is no port. Valid: a whole number from 1 to 65535.")


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise CommandError(f"Port {port} needs more rights than you have. Choose another: --port 8001.") from None
        except OSError:
            other = port + 1 if port < 65535 else 8000
            raise CommandError(
                f"Port {port} is taken; perhaps a demonstration runs already. Choose another: --port {other}."
            ) from None
