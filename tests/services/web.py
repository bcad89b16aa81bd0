"""A web server process of a test's own, on the running test's database."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.services.databases import process_environment

HOST = "127.0.0.1"
START_SECONDS = 30
COMMANDS = {
    "uvicorn": ["uvicorn", "--host", HOST, "--lifespan", "off", "--log-level", "warning", "--port"],
    "daphne": ["daphne", "--bind", HOST, "--verbosity", "0", "--port"],
}


@dataclass
class WebServer:
    """uvicorn or daphne with the project's ASGI application. It can be killed and started again."""

    program: str = "uvicorn"
    redis_url: str = ""
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind((HOST, 0))
                self.port = free.getsockname()[1]

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://{HOST}:{self.port}/ws/notifications/"

    def start(self) -> None:
        """Start it and return once it takes connections."""
        command = [sys.executable, "-m", *COMMANDS[self.program], str(self.port), "project.asgi:application"]
        environment = process_environment(self.redis_url, ALLOWED_HOSTS=HOST, **self.environment)
        self.process = subprocess.Popen(command, env=environment)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"{self.program} did not start.")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def web_server(program: str = "uvicorn", redis_url: str = "", **environment: str) -> Iterator[WebServer]:
    """A server that runs, and is gone when the context ends."""
    server = WebServer(program, redis_url, environment=environment)
    try:
        server.start()
        yield server
    finally:
        server.kill()
