"""A sibling app needs one class and its templates (C1): such an app is built in a folder of its own, and run."""

import os
import subprocess
import sys
from pathlib import Path

FILES = {
    "__init__.py": "",
    "notifications.py": """
from notifications.types import NotificationType, register

@register
class MedicineReady(NotificationType):
    \"\"\"Tells a person that the medicine can be picked up.\"\"\"
    key = "corner_shop.medicine_ready"
    category = "pharmacy"
    channels = ("sms", "in_app")
    example = {"medicine": "Triphala"}

    medicine: str
""",
    "templates/notifications/corner_shop.medicine_ready/sms.txt": "{{ medicine }} is ready.",
    "templates/notifications/corner_shop.medicine_ready/in_app.title.txt": "Ready to pick up",
    "templates/notifications/corner_shop.medicine_ready/in_app.txt": "{{ medicine }} is ready.",
}
SETTINGS = """
from project.settings.test import *
INSTALLED_APPS = [*INSTALLED_APPS, "corner_shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
"""
SCRIPT = """
import django
django.setup()
from django.core.management import call_command
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
import time
from django.contrib.auth import get_user_model
from notifications.models import Notification, SandboxMessage
from notifications.pipeline import dispatch
from notifications.services import notify
from notifications.types import get_type
user = get_user_model().objects.create_user("ann", phone="+447700900123")
notify(get_type("corner_shop.medicine_ready")(medicine="Triphala"), to=user)
dispatch.run("default", until=time.monotonic() + 10)
print(SandboxMessage.objects.get().content["text"], "/", Notification.objects.get().title)
"""


def test_one_class_and_its_templates_are_all_a_sibling_app_needs(tmp_path: Path):
    for name, text in FILES.items():
        path = tmp_path / "corner_shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "shop_settings.py").write_text(SETTINGS)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])]),
        "DJANGO_SETTINGS_MODULE": "shop_settings",
        "VAR_DIR": str(tmp_path / "var"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "Triphala is ready. / Ready to pick up"
