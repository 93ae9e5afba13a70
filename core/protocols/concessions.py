"""What a server has refused and is spared from then on, so that one set of requests fits old, small and strict ones."""

import re
from dataclasses import replace
from typing import Final

from core.messages import JsonObject
from core.protocols.api import Ask, Format
from core.protocols.faults import Refusal

_REFUSED: Final = frozenset({400, 422})
_FORMAT = re.compile(
    r"response_format|text\.format|json[_ ]?(?:schema|object|mode)|structured output|grammar", re.IGNORECASE
)
_SEALED = re.compile(r"encrypted.?content", re.IGNORECASE)


class Concessions:
    """Fits requests to a server; remembers for as long as it lives."""

    def __init__(self) -> None:
        self._without: set[str] = set()
        self._format = 0

    def fit(self, ask: Ask) -> Ask:
        """Ask for the strictest form of answer that was not refused: a schema, then any JSON object, then none."""
        if ask.format is None or self._format == 0:
            return ask
        return replace(ask, format=Format() if self._format == 1 else None)

    def trim(self, body: JsonObject) -> JsonObject:
        """Leave out optional parameters that were refused."""
        return {key: value for key, value in body.items() if key not in self._without} if self._without else body

    def concede(self, refusal: Refusal, ask: Ask, body: JsonObject) -> Ask | None:
        """Return the request to send in place of a refused one; None where nothing optional was the reason.

        Args:
            refusal: what the server said.
            ask: the request before `fit`.
            body: what was sent.
        """
        if refusal.status not in _REFUSED:
            return None
        if ask.reasoning and refusal.code == "invalid_encrypted_content":
            return replace(ask, reasoning=False)  # of another model or key: only this history is concerned
        fitted = self.fit(ask).format
        if fitted is not None and _FORMAT.search(refusal.words):
            self._format = 2 if "json_object" in str(_sent_format(body)) else max(self._format, 1)
            return ask
        for name in ("stream_options", "include", "temperature"):
            if name in body and _names(refusal, name):
                self._without.add(name)
                return ask
        return None


def _sent_format(body: JsonObject) -> object:
    return body.get("response_format") or body.get("text")


def _names(refusal: Refusal, name: str) -> bool:
    if re.split(r"[.\[]", refusal.param)[0] == name:
        return True
    # "include" is too common a word to look for; the servers that refuse it speak of what it asks for
    return bool(_SEALED.search(refusal.message)) if name == "include" else name in refusal.message
