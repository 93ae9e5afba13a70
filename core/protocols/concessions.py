"""What a server has refused and is spared from then on, so that one set of requests fits old, small and strict ones."""

import re
from dataclasses import replace
from typing import Final

from core.messages import JsonObject
from core.protocols.api import Ask, Format
from core.protocols.faults import Refusal
from core.protocols.pictures import shown, unseeing

_REFUSED: Final = frozenset({400, 415, 422})
_OTHERWISE: Final = frozenset({401, 402, 403, 408, 429})
_FORMAT = re.compile(
    r"response_format|text\.format|json[_ ]?(?:schema|object|mode)|structured output|grammar", re.IGNORECASE
)
_OF_PICTURES = re.compile(r"image|picture|vision|visual|multi-?modal|multi-?media|mmproj", re.IGNORECASE)
_NO = re.compile(r"\bnot\b|n't\b|\bun|\bno\b|\bonly\b|\bat most 0\b|\bmissing\b|\binvalid\b", re.IGNORECASE)
_NO_PARTS = re.compile(
    r"expected a string|(?:be|of type) (?:a )?string|untagged enum|unknown variant|unmarshal array|content.?type|"
    r"part.?type",
    re.IGNORECASE,
)
_OF_THIS_PICTURE = re.compile(
    r"decod|corrupt|base64|too (?:large|big|small|many)|image (?:data|file|format|size)|(?:unsupported|valid) image|"
    r"dimension|download",
    re.IGNORECASE,
)
"""What servers say whose model sees no pictures, or who take no parts in a message at all, as reported of vLLM
(https://github.com/vllm-project/vllm/issues/23402), llama.cpp (https://github.com/ggml-org/llama.cpp/issues/15377),
Ollama (https://github.com/ollama/ollama/issues/17301, https://github.com/danny-avila/LibreChat/issues/2494), LM Studio
(https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/908) and DeepSeek
(https://github.com/browser-use/web-ui/issues/99, https://github.com/chatboxai/chatbox/issues/1740); or, the last, of
servers whose model sees, but not this picture."""

_SEALED = re.compile(r"encrypted.?content", re.IGNORECASE)


class Concessions:
    """Fits requests to a server; remembers for as long as it lives.

    Attributes:
        blind: the model is not shown pictures.
    """

    def __init__(self, *, blind: bool = False) -> None:
        self.blind = blind
        self._without: set[str] = set()
        self._format = 0

    def fit(self, ask: Ask) -> Ask:
        """Leave out what was refused: pictures; and of the forms of an answer, a schema, then any JSON object."""
        if self.blind:
            ask = unseeing(ask)
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
            return self._unseeing(refusal, ask)
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
        return self._unseeing(refusal, ask)

    def _unseeing(self, refusal: Refusal, ask: Ask) -> Ask | None:
        """Return the request without its pictures, where they may be what was refused."""
        if refusal.status == 413:
            suspected = True
        elif refusal.status in _REFUSED:
            suspected = not refusal.too_long and not refusal.filtered
        else:
            suspected = refusal.status not in _OTHERWISE and _speaks_of_pictures(refusal)
        return unseeing(ask) if suspected and shown(ask) else None


def cannot_see(refusal: Refusal) -> bool:
    """Tell whether a server refused pictures as such, and not one of them."""
    return _speaks_of_pictures(refusal) and not _OF_THIS_PICTURE.search(refusal.words)


def _speaks_of_pictures(refusal: Refusal) -> bool:
    words = refusal.words
    return bool((_OF_PICTURES.search(words) and _NO.search(words)) or _NO_PARTS.search(words))


def _sent_format(body: JsonObject) -> object:
    return body.get("response_format") or body.get("text")


def _names(refusal: Refusal, name: str) -> bool:
    if re.split(r"[.\[]", refusal.param)[0] == name:
        return True
    # "include" is too common a word to look for; the servers that refuse it speak of what it asks for
    return bool(_SEALED.search(refusal.message)) if name == "include" else name in refusal.message
