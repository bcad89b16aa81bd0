"""A sibling app needs one class and its templates (C1): the README's example is built in a folder, and run."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODELS = """
from django.conf import settings
from django.db import models

class Order(models.Model):
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=20, default="placed")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
"""
SETTINGS = """
from project.settings.test import *
INSTALLED_APPS = [*INSTALLED_APPS, "shop"]
DATABASES = {"default": {**DATABASES["default"], "NAME": "db.sqlite3"}}
"""
SCRIPT = """
import time
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from shop.models import Order
call_command("check")
call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Order)
from notifications.models import Notification, SandboxMessage
from notifications.pipeline import dispatch
ann = get_user_model().objects.create_user("ann", first_name="Ann", phone="+447700900123")
order = Order.objects.create(number="A-17", customer=ann)
assert not Notification.objects.exists()
order.status = "shipped"
order.save()
dispatch.run("default", until=time.monotonic() + 10)
print(SandboxMessage.objects.get().content["text"])
"""


def readme_files() -> dict[str, str]:
    """The files shown in the README: each code block that begins with a comment that is its path."""
    blocks = re.findall(
        r"```(?:python|django)\n(?:# |\{# )(\S+)(?: #\})?\n(.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    return dict(blocks)


def test_the_readmes_example_is_all_a_sibling_app_needs(tmp_path: Path):
    files = readme_files()
    assert set(files) == {"shop/notifications.py", "shop/templates/notifications/shop.order_shipped/sms.txt"}
    inbox = "shop/templates/notifications/shop.order_shipped/in_app"
    more = {
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        f"{inbox}.title.txt": "On its way",
        f"{inbox}.txt": "Order {{ number }} is on its way.",
        "shop_settings.py": SETTINGS,
    }
    for name, text in (files | more).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "shop_settings",
        "VAR_DIR": str(tmp_path / "var"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "Hello Ann, your order A-17 is on its way."
