"""Task queue, channel layer and cache: over Redis where there is one, embedded otherwise."""

from pathlib import Path
from typing import Any

from project.settings import environment

# A Redis that accepts and never answers must not hold a request; the queue's blocking pop takes one second.
REDIS_TIMEOUTS = {"socket_connect_timeout": 1, "socket_timeout": 5}
# In seconds: how long a task may take, and after how long, longer than that, the broker hands it out again.
TASK_TIMEOUT = 120
TASK_RETRY = 180


def q_cluster(redis_url: str) -> dict[str, Any]:
    """Return `Q_CLUSTER`: a Django Q cluster a lane, started by `Q_CLUSTER_NAME=<lane> manage.py qcluster`.

    The option `-n <lane>` comes too late: Django Q has read its settings by then.
    """
    return {
        # The cluster that has this name also runs the schedules that name no cluster.
        "name": "default",
        **_workers("WORKERS_DEFAULT", 2),
        # Django Q lays the entry of the cluster that runs over the keys around it.
        "ALT_CLUSTERS": {"urgent": _workers("WORKERS_URGENT", 2), "bulk": _workers("WORKERS_BULK", 1)},
        **({"redis": _with_timeouts(redis_url)} if redis_url else {"orm": "default"}),
        "timeout": TASK_TIMEOUT,
        "retry": TASK_RETRY,
        # A task is a wake-up and carries nothing: a failed one is forgotten, the next finds the same work.
        "max_attempts": 1,
        "ack_failures": True,
        "catch_up": False,
        "save_limit": -1,
        "poll": 0.1,
        "bulk": 1,
        "recycle": 500,
    }


def channel_layers(redis_url: str, folder: Path) -> dict[str, Any]:
    """Return `CHANNEL_LAYERS`; without Redis, over a small SQLite file in `folder`."""
    if redis_url:
        return {
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [{"address": redis_url, **REDIS_TIMEOUTS}]},
            }
        }
    return {
        "default": {
            "BACKEND": "notifications.realtime.sqlite_layer.SQLiteChannelLayer",
            "CONFIG": {"path": str(folder / "channels.sqlite3")},
        }
    }


def caches(redis_url: str) -> dict[str, Any]:
    """Return `CACHES`; without Redis, each process has its own."""
    if redis_url:
        backend = "django.core.cache.backends.redis.RedisCache"
        return {"default": {"BACKEND": backend, "LOCATION": redis_url, "OPTIONS": REDIS_TIMEOUTS}}
    return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def _workers(variable: str, default: int) -> dict[str, int]:
    workers = environment.integer(variable, default, minimum=1, maximum=256)
    # What is fetched ahead of the workers waits while the broker's `retry` already counts.
    return {"workers": workers, "queue_limit": workers}


def _with_timeouts(redis_url: str) -> str:
    query = "&".join(f"{name}={seconds}" for name, seconds in REDIS_TIMEOUTS.items())
    return f"{redis_url}{'&' if '?' in redis_url else '?'}{query}"
