"""Where an answer goes in Discord and what belongs to it: threads, commands of people's own apps, controls, files."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bots.discord.place import EXPIRED, title
from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.interactions import Interaction
from bots.simulator.discord.world import Channel
from core.controls import under_answer, while_running
from core.errors import PlatformError
from core.events import SkillStarted, TextDelta
from core.items import Call
from core.messages import Attachment, Audience, Conversation, Message, Person, Reply, Turn
from tests.discord_team import Steward, listening, made, part, said
from tests.waiting import until

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
THREADS = MESSAGE + "/threads"
WEBHOOK = "/webhooks/{application_id}/{token}"
ORIGINAL = WEBHOOK + "/messages/@original"
CALL = Call(id="c1", name="draw_chart", arguments="{}")


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


@pytest.fixture
def general(simulator: DiscordSimulator) -> Channel:
    return simulator.channel("general")


@pytest.fixture
async def steward(simulator: DiscordSimulator, general: Channel) -> AsyncIterator[Steward]:
    async with listening(simulator, Steward(platform=made(simulator, show_every=0.01))) as listening_steward:
        yield listening_steward


async def question(
    simulator: DiscordSimulator, channel: Channel, text: str = "Which words did we use most?", **origin: str
) -> Message:
    asked = await simulator.say(channel, simulator.world.owner, text)
    return Message(
        id=f"discord/{channel.id}/{asked.id}",
        conversation=Conversation(platform="discord", workspace="W", channel=channel.id),
        audience=Audience(scope="workspace", id="discord/W"),
        author=Person(id="1", name="Ada"),
        text=text,
        origin={"channel_id": channel.id, "message_id": asked.id, **origin},
    )


def places(simulator: DiscordSimulator) -> list[tuple[str | None, str]]:
    """The thread and the text of what the bot said, and did not delete."""
    return [(shown.thread, shown.text) for shown in said(simulator) if not shown.deleted]


async def test_a_thread_is_opened_at_the_question_and_named_after_it(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    message = await question(simulator, general, thread="open")
    await steward.answer(message, Reply(text="word " * 700))
    thread = message.origin["message_id"]
    assert simulator.world.channels[thread].name == "Which words did we use most?"
    assert [place for place, _ in places(simulator)] == [thread, thread]


async def test_the_preview_stands_in_the_thread_and_typing_is_shown_there(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    message = await question(simulator, general, thread="open")
    thread = message.origin["message_id"]
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await until(lambda: simulator.typing)
    await draft.show(SkillStarted(call=CALL))
    await until(lambda: places(simulator) == [(thread, "-# ⏳ draw chart …")])
    await draft.send(part(0, Reply(text="Here.")))
    await draft.close()
    assert set(simulator.typing) == {thread}
    assert places(simulator) == [(thread, "Here.")]


async def test_f7_an_answer_goes_on_in_the_thread_that_was_opened_before_a_kill(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    message = await question(simulator, general, thread="open")
    thread = message.origin["message_id"]
    killed = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await killed.show(TextDelta(text="Half of it.\n"))
    await until(lambda: places(simulator) == [(thread, "Half of it.")])
    await killed.close()
    again = steward.platform.draft(Turn(id=1, message=message, attempt=2))
    await again.send(part(0, Reply(text="Whole."), repeated=True))
    await again.close()
    assert places(simulator) == [(thread, "Whole.")]


@pytest.mark.parametrize(
    "fault",
    [Fault(status=403, code=50013, message="Missing Permissions"), Fault(status=400, code=160006, message="Too many")],
)
async def test_f22_where_no_thread_can_be_opened_the_answer_stands_in_the_channel(
    simulator: DiscordSimulator, general: Channel, steward: Steward, fault: Fault
) -> None:
    simulator.faults.add("POST", THREADS, fault)
    await steward.answer(await question(simulator, general, thread="open"), Reply(text="Here."))
    assert places(simulator) == [(None, "Here.")]


async def test_f4_a_thread_whose_opening_was_not_confirmed_is_answered_in(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    message = await question(simulator, general, thread="open")
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    for _ in range(2):
        simulator.faults.lose_answer("POST", THREADS)
    for _ in range(3):
        with contextlib.suppress(PlatformError):
            await draft.send(part(0, Reply(text="Here.")))
    await draft.close()
    assert places(simulator) == [(message.origin["message_id"], "Here.")]


@pytest.mark.parametrize("opened", [True, False])
async def test_f39_an_answer_in_a_thread_is_removed_after_its_question(
    simulator: DiscordSimulator, general: Channel, steward: Steward, opened: bool
) -> None:
    message = await question(simulator, general, thread="open")
    if not opened:
        simulator.faults.add("POST", THREADS, Fault(status=403, code=50013, message="Missing Permissions"))
    sent = await steward.answer(message, Reply(text="Here."))
    await simulator.delete(simulator.world.messages[message.origin["message_id"]])
    removed = replace(message, text="")
    draft = steward.platform.draft(Turn(id=1, message=removed, attempt=2, shown=tuple(sent)))
    await draft.clear()
    await draft.close()
    assert places(simulator) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Which words?", "Which words?"),
        ("# **Plan**\nfor `main.py`, see https://x.example/y", "Plan for main.py, see"),
        ("", "Question from Ada"),
        ("word " * 40, ("word " * 16).strip()),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_thread_is_named_by_the_beginning_of_the_question(text: str, name: str) -> None:
    conversation = Conversation(platform="discord", workspace="W", channel="C")
    audience = Audience(scope="workspace", id="discord/W")
    message = Message(
        id="m", conversation=conversation, audience=audience, author=Person(id="1", name="Ada"), text=text
    )
    assert title(message) == name


async def foreign(simulator: DiscordSimulator, steward: Steward) -> tuple[Interaction, Message]:
    """Let somebody use the bot where it is no member."""
    ada = simulator.person("Ada")
    simulator.install(ada)
    away = simulator.channel("away", server=simulator.add_server("Elsewhere"))
    interaction = await simulator.command(away, ada, "ask", {"question": "why?"})
    message = await steward.heard()
    await until(lambda: interaction.response is not None)
    return interaction, message


async def test_where_only_a_person_installed_the_bot_it_answers_through_the_command(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    interaction, message = await foreign(simulator, steward)
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await draft.show(SkillStarted(call=CALL))
    await until(lambda: "draw chart" in places(simulator)[0][1] if said(simulator) else False)
    await draft.send(part(0, Reply(text="One.")))
    await draft.send(part(1, Reply(text="Two.")))
    await draft.clear()
    await draft.close()
    assert interaction.original is not None
    assert [shown.text for shown in said(simulator)] == ["One.", "Two."]
    assert not [call for call in simulator.calls if call.method == "POST" and call.path.endswith("/messages")]


async def test_more_answers_than_such_a_command_may_have_go_into_one_file_once(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    _, message = await foreign(simulator, steward)
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    for number in range(20):
        await draft.send(part(number, Reply(text=f"Part {number}.")))
    await draft.close()
    again = steward.platform.draft(Turn(id=1, message=message, attempt=2))
    await again.send(part(19, Reply(text="Part 19.")))
    await again.close()
    first, *more = said(simulator)
    assert [shown.text for shown in more] == [f"Part {number}." for number in range(1, 6)]
    assert first.text == "Part 0."
    [file] = first.files
    assert file.name == "answer-6-to-19.md"
    assert file.content.decode().split("\n") == [f"Part {number}." for number in range(6, 20)]


async def test_an_answer_that_comes_too_late_for_such_a_command_says_so(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    _, message = await foreign(simulator, steward)
    simulator.clock.advance(16 * 60)
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    with pytest.raises(PlatformError, match=EXPIRED) as caught:
        await draft.send(part(0, Reply(text="One.")))
    await draft.close()
    assert caught.value.permanent


async def test_controls_stand_under_the_answer_and_go_with_the_next_version(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    message = await question(simulator, general)
    turn = Turn(id=1, message=message, attempt=1)
    draft = steward.platform.draft(turn)
    sent = await draft.send(replace(part(0, Reply(text="Here.")), controls=under_answer(turn, ())))
    await draft.close()
    [shown] = said(simulator)
    assert [control.label for control in shown.controls] == ["Try again", "👍", "👎", "Why?"]
    assert [control.key for control in shown.controls] == [each.key for each in under_answer(turn, ())]
    again = steward.platform.draft(replace(turn, attempt=2, shown=(sent,)))
    await again.show(TextDelta(text="Half of it.\n"))
    await until(lambda: shown.text == "Half of it.")
    assert [control.key for control in shown.controls] == [each.key for each in while_running(turn)]
    await again.send(part(1, Reply(text="Whole.")))
    await again.close()
    assert (shown.text, shown.controls) == ("Whole.", [])


async def test_f46_files_over_the_limit_are_named_and_the_rest_lands(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    small = Attachment(filename="small.png", media_type="image/png", content=b"x")
    large = Attachment(filename="large.bin", media_type="application/octet-stream", content=bytes(11 * 1024 * 1024))
    huge = replace(large, filename="huge.bin", content=bytes(25 * 1024 * 1024))
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator, general), attempt=1))
    await draft.send(part(0, Reply(text="Here.", attachments=(small, large))))
    await draft.send(part(1, Reply(attachments=(huge,))))
    await draft.close()
    first, second = said(simulator)
    assert first.text == "Here.\n\n(Too large for Discord, which takes 10 MB here: large.bin (11 MB))"
    assert [(file.name, file.alt) for file in first.files] == [("small.png", "small")]
    assert second.text == "(Too large for Discord, which takes 24 MB here: huge.bin (25 MB))"


async def test_f46_a_command_tells_how_large_files_may_be(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    interaction = await simulator.command(general, simulator.world.owner, "ask", {"question": "why?"})
    message = await steward.heard()
    await until(lambda: interaction.response is not None)
    limited = replace(message, origin={**message.origin, "attachment_size_limit": str(1024 * 1024)})
    file = Attachment(filename="a.bin", media_type="application/octet-stream", content=bytes(2 * 1024 * 1024))
    await steward.answer(limited, Reply(text="Here.", attachments=(file,)))
    assert [shown.text for shown in said(simulator)] == [
        "Here.\n\n(Too large for Discord, which takes 1 MB here: a.bin (2 MB))"
    ]


async def test_f4_a_deletion_whose_response_was_lost_is_no_failure(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    message = await question(simulator, general)
    earlier = await steward.answer(message, Reply(text="word " * 700))
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=2, shown=tuple(earlier)))
    simulator.faults.lose_answer("DELETE", MESSAGE)
    simulator.faults.add("DELETE", MESSAGE, Fault(status=503))
    with pytest.raises(PlatformError) as caught:
        await draft.clear()
    assert not caught.value.permanent
    await draft.clear()
    await draft.close()
    assert places(simulator) == []


async def test_the_answer_to_a_command_is_removed_with_its_token_or_in_the_channel(
    simulator: DiscordSimulator, general: Channel, steward: Steward
) -> None:
    for late in (0, 16 * 60):
        interaction = await simulator.command(general, simulator.world.owner, "ask", {"question": f"why {late}?"})
        message = await steward.heard()
        await simulator.answered(interaction)
        sent = await steward.answer(message, Reply(text="word " * 700))
        simulator.clock.advance(late)
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=2, shown=tuple(sent)))
        await draft.clear()
        await draft.close()
    assert places(simulator) == []


@pytest.mark.parametrize("status", [403, 405])
async def test_f18_a_command_whose_answer_is_refused_is_answered_in_the_channel(
    simulator: DiscordSimulator, general: Channel, steward: Steward, status: int
) -> None:
    interaction = await simulator.command(general, simulator.world.owner, "ask", {"question": "why?"})
    message = await steward.heard()
    await simulator.answered(interaction)
    simulator.faults.add("PATCH", ORIGINAL, Fault(status=status, message="no"))
    await steward.answer(message, Reply(text="Because."))
    assert places(simulator) == [(None, "Because.")]


async def test_f22_an_archived_thread_is_opened_again_by_the_answer(
    simulator: DiscordSimulator, general: Channel
) -> None:
    thread = simulator.thread(general, "plans")
    async with listening(simulator, Steward(platform=made(simulator, show_every=0.01))) as steward:
        message = await question(simulator, thread)
        [earlier] = await steward.answer(message, Reply(text="Half."))
        simulator.faults.add("PATCH", MESSAGE, Fault(status=400, code=50083, message="Thread is archived"))
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=2, shown=(earlier,)))
        await draft.send(part(1, Reply(text="Whole.")))
        await draft.clear()
        await draft.close()
    assert places(simulator) == [(thread.id, "Whole.")]
