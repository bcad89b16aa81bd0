"""The npm package sms-segments-calculator, Twilio's own, as the reference for the count of SMS parts.

`make reference` installs it. `python -m tests.contract.sms_reference` writes the answers that the tests compare with
where it is missing.
"""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.contract.sms_texts import texts

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "var" / "reference" / "node_modules"
SCRIPT = Path(__file__).with_name("sms_reference.js")
STORED = Path(__file__).parent / "data" / "sms_segments.json"
STORED_NUMBER, STORED_LENGTH = 250, 300
"""texts in that file, and the characters of the longest"""


class Answer(NamedTuple):
    """What the reference makes of a text."""

    encoding: str
    parts: int
    octets: list[int]
    """of each part with its header; never more than 140 go over the air"""
    clusters: list[int]
    """UTF-16 code units of each grapheme cluster, as its Unicode 10 sees them; empty for GSM-7"""


def missing() -> str:
    """Return why the reference cannot be run, or nothing."""
    if not shutil.which("node"):
        return "node is not on PATH. Install Node.js, then run make reference."
    if not (MODULES / "sms-segments-calculator").is_dir():
        return f"sms-segments-calculator is not in {MODULES.relative_to(ROOT)}. Run make reference."
    return ""


def ask(many: list[str]) -> list[Answer]:
    """The reference's answer for each text, by one process."""
    done = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps(many).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(MODULES)},
        check=True,
    )
    return [Answer(*each) for each in json.loads(done.stdout)]


def stored() -> list[tuple[str, Answer]]:
    """Texts and the answers of the reference, as they were when the file was written."""
    return [(text, Answer(*answer)) for text, answer in json.loads(STORED.read_text())]


if __name__ == "__main__":
    short = sorted({text for text in texts(seed=7, each=40) if len(text) <= STORED_LENGTH})
    chosen = random.Random(7).sample(short, STORED_NUMBER)
    lines = (json.dumps(pair, separators=(",", ":")) for pair in zip(chosen, ask(chosen), strict=True))
    STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n")
