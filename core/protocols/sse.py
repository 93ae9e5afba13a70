"""Server-sent events: bytes in pieces of any size become the data of events.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

_BOM = b"\xef\xbb\xbf"


class EventDecoder:
    """Collects bytes and returns the data of each event once its blank line has come.

    Names, ids and retry times of events are left out: model servers repeat in the data what they say there.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._first = True
        self._after_return = False

    def feed(self, chunk: bytes) -> list[str]:
        """Take the next bytes and return the data of the events they complete."""
        if not chunk:
            return []
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        # A return ends its line at once; a line feed that follows it in the next chunk belongs to the same end.
        self._after_return = chunk.endswith(b"\r")
        lines = chunk.splitlines()
        if not lines:
            return []
        unfinished = b"" if chunk.endswith((b"\n", b"\r")) else lines.pop()
        if lines and self._rest:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest.clear()
        self._rest += unfinished
        return self._events(lines)

    def end(self) -> list[str]:
        """Return the last event where the stream ended without its blank line."""
        lines = [bytes(self._rest), b""]
        self._rest.clear()
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[str]:
        if lines and self._first:
            self._first = False
            lines[0] = lines[0].removeprefix(_BOM)
        events: list[str] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif not line and self._data:
                events.append(b"\n".join(self._data).decode("utf-8", "replace"))
                self._data.clear()
            elif line == b"data":
                self._data.append(b"")
        return events
