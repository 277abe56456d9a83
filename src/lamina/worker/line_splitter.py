"""Splits the output of a process into lines, in bounded memory."""

from collections import deque
from collections.abc import Callable

_MOST_LINE_BYTES = 4096
_MOST_LINES = 50
_MOST_PER_SECOND = 200


class Lines:
    """Joins chunks to lines. A line longer than `most_bytes` is truncated."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._begun = bytearray()

    def fed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their line breaks."""
        *ended, rest = data.split(b"\n")
        lines: list[bytes] = []
        for part in ended:
            self._add(part)
            lines.append(bytes(self._begun))
            self._begun.clear()
        self._add(rest)
        return lines

    def last(self) -> bytes:
        """The last line, which has no line break."""
        return bytes(self._begun)

    def _add(self, part: bytes) -> None:
        self._begun += part[: self._most_bytes - len(self._begun)]


class LogTail:
    """The last lines of a log. Each is passed to `on_line` as it comes, at most 200 per second."""

    def __init__(self, on_line: Callable[[str], None], now: Callable[[], float]) -> None:
        self._on_line, self._now = on_line, now
        self._lines = Lines(_MOST_LINE_BYTES)
        self._kept: deque[str] = deque(maxlen=_MOST_LINES)
        self._second, self._passed = 0, 0

    def feed(self, data: bytes) -> None:
        for line in self._lines.fed(data):
            self.add(line.decode("utf-8", "replace"))

    def add(self, line: str) -> None:
        self._kept.append(line)
        second = int(self._now())
        if second != self._second:
            self._second, self._passed = second, 0
        self._passed += 1
        if self._passed <= _MOST_PER_SECOND:
            self._on_line(line)

    def kept(self) -> tuple[str, ...]:
        """At most 50, the oldest first."""
        begun = self._lines.last().decode("utf-8", "replace")
        return (*self._kept, begun) if begun else tuple(self._kept)
