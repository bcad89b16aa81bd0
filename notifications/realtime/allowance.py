"""How many messages one connection may send: a token bucket."""

from dataclasses import dataclass, field


@dataclass
class Allowance:
    """`burst` messages at once, and `rate` a second after that."""

    burst: float
    rate: float
    _left: float = field(init=False)
    _at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._left = self.burst

    def take(self, now: float) -> bool:
        """Use one up, at the time `now` (seconds of any clock that does not go back); False: none is left."""
        if self._at is not None:
            self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
