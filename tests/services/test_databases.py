"""A process that a test starts works on the database of that test."""

import subprocess
import sys

import pytest
from django.conf import settings

from project.accounts.models import User
from tests.services.databases import process_environment

LOOK = (
    "from django.conf import settings; from project.accounts.models import User;"
    "print(User.objects.get().username, settings.REDIS_URL or 'embedded', settings.VAR_DIR.name)"
)


def look(redis_url: str = "") -> list[str]:
    """What another process finds: the one user's name, its Redis, the name of its folder."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", LOOK],
        env=process_environment(redis_url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("redis_url", ["", "redis://127.0.0.1:6379/9"])
def test_it_sees_what_the_test_committed_and_uses_redis_only_if_told(redis_url: str) -> None:
    User.objects.create_user("asha")
    assert look(redis_url) == ["asha", redis_url or "embedded", settings.VAR_DIR.name]
