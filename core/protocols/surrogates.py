"""Halves of characters: JSON may carry a surrogate without its pair, which no database and no platform takes."""

from core.unicode import well_formed


class Pairing:
    """Joins the halves of characters that a server's pieces have torn apart."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """Return the piece in whole characters; a first half at its end waits for the next piece."""
        if piece.isascii() and not self._half:
            return piece
        piece = self._half + piece
        self._half = piece[-1] if "\ud800" <= piece[-1:] <= "\udbff" else ""
        return well_formed(piece[: len(piece) - len(self._half)])

    def end(self) -> str:
        """Return what is left: the mark of an unknown character, or nothing."""
        left, self._half = well_formed(self._half), ""
        return left
