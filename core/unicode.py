"""Text that can be stored and sent."""


def well_formed(text: str) -> str:
    """Join surrogates that form a pair and replace lone ones, which UTF-8, and with it SQLite and JSON, refuses.

    They come from JSON escapes that were cut in the middle of a character, and from file names of other encodings.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
