"""The supervisor, with real processes: it restarts what dies, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from project.demo.supervisor import Supervisor

# A process that starts another; both write their ids and refuse to end.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 2:
    subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[1], "leaf"])
with open("pids", "a") as pids:
    print(os.getpid(), file=pids)
time.sleep(600)
"""
# Supervises one such process with a grace of half a second.
SUPERVISE = """
import sys
from pathlib import Path
from project.demo.supervisor import Supervisor
with Supervisor(Path("."), grace=float(sys.argv[2])) as supervisor:
    supervisor.start("stubborn", [sys.executable, "-c", sys.argv[1], sys.argv[1]], {})
    supervisor.watch()
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.02)


def pids(folder: Path) -> list[int]:
    """What the stubborn processes have written."""
    file = folder / "pids"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_children_and_grandchildren_that_refuse_to_end(tmp_path: Path, number: signal.Signals) -> None:
    supervising = start_supervisor(tmp_path, grace=0.5)
    wait_for(lambda: len(pids(tmp_path)) == 2)
    supervising.send_signal(number)
    assert supervising.wait(10) == 0
    wait_for(lambda: not any(alive(pid) for pid in pids(tmp_path)))


def test_a_second_signal_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    supervising = start_supervisor(tmp_path, grace=60)
    wait_for(lambda: len(pids(tmp_path)) == 2)
    supervising.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert supervising.poll() is None
    supervising.send_signal(signal.SIGINT)
    assert supervising.wait(10) == 0
    wait_for(lambda: not any(alive(pid) for pid in pids(tmp_path)))


def start_supervisor(folder: Path, *, grace: float) -> "subprocess.Popen[bytes]":
    """A process that supervises a stubborn one."""
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, STUBBORN, str(grace)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdin=subprocess.DEVNULL,
    )


def test_what_dies_is_reported_with_its_last_words_and_starts_again_after_a_pause(tmp_path: Path) -> None:
    reports: list[str] = []
    failing = "import sys; print('out of milk'); sys.exit(3)"
    with Supervisor(tmp_path, grace=1, report=reports.append) as supervisor:
        begun = time.monotonic()
        supervisor.start("failing", [sys.executable, "-c", failing], {})
        supervisor.watch(until=lambda: len(reports) == 2)
        taken = time.monotonic() - begun
    assert "failing ended with code 3; it starts again in 1 s.\nout of milk" in reports[0]
    assert "it starts again in 2 s" in reports[1], "the pause grows"
    assert taken >= 1


def test_what_a_dead_process_had_started_is_ended_before_it_starts_again(tmp_path: Path) -> None:
    reports: list[str] = []
    leaving = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "print(child.pid, file=open('child', 'w')); sys.exit(1)"
    )
    command = [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {leaving}"]
    with Supervisor(tmp_path, grace=1, report=reports.append) as supervisor:
        supervisor.start("leaving", command, {})
        supervisor.watch(until=lambda: bool(reports))
        orphan = int((tmp_path / "child").read_text())
        wait_for(lambda: not alive(orphan))


def test_the_environment_is_added_to_and_the_log_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "say.log").write_text("of the last run\n")
    say = "import os; print(os.environ['WORD'], bool(os.environ['PATH']), flush=True); input()"
    with Supervisor(tmp_path, grace=1, report=lambda text: None) as supervisor:
        child = supervisor.start("say", [sys.executable, "-c", say], {"WORD": "hello"})
        wait_for(lambda: "EOFError" in child.last_lines(), 5)
        assert child.log.read_text().startswith("hello True\n")


def test_signal_handlers_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Supervisor(tmp_path):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
