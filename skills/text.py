"""Skills that read text."""

from typing import Final

from core import Attachment, SkillError, skill
from skills.writing.decode import text_of
from skills.writing.statistics import TextStatistics, measure

LONGEST: Final = 2_000_000
"""Most code points that are analyzed; some 4,000 pages."""


@skill
def analyze_text(text: str = "", file: Attachment | None = None) -> TextStatistics:
    """Count what a text is made of: characters, words, sentences, lines, reading time, most frequent words.

    Give the text itself, in full, or a text file. To show the figures as a picture use chart_text.

    Args:
        text: The text to analyze, word for word.
        file: A text file to analyze instead.

    Examples:
        analyze this text
        what are the statistics of this text
        how many words are in this text
        count the words, characters and sentences
        count the letters in this text
        what are the most frequent words
        how long does it take to read this
        text statistics of this file
    """
    return measure(wanted_text(text, file))


def wanted_text(text: str, file: Attachment | None) -> str:
    """Return the text that a skill was given: the file's, where there is one.

    Raises:
        SkillError: there is none, or too much of it.
    """
    wanted = text_of(file) if file else text
    if not wanted.strip():
        raise SkillError("There is no text to analyze: give the text itself, or a text file.")
    if len(wanted) > LONGEST:
        raise SkillError(f"The text is too long: {len(wanted):,} characters, at most {LONGEST:,} are analyzed.")
    return wanted
