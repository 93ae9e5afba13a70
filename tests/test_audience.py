"""Who may see what: the rule, and that nothing in the core reads what is remembered past it."""

import re
from pathlib import Path
from typing import Final

import pytest

from core.audience import readers_of
from core.messages import Audience, Conversation
from tests.rule import may_use

ROOT: Final = Path(__file__).parent.parent / "core"

PUBLIC = Conversation(platform="slack", workspace="T1", channel="C1")
OTHER = Conversation(platform="slack", workspace="T1", channel="C2")
SECRET = Conversation(platform="slack", workspace="T1", channel="G1")
ABROAD = Conversation(platform="slack", workspace="T2", channel="C1")
ADAS = Conversation(platform="slack", workspace="T1", channel="D1")

EVERYBODY = Audience(scope="workspace", id="slack/T1")
FOREIGNERS = Audience(scope="workspace", id="slack/T2")
MEMBERS = Audience(scope="channel", id="slack/G1")
ADA = Audience(scope="person", id="slack/UADA")
BOB = Audience(scope="person", id="slack/UBOB")


@pytest.mark.parametrize(
    ("where", "who", "beyond", "source", "seen_by", "used"),
    [
        (PUBLIC, EVERYBODY, [], PUBLIC, EVERYBODY, True),
        (PUBLIC, EVERYBODY, [], OTHER, EVERYBODY, False),
        (PUBLIC, EVERYBODY, [EVERYBODY], OTHER, EVERYBODY, True),
        (PUBLIC, EVERYBODY, [EVERYBODY], SECRET, MEMBERS, False),
        (PUBLIC, EVERYBODY, [EVERYBODY], ADAS, ADA, False),
        (PUBLIC, EVERYBODY, [EVERYBODY], ABROAD, FOREIGNERS, False),
        (SECRET, MEMBERS, [], SECRET, MEMBERS, True),
        (SECRET, MEMBERS, [], SECRET, EVERYBODY, True),
        (SECRET, MEMBERS, [], PUBLIC, EVERYBODY, False),
        (SECRET, MEMBERS, [EVERYBODY], PUBLIC, EVERYBODY, True),
        (SECRET, EVERYBODY, [EVERYBODY], SECRET, MEMBERS, False),
        (ADAS, ADA, [EVERYBODY, MEMBERS], SECRET, MEMBERS, True),
        (ADAS, ADA, [EVERYBODY], SECRET, MEMBERS, False),
        (ADAS, ADA, [EVERYBODY, MEMBERS], ADAS, ADA, True),
        (ADAS, ADA, [EVERYBODY, MEMBERS], ADAS, BOB, False),
        (SECRET, MEMBERS, [EVERYBODY], ADAS, ADA, False),
    ],
    ids=[
        "a channel's own",
        "another channel, where a reader may be a guest",
        "another public channel",
        "private to public",
        "direct to public",
        "another workspace",
        "a private channel's own",
        "what was said there while it was public",
        "public to private, where a member may be a guest",
        "public to private",
        "what was said there while it was private, once it is public",
        "to somebody who is in the private channel",
        "to somebody who is not",
        "one's own direct message",
        "another person's direct message",
        "direct to private",
    ],
)
def test_only_what_every_reader_could_see_is_used(
    where: Conversation, who: Audience, beyond: list[Audience], source: Conversation, seen_by: Audience, used: bool
) -> None:
    readers = readers_of(where, who).seeing(beyond)
    assert may_use(readers, channel=source.channel_key, audience=seen_by.key) is used


REMEMBERED: Final = re.compile(r"\b(?:FROM|JOIN)\s+(memory|summaries|facts|files|passages|cache|found|vectors)\b")
"""A query that reads what is remembered as it lies there, and not through `core.audience.visible`."""

KEEPERS: Final = {
    "store/migrations.py": "moves what is there to where it is now",
    "store/index.py": "says what the index holds",
    "traces.py": "erases",
    "forgetting.py": "erases",
    "cache.py": "drops what is too old",
    "files.py": "drops what is too old or too much",
    "gathering.py": "asks whether the turn that it reads is still remembered",
    "facts.py": "looks whether a turn is there, and erases",
    "passages.py": "asks the index, of which it then reads what is visible; erases",
    "closing.py": "narrows the audience of what is there, and drops what is cached",
    "scopes.py": "asks whether anything is left of a channel or an audience",
    "vectors.py": "makes the vectors of all passages; of those that are visible it compares them",
    "summaries.py": "makes of the turns of one audience the summary that this audience may see; erases",
    "memory.py": "asks how far the summary of an audience goes",
    "archive/backup.py": "copies the files that the backup names, for who runs the machine",
    "archive/writer.py": "exports, for who runs the machine",
    "archive/intake.py": "looks what is there already before it imports",
    "personal.py": "gives a person what is theirs",
}


def test_what_is_remembered_is_read_through_the_rule_alone() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if REMEMBERED.search(path.read_text(encoding="utf-8").replace('"\n', "").replace("\n", " "))
    }
    assert found - set(KEEPERS) == set(), "read through `visible`, or say here why not"
    assert set(KEEPERS) - found == set(), "these no longer need to be listed"


@pytest.mark.parametrize("module", ["memory.py", "facts.py", "files.py", "passages.py", "vectors.py", "cache.py"])
def test_what_hands_out_what_is_remembered_states_the_rule(module: str) -> None:
    assert "visible(" in (ROOT / module).read_text(encoding="utf-8")
