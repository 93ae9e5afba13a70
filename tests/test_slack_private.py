"""What commands in Slack are answered with, for the one person who used them alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from bots.channel_commands import ChannelCommands
from bots.commands import Handler
from bots.links import Links
from bots.simulator.slack import SCOPES, Fault, SlackSimulator
from bots.simulator.transcript import Shown
from bots.slack.pieces import FILES, LIMIT
from bots.slack.private import MOST_TEXTS, laid_out
from core.channels import Channels
from core.errors import UserError
from core.messages import Attachment, Message, Reply
from tests.nothing import NoStore
from tests.slack_team import Team, listening

DATA = Attachment(filename="my-data.zip", media_type="application/zip", content=b"PK")
FACT = "https://simulated.slack.com/archives/C1/p1700000000000100?thread_ts=1600000000.000200&cid=C1"


def returning(reply: Reply) -> Mapping[str, Handler]:
    async def handler(used: Message, rest: str) -> Reply:
        return reply

    return {"my-data": handler}


@asynccontextmanager
async def answering(slack: SlackSimulator, reply: Reply, *, http: bool = False) -> AsyncIterator[Team]:
    async with listening(slack, http=http, handlers=returning(reply)) as team:
        yield team


async def shown(slack: SlackSimulator, words: str) -> Shown:
    """Return the message that says so, once it is there."""
    return await slack.transcript.wait(lambda shown: words in shown.text)


@pytest.mark.parametrize("http", [False, True])
async def test_a_commands_file_goes_to_the_one_who_used_it_directly(slack: SlackSimulator, http: bool) -> None:
    async with answering(slack, Reply(text="That is all I know.", attachments=(DATA,)), http=http):
        await slack.command("C1", "U1", "my-data")
        sent = await slack.transcript.wait(lambda shown: shown.files)
        assert (sent.channel, [file.name for file in sent.files]) == (slack.world.direct("U1").id, ["my-data.zip"])
        [said] = [each for each in slack.transcript.messages if each.channel == "C1"]
        assert said.to == "U1"
        assert said.text == "That is all I know.\n\nFiles come to you alone, in our direct messages."


async def test_a_file_alone_is_announced_by_its_name(slack: SlackSimulator) -> None:
    async with answering(slack, Reply(attachments=(DATA,))):
        await slack.command("C2", "U1", "my-data")
        assert (await shown(slack, "my-data.zip")).to == "U1"
        await slack.transcript.wait(lambda shown: shown.files)


@pytest.mark.parametrize(
    ("method", "fault", "why"),
    [
        ("conversations.open", Fault(error="user_disabled"), "user_disabled"),
        ("files.getUploadURLExternal", Fault(error="storage_limit_reached"), "no room"),
        ("upload", Fault(status=500), "Slack could not send you the file"),
        ("files.completeUploadExternal", Fault(drop="before"), "could not be reached"),
    ],
)
async def test_a_file_that_cannot_be_sent_is_said_to_them_alone(
    slack: SlackSimulator, method: str, fault: Fault, why: str
) -> None:
    slack.fail(method, fault)
    async with answering(slack, Reply(text="Here.", attachments=(DATA,))):
        await slack.command("C1", "U1", "my-data")
        problem = await shown(slack, why)
        assert (problem.channel, problem.to) == ("C1", "U1")
        assert not any(each.files for each in slack.transcript.messages)


async def test_without_the_scope_it_is_said_how_to_get_it() -> None:
    async with (
        SlackSimulator(scopes=set(SCOPES) - {"im:write"}) as slack,
        answering(slack, Reply(text="Here.", attachments=(DATA,))),
    ):
        await slack.command("C1", "U1", "my-data")
        assert (await shown(slack, "steward manifest slack")).to == "U1"


async def test_a_long_answer_comes_in_several_messages_for_them_alone(slack: SlackSimulator) -> None:
    lines = [f"{number} {'word ' * 20}".strip() for number in range(200)]
    async with answering(slack, Reply(text="\n".join(lines))):
        await slack.command("C1", "U1", "my-data")
        await shown(slack, lines[-1])
        assert {each.to for each in slack.transcript.messages} == {"U1"}
        assert "\n".join(each.text for each in slack.transcript.messages).split("\n") == lines


async def test_an_answer_too_long_for_that_comes_as_a_file(slack: SlackSimulator) -> None:
    text = "\n".join(f"{number} {'word ' * 20}".strip() for number in range(1000))
    async with answering(slack, Reply(text=text)):
        await slack.command("C1", "U1", "my-data")
        sent = await slack.transcript.wait(lambda shown: shown.files)
        assert sent.channel == slack.world.direct("U1").id
        assert [(file.name, file.content) for file in sent.files] == [("answer.md", text.encode())]
        assert (await shown(slack, "too long")).to == "U1"


@pytest.mark.parametrize("length", [0, 1, LIMIT, LIMIT + 1, MOST_TEXTS * LIMIT, MOST_TEXTS * LIMIT + 1])
@pytest.mark.parametrize("number", [0, 1, FILES + 1])
def test_whatever_a_command_returns_nothing_is_dropped(length: int, number: int) -> None:
    texts, groups = laid_out(Reply(text="x" * length, attachments=(DATA,) * number), Links())
    files = [file for group in groups for file in group]
    assert len(texts) <= MOST_TEXTS
    assert all(len(group) <= FILES for group in groups)
    assert files.count(DATA) == number
    whole = [file.content or b"" for file in files if file.filename == "answer.md"]
    assert "x" * length in "".join(texts) or whole == [b"x" * length]


async def test_a_slow_command_is_acknowledged_before_it_is_answered(slack: SlackSimulator) -> None:
    go = asyncio.Event()

    async def erase(used: Message, rest: str) -> Reply:
        await go.wait()
        return Reply(text="Erased.", attachments=(DATA,))

    async with listening(slack, handlers={"forget-me": erase}):
        delivery = await slack.command("C1", "U1", "forget-me")
        assert delivery.acknowledged
        assert "I am at it" in slack.transcript.messages[-1].text
        go.set()
        assert (await shown(slack, "Erased.")).to == "U1"
        await slack.transcript.wait(lambda shown: shown.files)
        assert {each.to for each in slack.transcript.messages if each.channel == "C1"} == {"U1"}


async def test_a_slow_command_that_fails_says_so_to_them_alone(slack: SlackSimulator) -> None:
    go = asyncio.Event()

    async def erase(used: Message, rest: str) -> Reply:
        await go.wait()
        raise UserError("There is nothing to erase.")

    async with listening(slack, handlers={"forget-me": erase}):
        await slack.command("C1", "U1", "forget-me")
        go.set()
        assert (await shown(slack, "nothing to erase")).to == "U1"


@pytest.mark.parametrize("http", [False, True])
async def test_f1_a_command_that_is_delivered_twice_is_carried_out_once(slack: SlackSimulator, http: bool) -> None:
    used: list[str] = []

    async def erase(message: Message, rest: str) -> Reply:
        used.append(message.id)
        return Reply(text="Erased.")

    async with listening(slack, http=http, handlers={"forget-me": erase}):
        delivery = await slack.command("C1", "U1", "forget-me")
        again = slack.deliver("slash_commands", delivery.payload)
        await slack.settled()
        assert again.acknowledged
        await slack.command("C1", "U1", "forget-me")
        assert len(used) == len(set(used)) == 2


async def test_s2_links_to_the_workspaces_own_messages_stay_live_in_what_commands_answer(slack: SlackSimulator) -> None:
    text = f"- Tea at 4 ([source]({FACT}))\n- [news](https://evil.example/a), https://other.slack.com/archives/C1/p1"
    async with answering(slack, Reply(text=text)) as team:
        await slack.command("C1", "U1", "my-data")
        assert (await shown(slack, "Tea")).links == [FACT]
        assert "](" not in team.platform.split(Reply(text=text))[0].text, "a model's answer links nowhere"


async def test_what_follows_a_command_is_read_as_it_was_typed(slack: SlackSimulator) -> None:
    followed: list[str] = []

    async def keep(used: Message, rest: str) -> Reply:
        followed.append(rest)
        return Reply(text="Noted.")

    async with listening(slack, handlers={"settings": keep}) as team:
        await team.slack.command("C1", "U1", "settings instructions Mind the R&D team & <5 days, says <@U2>")
        await team.slack.settled()
    assert followed == ["instructions Mind the R&D team & <5 days, says @Grace"]


async def test_somebody_who_cannot_be_looked_up_may_no_more_than_a_guest(slack: SlackSimulator) -> None:
    handlers = {"settings": ChannelCommands(Channels(NoStore())).settings}
    async with listening(slack, handlers=handlers) as team:
        team.slack.fail("users.info", Fault(status=500))
        await team.slack.command("C1", "U1", "settings memory off")
        assert (await shown(slack, "Guests cannot change")).to == "U1"
