"""docs/adding-a-provider.md, followed literally: a provider in one file passes the contract and delivers (P11)."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = """
import threading
from uuid import UUID, uuid4

from notifications.testing.providers import RETRY_AFTER, Scenario
from tests.contract.http_server import HttpServer, answer_json


class AcmeServer(HttpServer):
    refusals = {
        Scenario.TEMPORARY: answer_json(503, {"error": "maintenance"}),
        Scenario.RATE_LIMIT: answer_json(429, {}, Retry_After=str(int(RETRY_AFTER.total_seconds()))),
        Scenario.PERMANENT: answer_json(400, {"error": "text"}),
        Scenario.BAD_ADDRESS: answer_json(400, {}, X_Acme_Error="no_such_number"),
    }

    def __init__(self):
        self.messages = []
        self._taking = threading.Lock()
        super().__init__()

    def take(self, request):
        if request.path != "/messages" or request.headers["Authorization"] != "Bearer secret":
            return answer_json(401, {"error": "key"})
        with self._taking:
            self.messages.append(request.json)
        return answer_json(201, {"id": str(uuid4())})

    def taken(self):
        return [UUID(each["reference"]) for each in self.messages]
"""
SETTINGS = """
from project.settings.test import *
exec(open("setting.py").read())
NOTIFICATIONS["CHANNELS"] = {**DEFAULT_CHANNELS, **NOTIFICATIONS["CHANNELS"]}
DATABASES = {"default": {**DATABASES["default"], "NAME": "db.sqlite3"}}
"""
DELIVER = """
import time
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from acme.server import AcmeServer
server = AcmeServer()
settings.NOTIFICATIONS["PROVIDERS"]["acme"]["OPTIONS"].update(api_key="secret", api_url=server.url)
call_command("check")
call_command("migrate", verbosity=0)
from django.contrib.auth import get_user_model
from notifications.models import Delivery
from notifications.pipeline import dispatch
from notifications.services import notify
from tests.app.notifications import Note
notify(Note(text="Ready."), to=get_user_model().objects.create_user("ann", phone="+447700900123"))
dispatch.run("default", until=time.monotonic() + 10)
delivery = Delivery.objects.get()
print(delivery.status, delivery.provider, [(each["to"], each["text"]) for each in server.messages])
server.close()
"""


def test_the_page_is_followed(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "adding-a-provider.md").read_text()
    blocks = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL))
    assert set(blocks) == {"acme/provider.py", "settings", "acme/test_provider.py"}
    channels = "from notifications.conf import DEFAULT_CHANNELS\n"
    files = {
        "acme/__init__.py": "",
        "acme/provider.py": blocks["acme/provider.py"],
        "acme/test_provider.py": blocks["acme/test_provider.py"],
        "acme/server.py": SERVER,
        "setting.py": blocks["settings"],
        "acme_settings.py": channels + SETTINGS,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    contract = _run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "acme")
    assert contract.returncode == 0, contract.stdout + contract.stderr
    assert re.search(r"\d\d passed", contract.stdout)
    delivered = _run(tmp_path, "-c", DELIVER)
    assert delivered.returncode == 0, delivered.stderr
    assert delivered.stdout.strip().splitlines()[-1] == "sent acme [('+447700900123', 'Ready.')]"


def _run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "acme_settings",
        "VAR_DIR": str(folder / "var"),
    }
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
