"""A million hard characters: nothing is over a limit, nothing is dropped, no ping and no link off the list is live."""

import re
from collections.abc import Sequence
from random import Random
from typing import Final, cast

import pytest
from pydantic import JsonValue

from bots.discord.body import MAX_TEXT, edited
from bots.discord.reply import split as split_for_discord
from bots.links import Links
from bots.simulator.discord.links import links as discord_links
from bots.simulator.slack import reading
from bots.simulator.slack.blocks import checked
from bots.simulator.slack.messages import MAX_TEXT as MAX_SLACK_TEXT
from bots.slack.blocks import forms
from bots.slack.pieces import split as split_for_slack
from bots.slack.posts import LONGEST_EDIT, shortened
from core.messages import JsonObject, Reply
from core.outlet import Part
from tests.link_corpus import GOOD, texts
from tests.test_slack_events import SPELLINGS
from tests.test_slack_links import leads_away
from tests.test_text import GRAPHEMES

LINKS: Final = Links(GOOD)

HARD: Final = (
    *texts(),
    *(f"{spelling} " for spelling in (*SPELLINGS, "@everyone", "@here", "<@123>", "<@&456>") for _ in range(20)),
    *(f"{grapheme} " for grapheme in GRAPHEMES for _ in range(20)),
    *("| a | b |\n|---|---|\n| 1 | 2 |\n\n", "see https://good.example/a ", "> quoted ", "- ", "漢字。", "\\", "&amp;")
    * 20,
    *("```py\nprint(1)\n```\n", "```\n", "~~~\n", "`", "``", "````md\n```\n````\n") * 60,
    *("x" * 700, "word " * 90, "`code` ", "*bold* ") * 10,
)

SPACES: Final = (" ", "\n", "\n\n")


def fuzz(seed: int) -> tuple[str, list[str]]:
    """Return a text of a million characters, and the words in it that are counted."""
    random = Random(seed)
    parts: list[str] = []
    words: list[str] = []
    size = 0
    while size < 1_000_000:
        words.append(f"counted{len(words)}")
        hard = random.choice(HARD)
        # what stands behind a fence on its line is the name of a language, which nobody reads
        before = "\n" if hard.endswith(("```", "~~~")) else random.choice(SPACES)
        parts.append(f"{hard}{before}{words[-1]}{random.choice(SPACES)}")
        size += len(parts[-1])
    return "".join(parts), words


def counted(texts: Sequence[str]) -> list[str]:
    """Return the counted words in texts, each once: a fence that is opened anew repeats what stands behind it."""
    return list(dict.fromkeys(word for text in texts for word in re.findall(r"counted\d+", text)))


@pytest.mark.parametrize("seed", [1])
def test_s2_s3_f20_a_million_characters_in_discord(seed: int) -> None:
    text, words = fuzz(seed)
    seen: list[str] = []
    for piece in split_for_discord(Reply(text=LINKS.inert(text))):
        whole = LINKS.inert(piece.text)
        sent = edited(Part(key="1.0", text=whole)).payload
        assert sent is not None
        said = str(sent["content"])
        assert said == whole
        assert len(said.encode("utf-16-le")) <= 2 * MAX_TEXT
        assert not [address for address in discord_links(said) if leads_away(address)], said
        assert sent["allowed_mentions"] == {"parse": []}
        seen.append(said)
    assert counted(seen) == words


@pytest.mark.parametrize("seed", [1])
def test_s2_s3_f20_a_million_characters_in_slack(seed: int) -> None:
    text, words = fuzz(seed)
    pieces = split_for_slack(Reply(text=LINKS.inert(text)))
    seen: list[str] = []
    for piece in pieces:
        if piece.attachments:
            continue
        for form in forms(piece.text, links=LINKS):
            blocks = cast("list[JsonObject]", form["blocks"])
            said = str(form["text"])
            assert len(said.encode("utf-16-le")) <= 2 * MAX_SLACK_TEXT
            assert len(shortened(said)) <= LONGEST_EDIT
            assert not blocks or checked(cast("list[JsonValue]", blocks))
            assert reading.pings(said, blocks) == []
            live = reading.links("" if blocks else said, blocks)
            assert not [address for address in live if leads_away(address)], piece.text
        seen.append(piece.text)
    whole = "\n".join(seen)
    for file in (file for piece in pieces for file in piece.attachments):
        whole = whole.replace(f"(see file `{file.filename}`)", (file.content or b"").decode(), 1)
    assert counted([whole]) == words
