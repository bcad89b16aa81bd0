"""Servers of a test's own, which it may stop, kill and start again.

Each listens on a free loopback port, keeps its data in a temporary folder and is gone when its context ends.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from tests.services.reachable import give_up

START_SECONDS = 30
STOP_SECONDS = 20


@dataclass
class Server:
    """A server process. `answers` tells whether it takes requests; `stop_signal` ends it in order."""

    url: str
    port: int
    folder: Path
    command: Sequence[str]
    answers: Callable[[], bool]
    stop_signal: signal.Signals
    user: str | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the server and return once it answers. Raises `RuntimeError` with its log if it does not."""
        if self.running:
            raise RuntimeError(f"The server at {self.url} runs already.")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            # After a kill, PostgreSQL refuses to start until the last of its old processes has gone.
            if not self.running:
                self.process = _spawn(self.command, self.folder, self.user, self.log)
            if self.answers():
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"The server at {self.url} did not start:\n{self.log.read_text(errors='replace')}")

    def stop(self) -> None:
        """End the server in order and wait until it has ended."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End the server at once (SIGKILL), as a crash would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the server and start it again on the same port, with what it keeps on disk."""
        self.stop()
        self.start()

    def _end(self, with_signal: signal.Signals) -> None:
        if self.process is None:
            return
        if self.running:
            self.process.send_signal(with_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"The server at {self.url} ignored {with_signal.name}.") from None
        finally:
            self.process = None


@contextmanager
def private_postgresql() -> Iterator[Server]:
    """A PostgreSQL server with the user and database "postgres"; it syncs nothing to disk."""
    initdb, postgres = _postgresql_program("initdb"), _postgresql_program("postgres")
    port = _free_port()
    url = f"postgres://postgres@127.0.0.1:{port}/postgres"

    def answers() -> bool:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    with _folder() as (folder, user):
        data = folder / "data"
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync"]
        _spawn([initdb, "-D", str(data), *options], folder, user, folder / "initdb.log").wait()
        if not (data / "PG_VERSION").exists():
            raise RuntimeError(f"initdb failed:\n{(folder / 'initdb.log').read_text()}")
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 200,
        }
        command = [postgres, "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())]
        # SIGINT is PostgreSQL's fast shutdown: it ends the sessions instead of waiting for them.
        yield from _run(Server(url, port, folder, command, answers, signal.SIGINT, user))


@contextmanager
def private_redis() -> Iterator[Server]:
    """A Redis server that keeps nothing on disk: stopped or killed, it comes back empty."""
    program = shutil.which("redis-server") or give_up("redis-server is not on PATH. Install Redis.")
    port = _free_port()
    url = f"redis://127.0.0.1:{port}/0"

    def answers() -> bool:
        try:
            with redis.Redis.from_url(url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    with _folder() as (folder, user):
        settings = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "no"}
        command = [program, *(part for name, value in settings.items() for part in (f"--{name}", str(value)))]
        yield from _run(Server(url, port, folder, command, answers, signal.SIGTERM, user))


def _run(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def _folder() -> Iterator[tuple[Path, str | None]]:
    """A temporary folder and the user who owns it: PostgreSQL refuses to run as root."""
    user = _unprivileged_user() if os.geteuid() == 0 else None
    # Outside the checkout, for that user to enter, and short: a socket's path has 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="server-"))
    try:
        if user:
            shutil.chown(folder, user)
        yield folder, user
    finally:
        # A process killed a moment ago may still write.
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _spawn(command: Sequence[str], folder: Path, user: str | None, log: Path) -> subprocess.Popen[bytes]:
    group = pwd.getpwnam(user).pw_gid if user else None
    with log.open("ab") as output:
        # A session of its own: Ctrl-C at the terminal is for the test, which then ends the server.
        return subprocess.Popen(
            command,
            cwd=folder,
            user=user,
            group=group,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _postgresql_program(name: str) -> str:
    """Find a program on PATH, where pg_config points, or where Debian installs it, newest first."""
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    if config := shutil.which("pg_config"):
        folders.append(Path(subprocess.run([config, "--bindir"], capture_output=True, text=True).stdout.strip()))
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    found = next((path for folder in folders if os.access(path := folder / name, os.X_OK)), None)
    if found is None:
        give_up(f"{name} is neither on PATH nor in /usr/lib/postgresql/*/bin. Install PostgreSQL's server.")
    # Programs find their siblings and data by their own place, so links are followed.
    return str(found.resolve())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
