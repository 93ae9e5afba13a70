"""What commands in Discord answer to the one person who used them: texts, files, links, in time and later."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bots.commands import Handler
from bots.discord import private
from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.interactions import Interaction
from bots.simulator.discord.world import EPHEMERAL
from bots.simulator.transcript import Shown
from core.errors import UserError
from core.messages import Attachment, Message, Reply
from tests.discord_team import Steward, asked, listening, made, said
from tests.inbox import commands
from tests.waiting import until

DEFERRED, SAID = 5, 4


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator(file_limit=1000) as opened:
        yield opened


def steward(simulator: DiscordSimulator, handler: Handler, name: str = "my-data") -> Steward:
    return Steward(platform=made(simulator, used=commands(handlers={name: handler})))


def answering(reply: Reply) -> Handler:
    async def answer(used: Message, rest: str) -> Reply:
        return reply

    return answer


def file(name: str, size: int) -> Attachment:
    return Attachment(filename=name, media_type="application/json", content=b"x" * size)


async def shown(simulator: DiscordSimulator, interaction: Interaction, count: int = 1) -> list[Shown]:
    """Return what the one person sees, once it is so much."""
    await until(lambda: len([each for each in said(simulator) if each.to == interaction.user.id]) >= count)
    own = [each for each in said(simulator) if each.to == interaction.user.id]
    assert own == said(simulator), "others see it"
    return own


async def test_files_of_a_reply_go_to_the_one_who_used_the_command(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    reply = Reply(text="All I know.", attachments=(file("data.json", 500), file("more.json", 10)))
    async with listening(simulator, steward(simulator, answering(reply))):
        interaction = await simulator.command(general, ada, "my-data")
        assert await simulator.answered(interaction) == SAID
        [seen] = await shown(simulator, interaction)
    assert seen.text == "All I know."
    assert [(each.name, each.content) for each in seen.files] == [("data.json", b"x" * 500), ("more.json", b"x" * 10)]


async def test_a_reply_of_files_alone_is_shown(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward(simulator, answering(Reply(attachments=(file("data.json", 5),))))):
        [seen] = await shown(simulator, await simulator.command(general, ada, "my-data"))
    assert (seen.text, [each.name for each in seen.files]) == ("", ["data.json"])


async def test_a_file_that_is_too_large_is_said_by_name(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    reply = Reply(text="All I know.", attachments=(file("huge.json", 1001), file("small.json", 1000)))
    async with listening(simulator, steward(simulator, answering(reply))):
        [seen] = await shown(simulator, await simulator.command(general, ada, "my-data"))
    assert seen.text.startswith("All I know.\n\n(Too large for Discord")
    assert "huge.json" in seen.text
    assert [each.name for each in seen.files] == ["small.json"]


async def test_more_than_one_message_holds_goes_into_several(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    reply = Reply(text="word " * 600, attachments=tuple(file(f"{number}.json", 5) for number in range(12)))
    async with listening(simulator, steward(simulator, answering(reply))):
        seen = await shown(simulator, await simulator.command(general, ada, "my-data"), 3)
    assert " ".join(each.text for each in seen).split() == ["word"] * 600
    assert [len(each.files) for each in seen] == [0, 10, 2]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_command_that_takes_long_is_deferred_for_the_one_who_used_it(
    simulator: DiscordSimulator, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.setattr(private, "_WAIT_SECONDS", 0.05)
    general, ada, done = simulator.channel("general"), simulator.person("Ada"), asyncio.Event()

    async def slow(used: Message, rest: str) -> Reply:
        await done.wait()
        if fails:
            raise UserError("There is nothing.")
        return Reply(text="word " * 600, attachments=(file("data.json", 5), file("huge.json", 1001)))

    async with listening(simulator, steward(simulator, slow)):
        interaction = await simulator.command(general, ada, "my-data")
        assert await simulator.answered(interaction) == DEFERRED
        assert interaction.original is not None
        assert interaction.original.flags & EPHEMERAL, "everybody sees that the bot is thinking"
        done.set()
        seen = await shown(simulator, interaction, 1 if fails else 2)
    if fails:
        assert [each.text for each in seen] == ["There is nothing."]
    else:
        assert " ".join(each.text for each in seen).startswith("word word")
        assert [[each.name for each in message.files] for message in seen] == [[], ["data.json"]]
        assert "huge.json" in seen[-1].text


async def test_a_command_that_is_repeated_is_carried_out_once(simulator: DiscordSimulator) -> None:
    general, ada, times = simulator.channel("general"), simulator.person("Ada"), []

    async def delete(used: Message, rest: str) -> Reply:
        times.append(rest)
        return Reply(text="Deleted.")

    async with listening(simulator, steward(simulator, delete, "memory")):
        interaction = await simulator.command(general, ada, "memory", {"action": "delete", "number": 1})
        await shown(simulator, interaction)
        await simulator.gateway.repeat()
        last = await simulator.command(general, ada, "memory", {"action": "delete", "number": 2})
        await shown(simulator, last, 2)
    assert times == ["delete 1", "delete 2"]


async def test_a_command_whose_answer_is_refused_leaves_the_others_alone(
    simulator: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    callback = "/interactions/{interaction_id}/{token}/callback"
    simulator.faults.add("POST", callback, Fault(status=404, code=10062, message="Unknown interaction"))
    async with listening(simulator, steward(simulator, answering(Reply(text="Here.")))):
        await simulator.command(general, ada, "my-data")
        await until(lambda: "was not acknowledged" in caplog.text)
        [seen] = await shown(simulator, await simulator.command(general, ada, "my-data"))
    assert seen.text == "Here."
    assert asked(simulator, "POST", "/callback") == 2


async def test_links_to_messages_can_be_followed_and_others_cannot(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    place = f"https://discord.com/channels/{general.guild_id}/{general.id}"
    lines = [
        f"- 1. Cats are fine ([said here]({place}/77)), and in {place}",
        "- 2. [there](https://discord.com/channels/@me/5/6)",
        "- 3. [no](https://discord.com/channels/../login?1), https://discord.com/invite/x, https://evil.example/1",
        "- 4. [no](https://discord.com/channels/1/2/3?secret), https://discord.com/channels/1/2/secret",
    ]
    async with listening(simulator, steward(simulator, answering(Reply(text="\n".join(lines))), "memory")) as heard:
        [seen] = await shown(simulator, await simulator.command(general, ada, "memory"))
        await simulator.mention(general, ada, "hello")
        await heard.answer(await heard.heard(), Reply(text="\n".join(lines)))
    assert sorted(seen.links) == sorted([f"{place}/77", place, "https://discord.com/channels/@me/5/6"])
    [answer] = [each for each in said(simulator) if each.to is None]
    assert answer.links == [], "the rule for answers of the model is another"


@pytest.mark.parametrize(
    ("sub", "options", "line"),
    [
        ("follow", {"switch": "off"}, "off"),
        ("settings", {}, ""),
        ("settings", {"name": "language"}, "language"),
        ("settings", {"value": "Swiss German", "name": "language"}, "language Swiss German"),
        ("memory", {}, ""),
        ("memory", {"text": "Cats are  fine.", "number": 12, "action": "edit"}, "edit 12 Cats are  fine."),
        ("forget", {}, ""),
        ("my-data", {}, ""),
        ("forget-me", {}, ""),
        ("link", {"code": "ABCD-1234"}, "ABCD-1234"),
        ("unlink", {}, ""),
    ],
)
async def test_what_is_filled_in_reaches_the_handler_as_if_it_was_typed(
    simulator: DiscordSimulator, sub: str, options: dict[str, str | int], line: str
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    got: list[tuple[str, str, str]] = []

    async def handle(used: Message, rest: str) -> Reply:
        got.append((used.author.id, used.conversation.channel, rest))
        return Reply(text="Done.")

    async with listening(simulator, steward(simulator, handle, sub)):
        [seen] = await shown(simulator, await simulator.command(general, ada, sub, {**options}))
    assert seen.text == "Done."
    assert got == [(ada.id, general.id, line)]


@pytest.mark.parametrize(
    ("sub", "options", "why"),
    [
        ("follow", {}, "needs"),
        ("follow", {"switch": "maybe"}, "choices"),
        ("settings", {"name": "colour"}, "choices"),
        ("memory", {"action": "burn"}, "choices"),
        ("memory", {"number": 0}, "range"),
        ("forget", {"everything": "yes"}, "no option"),
    ],
)
async def test_what_makes_no_sense_cannot_be_filled_in(
    simulator: DiscordSimulator, sub: str, options: dict[str, str | int], why: str
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator):
        with pytest.raises(ValueError, match=why):
            await simulator.command(general, ada, sub, {**options})
