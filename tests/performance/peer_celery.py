"""Celery over Redis with a task that does nothing; only imported where Celery is installed."""

# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator"

import os

from celery import Celery

from tests.performance.noop import nothing

app = Celery("bench", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=100, broker_connection_retry_on_startup=True)


@app.task(name="bench.nothing")
def task() -> None:
    """What each task is."""
    nothing()
