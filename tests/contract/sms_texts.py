"""Texts of every kind and length that the count of SMS parts is compared over. The same for the same seed."""

import random
from collections.abc import Iterator

from notifications.channels.sms_segments import BASIC, EXTENSION

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
PIECES: dict[str, list[str]] = {
    "gsm": list(BASIC),
    "extension": list(EXTENSION),
    "words": ["your ", "appointment ", "with Dr Rao ", "is on Monday ", "at 9:30. ", "\n", "\r\n"],
    "smart": ["it’s ", "“so” ", "– ", "…", "\u00a0"],
    "emoji": ["👋", "❤️", "☎", "1️⃣", "🎉"],
    "joined": [FAMILY, "👩\u200d💻", "🏳️\u200d🌈", "👩\u200d❤️\u200d👨"],
    "newer": [
        "🥷🏽",
        "🧑\u200d🤝\u200d🧑",
        "🫱🏻\u200d🫲🏿",
        "🏴\u200d☠️",
        "🥰",
        "🧑🏾\u200d🦱",
    ],  # of Unicode 11 and later
    "flags": ["🇮🇳", "🇩🇪", "🇫🇷", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"],
    "skins": ["👋🏽", "👍🏿", "👩🏼\u200d⚕️", "🤝🏻"],
    "devanagari": ["नमस्ते ", "अनुच्छेद ", "क्षत्रिय ", "आपकी ", "९", "श्री", "र्\u200dया"],
    "tamil": ["நிகழ்வு ", "கொடு", "ஸ்ரீ"],
    "arabic": ["موعدك ", "يوم ", "الاثنين", "مَرْحَبًا ", "٥", "لا"],
    "persian": ["می\u200cخواهم ", "۱"],
    "chinese": ["您", "的", "预约", "，", "𠮷", "㐀"],
    "korean": ["예약", "이 ", "각", "한"],
    "thai": ["นัด", "กำ", "ที่"],
    "marks": ["e\u0301", "a\u0308\u0301", "z\u0311\u036b\u0343\u036a", "x\u20e3", "o\u0302"],
    "spaces": [" ", "\t", "\u200b", "\u2028", "\u2060"],
}
"""kind → what its texts are made of"""


def texts(seed: int, each: int) -> Iterator[str]:
    """So many texts of each kind and of mixtures of two; and all lengths that may make another part."""
    rng = random.Random(seed)
    yield from ("", " ", "\n", "€" * 80, "€" * 81)
    yield from _boundaries(rng)
    for pieces in PIECES.values():
        yield from (_text(rng, pieces) for _ in range(each))
    for _ in range(each * 4):
        first, second = rng.sample(sorted(PIECES), 2)
        yield _text(rng, PIECES[first] + PIECES[second])


def _text(rng: random.Random, pieces: list[str]) -> str:
    length = rng.choice((rng.randint(1, 50), rng.randint(60, 80), rng.randint(130, 170), rng.randint(180, 700)))
    text = ""
    while len(text) < length:
        text += rng.choice(pieces)
    return text


def _boundaries(rng: random.Random) -> Iterator[str]:
    """One less, just as many, and one more than fill n parts, with what cannot be divided around the boundary."""
    for alone, among_several, letter, wholes in (
        (160, 153, "a", ["a", "€", "\r\n"]),
        (70, 67, "я", ["я", "😀", "👋🏽", "e\u0301", "🇮🇳", FAMILY, "\r\n"]),
    ):
        for room in (alone, *(among_several * n for n in range(1, 5))):
            for whole in wholes:
                for before in range(room - 12, room + 3):
                    yield letter * before + whole + letter * rng.choice((0, 1, 60, 160))
