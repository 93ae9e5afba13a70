"""Links in answers in the simulated Slack: those off the list are live at no moment, on no way."""

from contextlib import suppress
from typing import cast
from urllib.parse import urlsplit

import pytest

from bots.links import Links
from bots.simulator.slack import Fault, SlackSimulator, reading
from bots.simulator.slack.markup import addresses
from bots.slack.blocks import forms
from bots.slack.markup import inert, plainly
from bots.slack.pieces import LIMIT
from bots.slack.progress import Progress
from core.events import TextDelta
from core.messages import Attachment, JsonObject, Message, Reply
from core.outlet import Part
from tests.link_corpus import GOOD, live, texts
from tests.slack_draft import Desk, deliver, finished, seen, started
from tests.slack_team import listening


@pytest.mark.parametrize("live", ["stream", "edits"])
async def test_s2_no_link_off_the_list_is_live_at_any_moment(
    slack: SlackSimulator, question: Message, live: str
) -> None:
    if live == "edits":
        slack.fail("chat.startStream", Fault(error="unknown_method"))
    links = Links("good.example")
    desk = Desk(slack, links=links)
    text = "Look at https://good.example/a and https://evil.example/?q=secret and [this](https://evil.example/b). " * 4
    draft = desk.draft(question)
    await draft.show(started("fetch", arguments='{"url": "https://evil.example/c"}'))
    await draft.show(finished("fetch", text="see https://evil.example/d"))
    for start in range(0, len(text), 6):
        await draft.show(TextDelta(text=text[start : start + 6]))
        if start % 5 == 0:
            with suppress(TimeoutError):
                await slack.called("chat.update", len(slack.calls("chat.update")) + 1, timeout=0.01)
    hostile = Attachment(
        filename="https://evil.example/e.png", media_type="image/png", content=b"\x89PNG", alt="https://evil.example/f"
    )
    said = links.inert(text.strip())
    await deliver(draft, Part(key="1.0", text=said), Part(key="1.1", attachments=(hostile,)))
    assert {link for each in seen(slack) for link in each.links} <= {"https://good.example/a"}
    [completed] = slack.calls("files.completeUploadExternal")
    assert links.inert(str(completed.arguments["files"])) == str(completed.arguments["files"])
    assert seen(slack)[0].text.replace("\u2060", "") == said


def leads_away(address: str) -> bool:
    """Tell whether an address that Slack makes live leads to a host off the list; one with `[.]` leads nowhere."""
    if "[:]" in address or "[.]" in address:
        return False
    host = urlsplit(address if "://" in address else f"https://{address}").hostname or ""
    return "." in host and not f".{host}".endswith(f".{GOOD}")


def found_live(text: str) -> list[str]:
    """Return the addresses off the list that Slack could make live, in any form of a message or a caption."""
    links = Links(GOOD)
    cell = text.replace("\n", " ")
    table = links.inert(f"| link |\n|---|\n| {cell} |\n| `{cell}` |")
    found = addresses(plainly(text, links))
    for form in (*forms(links.inert(text), links=links), *forms(table, links=links)):
        blocks = cast("list[JsonObject]", form["blocks"])
        found += reading.links("" if blocks else str(form["text"]), blocks)
    return [address for address in found if leads_away(address)]


def test_s2_no_spelling_of_a_link_is_live_in_any_form_of_a_message() -> None:
    assert [(text, found) for text in texts() if (found := found_live(text))] == []


def test_s2_what_is_shown_of_a_growing_text_is_the_beginning_of_what_stays() -> None:
    links = Links(GOOD)
    for text in list(texts())[::37]:
        whole = inert(links.inert(text.lstrip()))
        for end in range(len(text) + 1):
            shown = Progress(links=links, text=text[:end]).shown()
            assert whole.startswith(shown), (text, shown)
            assert not [address for address in reading.links(shown, []) if leads_away(address)], shown


@pytest.mark.parametrize("before", range(LIMIT - 45, LIMIT - 10, 7))
async def test_s2_a_link_stays_inert_where_a_message_ends_in_the_middle_of_a_code_span(
    slack: SlackSimulator, before: int
) -> None:
    async with listening(slack) as team:
        spoken = f"{',' * before} `see https://evil.example/path and more of it` end"
        pieces = team.platform.split(Reply(text=spoken))
        assert len(pieces) > 1
        assert [live(piece.text) for piece in pieces] == [[]] * len(pieces)
