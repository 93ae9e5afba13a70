"""What people read, can click and are notified of in the simulated Slack."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.simulator.slack import SlackSimulator
from bots.simulator.slack.markup import markdown_links, markdown_pings, mrkdwn_links, mrkdwn_pings, plain
from core.messages import JsonObject
from tests.slack_client import client, shown

EVIL = "https://evil.example/x"
MARKS = "`~\\ \n|-ab:<>[]()&;#"


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator() as simulator:
        yield simulator


@pytest.mark.parametrize(
    "markdown",
    [
        f"see {EVIL}",
        f"see {EVIL}.",
        f"[label]({EVIL})",
        f"[label](<{EVIL}>)",
        f"![picture]({EVIL})",
        f"<{EVIL}>",
        f"[label][1]\n\n[1]: {EVIL}",
        "https&#58;//evil.example/x",
        "https&colon;//evil.example/x",
        r"https\://evil.example/x",
        f"`a {EVIL}",
        f"\\`a {EVIL}`",
        f"\\\\`a` {EVIL} `",
        f"``` a ``` {EVIL}",
        f"```\na\n```~\nb\n```\n{EVIL}",
        f"```\na\n```\n{EVIL}\n```\nb\n```",
        f"~~~\na\n~~~\n{EVIL}",
        f"a ` b\n\n{EVIL} `",
        f"a ` b\n- {EVIL} `",
        f"| a | b |\n|---|---|\n| ` | {EVIL} ` |",
        f"``a {EVIL} ` b",
    ],
)
def test_an_address_in_markdown_is_live(markdown: str) -> None:
    assert markdown_links(markdown) == [EVIL]


@pytest.mark.parametrize(
    "markdown",
    [
        f"`{EVIL}`",
        f"``a ` {EVIL}``",
        f"```\n{EVIL}\n```",
        f"```text\na\n\n{EVIL}",
        f"~~~\n```\n{EVIL}\n~~~",
        f"````\n```\n{EVIL}\n````",
        "https:\u2060//evil.example/x",
        "evil dot example, and:nothing/else, a.b.c, C:\\x",
        "a[0](x) and [^1]: note",
    ],
)
def test_code_and_other_text_is_not_live(markdown: str) -> None:
    assert markdown_links(markdown) == []


def test_other_addresses_are_live_too() -> None:
    assert markdown_links("[a](//evil.example) [b](mailto:a@b.example) www.evil.example/x ftp://a.example") == [
        "//evil.example",
        "mailto:a@b.example",
        "www.evil.example/x",
        "ftp://a.example",
    ]


@pytest.mark.parametrize(
    ("mrkdwn", "live"),
    [
        (f"<{EVIL}|label> `<{EVIL}>`", [EVIL]),
        (f"bare {EVIL}, `{EVIL}2` ```\n\n{EVIL}3\n```", [EVIL]),
        ("<@U1> <#C1> <!here>", []),
        ("https://a.example/?a=1&amp;b=2", ["https://a.example/?a=1&b=2"]),
        (f"&lt;{EVIL}&gt;", [EVIL]),
    ],
)
def test_addresses_in_mrkdwn(mrkdwn: str, live: list[str]) -> None:
    assert mrkdwn_links(mrkdwn) == live


@pytest.mark.parametrize(
    ("mrkdwn", "notified"),
    [
        ("<@U1> <@W2|ada> <!channel> <!here|here> <!subteam^S1>", ["U1", "W2", "channel", "here", "subteam^S1"]),
        ("&lt;!channel&gt; @channel <#C1>", []),
    ],
)
def test_mentions_in_mrkdwn(mrkdwn: str, notified: list[str]) -> None:
    assert mrkdwn_pings(mrkdwn) == notified


@pytest.mark.parametrize(
    "markdown",
    ["<!channel>", "&lt;!channel>", r"\<!channel>", r"<\!channel>", "`<!channel>`", "@channel", "&#64;channel"],
)
def test_markdown_might_notify_in_every_spelling(markdown: str) -> None:
    assert markdown_pings(markdown) == ["channel"]


def test_mrkdwn_is_read_by_its_labels() -> None:
    assert plain(f"<{EVIL}|here> <@U1> <!channel> 1 &lt; 2 &amp;amp;") == "here @U1 @channel 1 < 2 &amp;"


@given(before=st.text(alphabet="\\ \n|-ab:<>[]()&;#", max_size=40), after=st.text(alphabet=MARKS, max_size=40))
def test_an_address_in_a_paragraph_of_its_own_is_live_where_no_code_is_open(before: str, after: str) -> None:
    assert any(link.startswith(EVIL) for link in markdown_links(f"{before}\n\n{EVIL}\n\n{after}"))


@pytest.mark.parametrize(
    "block",
    [
        {"type": "markdown", "text": f"{EVIL} <@U1>"},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"<{EVIL}|a> <@U1>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": f"<{EVIL}|a> <@U1>"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": f"{EVIL} <@U1>"}]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": f"{EVIL} <@U1>"}]]},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "link", "url": EVIL}, {"type": "user", "user_id": "U1"}],
                }
            ],
        },
        {"type": "task_card", "task_id": "1", "title": f"{EVIL} <@U1>"},
    ],
)
async def test_every_block_is_looked_through(slack: SlackSimulator, block: JsonObject) -> None:
    answer = await client(slack).chat_postMessage(channel="C1", text="x", blocks=[block])
    message = shown(slack, answer["ts"])
    assert (message.links, message.pings, slack.world.pings) == ([EVIL], ["U1"], ["U1"])


async def test_pictures_and_buttons_have_addresses(slack: SlackSimulator) -> None:
    button: JsonObject = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "url": "https://a.example"}
    blocks: list[JsonObject] = [
        {"type": "image", "image_url": "https://b.example/p.png", "alt_text": "a picture"},
        {"type": "actions", "elements": [button]},
    ]
    answer = await client(slack).chat_postMessage(channel="C1", text="x", blocks=blocks)
    assert shown(slack, answer["ts"]).links == ["https://b.example/p.png", "https://a.example"]


async def test_the_text_beside_blocks_counts_too(slack: SlackSimulator) -> None:
    answer = await client(slack).chat_postMessage(channel="C1", text=EVIL, blocks=[{"type": "markdown", "text": "a"}])
    assert (shown(slack, answer["ts"]).links, shown(slack, answer["ts"]).text) == ([EVIL], "a")
