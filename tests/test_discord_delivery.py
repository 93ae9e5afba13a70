"""No answer lost and none doubled in Discord, whatever becomes of the requests."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots import text
from bots.discord.body import MAX_TEXT
from bots.discord.catch_up import CatchUp
from bots.discord.deferrals import Deferrals
from bots.discord.intake import Intake
from bots.discord.listen import Listener
from bots.discord.reply import split
from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.world import Channel
from core.channels import Channels
from core.config import CatchUpConfig
from core.errors import PlatformError
from core.messages import Attachment, Audience, Conversation, Message, Person, Reply, Turn
from core.outlet import Draft, Part
from tests.discord_team import KeptCursors, Steward, listening, made, part, said
from tests.inbox import KeptInbox, commands
from tests.nothing import NoStore
from tests.waiting import until

MESSAGES = "/channels/{channel_id}/messages"
WEBHOOK = "/webhooks/{application_id}/{token}"
ORIGINAL = WEBHOOK + "/messages/@original"
CALLBACK = "/interactions/{interaction_id}/{token}/callback"
PAST_THE_NONCE = 600
PAST_THE_TOKEN = 16 * 60
PNG = Attachment(filename="chart.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n", alt="A chart")


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


async def insist(draft: Draft, part: Part, tries: int = 20) -> str:
    """Send as the delivery does, without its pauses."""
    for _ in range(tries):
        try:
            return await draft.send(part)
        except PlatformError as error:
            if error.permanent:
                raise
    raise AssertionError(f"part {part.key} was not sent")


async def question(simulator: DiscordSimulator, channel: Channel, number: int) -> Message:
    """A question from before the bot connected, as it was stored."""
    asked = await simulator.say(channel, simulator.world.owner, f"question {number}")
    return Message(
        id=f"discord/{channel.id}/{asked.id}",
        conversation=Conversation(platform="discord", workspace="W", channel=channel.id),
        audience=Audience(scope="workspace", id="discord/W"),
        author=Person(id="1", name="Ada"),
        text=f"question {number}",
        origin={"channel_id": channel.id, "message_id": asked.id},
    )


def answers(simulator: DiscordSimulator) -> Counter[str]:
    return Counter(shown.text for shown in said(simulator))


async def test_f4_a_thousand_lost_responses_lose_and_double_nothing(simulator: DiscordSimulator) -> None:
    channels = [simulator.channel(f"c{number}") for number in range(40)]
    questions = [await question(simulator, channels[number % 40], number) for number in range(1000)]
    for _ in questions:
        simulator.faults.lose_answer("POST", MESSAGES)
    at_once = asyncio.Semaphore(50)
    async with listening(simulator) as steward:

        async def answer(number: int, message: Message) -> str:
            async with at_once:
                draft = steward.platform.draft(Turn(id=number, message=message, attempt=1))
                sent = await insist(draft, part(0, Reply(text=f"answer {number}"), turn=number))
                await draft.close()
                return sent

        ids = await asyncio.gather(*(answer(*each) for each in enumerate(questions)))
    assert answers(simulator) == {f"answer {number}": 1 for number in range(1000)}
    assert [shown.id for shown in said(simulator)] == sorted(ids)


@pytest.mark.parametrize("attachments", [(), (PNG,)])
@pytest.mark.parametrize("restarted", [False, True])
async def test_f4_a_lost_response_is_found_when_no_nonce_is_known_any_more(
    simulator: DiscordSimulator, restarted: bool, attachments: tuple[Attachment, ...]
) -> None:
    general, reply = simulator.channel("general"), Reply(text="The same to everybody.", attachments=attachments)
    known: set[str] = set()
    async with listening(simulator) as steward:
        for number in range(20):
            message = await question(simulator, general, number)
            draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
            for each in (part(0, reply), part(1, reply)):
                simulator.faults.lose_answer("POST", MESSAGES)
                with pytest.raises(PlatformError):
                    await draft.send(each)
                simulator.clock.advance(PAST_THE_NONCE)
                if restarted:
                    await draft.close()
                    draft = steward.platform.draft(Turn(id=1, message=message, attempt=2))
                again = replace(each, repeated=restarted, known=frozenset(known))
                known.add(await draft.send(again))
            await draft.close()
    assert answers(simulator) == {"The same to everybody.": 40}
    assert len(known) == 40


async def test_f7_a_part_that_was_never_sent_is_not_taken_for_another_that_looks_like_it(
    simulator: DiscordSimulator,
) -> None:
    general, reply = simulator.channel("general"), Reply(text="The same.")
    message = await question(simulator, general, 1)
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        known = frozenset([await draft.send(part(number, reply)) for number in range(3)])
        await draft.close()
        simulator.clock.advance(PAST_THE_NONCE)
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=2))
        await draft.send(replace(part(3, reply, repeated=True), known=known))
        await draft.close()
    assert answers(simulator) == {"The same.": 4}


async def test_f7_a_part_that_did_not_get_through_is_not_taken_for_the_one_before_it(
    simulator: DiscordSimulator,
) -> None:
    message = await question(simulator, simulator.channel("general"), 1)
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        for number in range(3):
            simulator.faults.add("POST", MESSAGES, Fault(cut=True))
            await insist(draft, part(number, Reply(text="The same.")))
            simulator.clock.advance(PAST_THE_NONCE)
        await draft.close()
    assert answers(simulator) == {"The same.": 3}


async def test_f4_a_nonce_in_the_history_tells_which_message_it_is() -> None:
    async with DiscordSimulator(nonces=True) as simulator:
        message = await question(simulator, simulator.channel("general"), 1)
        async with listening(simulator) as steward:
            draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
            sent = [await draft.send(part(number, Reply(text="The same."))) for number in range(3)]
            await draft.close()
            simulator.clock.advance(PAST_THE_NONCE)
            draft = steward.platform.draft(Turn(id=1, message=message, attempt=2))
            again = [await draft.send(part(number, Reply(text="The same."), repeated=True)) for number in (2, 1)]
            await draft.close()
        assert again == [sent[2], sent[1]]


async def test_f4_an_answer_far_down_the_channel_is_found(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    message = await question(simulator, general, 1)
    for number in range(250):
        await simulator.say(general, simulator.world.owner, f"chatter {number}")
    async with listening(simulator) as steward:
        [sent] = await steward.answer(message, Reply(text="Here."))
        simulator.clock.advance(PAST_THE_NONCE)
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=2))
        assert await draft.send(part(0, Reply(text="Here."), repeated=True)) == sent
        await draft.close()


@pytest.mark.parametrize(("unreadable", "wait"), [(True, PAST_THE_NONCE), (True, 0), (False, PAST_THE_NONCE)])
async def test_f4_what_cannot_be_looked_for_is_sent_with_a_mark(
    simulator: DiscordSimulator, unreadable: bool, wait: float
) -> None:
    general = simulator.channel("general")
    general.unreadable = unreadable
    message = await question(simulator, general, 1)
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        if unreadable:  # then Discord takes no reply either
            simulator.faults.add("POST", MESSAGES, Fault(status=400, code=160002, message="Cannot reply"))
        simulator.faults.lose_answer("POST", MESSAGES)
        with pytest.raises(PlatformError):
            await draft.send(part(0, Reply(text="Here.")))
        simulator.clock.advance(wait)
        await draft.send(part(0, Reply(text="Here.")))
        await draft.send(part(1, Reply(text="More.")))
        await draft.close()
    again = [f"{text.REPEATED}\nHere."] if unreadable and wait else []
    assert [shown.text for shown in said(simulator)] == ["Here.", *again, "More."]


async def test_f4_a_channel_that_is_closed_to_us_counts_as_not_looked_at(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    message = await question(simulator, general, 1)
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=2))
        for _ in range(2):  # for what an earlier attempt showed, and for the part
            simulator.faults.add("GET", MESSAGES, Fault(status=403, code=50001, message="Missing Access"))
        await draft.send(part(0, Reply(text="Here."), repeated=True))
        await draft.close()
    assert [shown.text for shown in said(simulator)] == [f"{text.REPEATED}\nHere."]


async def test_f4_a_history_that_fails_for_now_is_read_later(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    message = await question(simulator, general, 1)
    async with listening(simulator) as steward:
        [sent] = await steward.answer(message, Reply(text="Here."))
        simulator.clock.advance(PAST_THE_NONCE)
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=2))
        simulator.faults.add("GET", MESSAGES, Fault(status=503))
        assert await insist(draft, part(0, Reply(text="Here."), repeated=True), tries=2) == sent
        await draft.close()


async def test_f4_an_answer_that_failed_after_it_was_taken_is_found(simulator: DiscordSimulator) -> None:
    message = await question(simulator, simulator.channel("general"), 1)
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        simulator.faults.add("POST", MESSAGES, Fault(status=503, performs=True))
        with pytest.raises(PlatformError):
            await draft.send(part(0, Reply(text="Here.")))
        simulator.clock.advance(PAST_THE_NONCE)
        await draft.send(part(0, Reply(text="Here.")))
        await draft.close()
    assert answers(simulator) == {"Here.": 1}


async def test_f4_an_answer_whose_question_was_deleted_meanwhile_is_not_doubled_unsaid(
    simulator: DiscordSimulator,
) -> None:
    message = await question(simulator, simulator.channel("general"), 1)
    await simulator.delete(simulator.world.messages[message.origin["message_id"]])
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        simulator.faults.lose_answer("POST", MESSAGES)
        with pytest.raises(PlatformError):
            await draft.send(part(0, Reply(text="Here.")))
        simulator.clock.advance(PAST_THE_NONCE)
        await draft.send(part(0, Reply(text="Here.")))
        await draft.close()
    assert [shown.text for shown in said(simulator)] == ["Here.", f"{text.REPEATED}\nHere."]


async def test_f4_another_answer_with_the_same_words_is_not_taken_for_it(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    first, second = [await question(simulator, general, number) for number in range(2)]
    async with listening(simulator) as steward:
        await steward.answer(second, Reply(text="Yes."))
        draft = steward.platform.draft(Turn(id=1, message=first, attempt=2))
        await draft.send(part(0, Reply(text="Yes."), repeated=True))
        await draft.close()
    replies = [simulator.world.messages[shown.id].reply_to for shown in said(simulator)]
    assert replies == [second.origin["message_id"], first.origin["message_id"]]


async def command(simulator: DiscordSimulator, steward: Steward, channel: Channel) -> Message:
    interaction = await simulator.command(channel, simulator.world.owner, "ask", {"question": "why?"})
    message = await steward.heard()
    await until(lambda: interaction.response is not None)
    return message


@pytest.mark.parametrize("fault", [Fault(performs=True, cut=True), Fault(performs=True, status=502)])
@pytest.mark.parametrize("attachments", [(), (PNG,)])
async def test_f4_follow_ups_whose_responses_were_lost_are_sent_once(
    simulator: DiscordSimulator, fault: Fault, attachments: tuple[Attachment, ...]
) -> None:
    general = simulator.channel("general")
    count = 20 if fault.cut else 1  # the library waits before it tries again
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=await command(simulator, steward, general), attempt=1))
        await draft.send(part(0, Reply(text="First.")))
        for number in range(1, count + 1):
            simulator.faults.add("POST", WEBHOOK, fault)
            await insist(draft, part(number, Reply(text=f"{number}", attachments=attachments)))
    assert [shown.text for shown in said(simulator)] == ["First.", *(f"{n}" for n in range(1, count + 1))]


async def test_f4_a_follow_up_where_nothing_can_be_read_is_sent_with_a_mark(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    general.unreadable = True
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=await command(simulator, steward, general), attempt=1))
        await draft.send(part(0, Reply(text="First.")))
        simulator.faults.lose_answer("POST", WEBHOOK)
        await insist(draft, part(1, Reply(text="Second.")))
    assert [shown.text for shown in said(simulator)] == ["First.", "Second.", f"{text.REPEATED}\nSecond."]


@pytest.mark.parametrize("attachments", [(), (PNG,)])
async def test_f4_an_edit_whose_response_was_lost_is_made_again_in_place(
    simulator: DiscordSimulator, attachments: tuple[Attachment, ...]
) -> None:
    general = simulator.channel("general")
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=await command(simulator, steward, general), attempt=1))
        for _ in range(3):
            simulator.faults.lose_answer("PATCH", ORIGINAL)
        await insist(draft, part(0, Reply(text="Here.", attachments=attachments)))
    assert [(shown.text, len(shown.files)) for shown in said(simulator)] == [("Here.", len(attachments))]


async def test_f4_an_edit_that_was_lost_with_its_token_is_found(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with listening(simulator) as steward:
        message = await command(simulator, steward, general)
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        simulator.faults.lose_answer("PATCH", ORIGINAL)
        with pytest.raises(PlatformError):
            await draft.send(part(0, Reply(text="Here.")))
    simulator.clock.advance(PAST_THE_TOKEN)
    async with listening(simulator) as again:
        draft = again.platform.draft(Turn(id=1, message=message, attempt=2))
        await draft.send(part(0, Reply(text="Here."), repeated=True))
    assert [shown.text for shown in said(simulator)] == ["Here."]


@pytest.mark.parametrize("expired", [False, True])
async def test_f7_a_preview_is_finished_in_place_after_a_kill_else_in_the_channel(
    simulator: DiscordSimulator, expired: bool
) -> None:
    general = simulator.channel("general")
    async with listening(simulator) as killed:
        interaction = await simulator.command(general, simulator.world.owner, "ask", {"question": "why?"})
        message = await killed.heard()
        await until(lambda: interaction.response is not None)
    simulator.clock.advance(PAST_THE_TOKEN * expired)
    async with listening(simulator) as after:
        [sent] = await after.answer(message, Reply(text="Because."))
    assert interaction.original is not None
    assert (sent == interaction.original.id) is not expired
    assert [(shown.channel, shown.text) for shown in said(simulator)] == [(general.id, "Because.")]


async def test_f16_a_slow_command_is_deferred_at_once(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with listening(simulator) as steward:
        await command(simulator, steward, general)
        assert said(simulator) == []


async def test_f17_a_rate_limited_edit_lands_all_the_same(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with listening(simulator) as steward:
        message = await command(simulator, steward, general)
        for _ in range(2):
            limited = Fault(status=429, message="You are being rate limited.", retry_after=0.01)
            simulator.faults.add("PATCH", ORIGINAL, limited)
        await steward.answer(message, Reply(text="Because."))
    assert [(shown.text, shown.edits) for shown in said(simulator)] == [("Because.", 0)]


async def test_f21_f22_an_answer_to_a_deleted_question_stays_in_its_thread(simulator: DiscordSimulator) -> None:
    thread = simulator.thread(simulator.channel("general"), "plans")
    async with listening(simulator) as steward:
        asked = await simulator.mention(thread, simulator.world.owner, "hello")
        message = await steward.heard()
        await simulator.delete(asked)
        [sent] = await steward.answer(message, Reply(text="Hello."))
    assert [shown.thread for shown in said(simulator)] == [thread.id]
    assert simulator.world.messages[sent].reply_to is None


@pytest.mark.parametrize("code", [10008, 50035, 160002])
async def test_f21_f22_a_refused_reference_is_dropped_and_the_thread_kept(
    simulator: DiscordSimulator, code: int
) -> None:
    thread = simulator.thread(simulator.channel("general"), "plans")
    async with listening(simulator) as steward:
        await simulator.mention(thread, simulator.world.owner, "hello")
        message = await steward.heard()
        simulator.faults.add("POST", MESSAGES, Fault(status=400, code=code, message="No reference"))
        [sent] = await steward.answer(message, Reply(text="Hello."))
    assert [shown.thread for shown in said(simulator)] == [thread.id]
    assert simulator.world.messages[sent].reply_to is None


async def test_f46_a_note_that_does_not_fit_is_cut_and_the_text_lands(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    message = await question(simulator, general, 1)
    [piece] = split(Reply(text="x" * 1900))
    note = "(I could not upload chart.png: " + "y" * 300
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        await draft.send(part(0, Reply(text=f"{piece.text}\n\n{note}")))
        await draft.close()
    [shown] = said(simulator)
    assert shown.text.startswith(f"{piece.text}\n\n(I could not upload chart.png: yyy")
    assert len(shown.text) == MAX_TEXT


fences = st.sampled_from(
    ["```py\n", "```\n", "~~~~\n", "`", "@everyone", "@here", "<@123>", "<@&456>", "👩‍👩‍👧", "漢字", "\n\n"]
)
texts = st.lists(st.one_of(fences, st.text(max_size=40), st.text(min_size=1, max_size=3).map(lambda s: s * 300))).map(
    "".join
)


@given(texts)
@settings(deadline=None)
def test_f20_no_piece_is_over_the_limit_with_or_without_the_mark(said: str) -> None:
    for piece in split(Reply(text=said)):
        assert len(f"{text.REPEATED}\n{piece.text}".encode("utf-16-le")) <= 2 * MAX_TEXT


@given(texts)
@settings(deadline=None)
def test_f20_nothing_is_dropped_where_a_text_is_cut(said: str) -> None:
    pieces = "".join(piece.text for piece in split(Reply(text=said)))
    there = iter(pieces)
    assert all(any(shown == character for shown in there) for character in said if not character.isspace())


def test_f20_a_piece_has_room_for_the_mark() -> None:
    [piece] = split(Reply(text="x" * 1900))
    assert len(f"{text.REPEATED}\n{piece.text}") <= MAX_TEXT


@pytest.mark.parametrize("by_command", [False, True])
async def test_f20_an_answer_in_many_pieces_pings_nobody(simulator: DiscordSimulator, by_command: bool) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    pinging = f"@everyone @here {ada.mention} {simulator.world.bot_role.mention} "
    async with listening(simulator) as steward:
        if by_command:
            message = await command(simulator, steward, general)
        else:
            message = await question(simulator, general, 1)
        await steward.answer(message, Reply(text=pinging * 200))
    assert len(said(simulator)) > 3
    assert simulator.pings == []


async def test_a_stop_closes_the_connection_and_what_is_sent_then_fails_for_now(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    messages = [await question(simulator, general, number) for number in range(2)]
    platform = made(simulator)
    async with asyncio.timeout(10):
        async with listening(simulator, Steward(platform=platform)):
            going_on = simulator.faults.hold("POST", MESSAGES)
            drafts = [platform.draft(Turn(id=1, message=each, attempt=1)) for each in messages]
            under_way = asyncio.create_task(drafts[0].send(part(0, Reply(text="One."))))
            await until(lambda: any(call.path.endswith("/messages") for call in simulator.calls))
        for sending in (under_way, drafts[1].send(part(0, Reply(text="Two.")))):
            with pytest.raises(PlatformError) as caught:
                await sending
            assert not caught.value.permanent
    assert simulator.gateway.sessions == {}
    going_on.set()
    for draft in drafts:
        await draft.close()


async def test_f12_a_deaf_connection_is_begun_anew_and_what_it_missed_is_found(
    simulator: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "steward")
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    steward = Steward(platform=made(simulator, quiet_after=0.5))
    async with listening(simulator, steward):
        await simulator.mention(general, ada, "one")
        assert (await steward.heard()).text == "one"
        simulator.gateway.deafen()
        await simulator.mention(general, ada, "two")
        message = await steward.heard()
        assert message.text == "two"
        await steward.answer(message, Reply(text="Heard."))
        assert simulator.gateway.resumed == 0, "a deaf session was resumed"
        assert simulator.gateway.identified >= 2
        assert len(simulator.gateway.sessions) <= 1, "a deaf session was not ended"
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_f12_a_connection_over_which_events_come_is_left_alone() -> None:
    intake = Intake(KeptInbox(), commands(), Deferrals(), KeptCursors(), Channels(NoStore()))
    listener = Listener(intake, CatchUp(intake, KeptCursors(), CatchUpConfig()))
    await listener.on_resumed()
    quiet = asyncio.create_task(listener.quiet(1.0))
    for _ in range(25):
        await listener.on_socket_event_type("TYPING_START")
        await asyncio.sleep(0.05)
    assert not quiet.done(), "taken for deaf although events came"
    await asyncio.wait_for(quiet, 10)


async def test_f38_an_edited_message_is_no_new_question(simulator: DiscordSimulator) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    async with listening(simulator) as steward:
        asked = await simulator.mention(general, ada, "once")
        await steward.heard()
        await simulator.edit(asked, asked.content)
        await simulator.edit(asked, f"{simulator.bot.mention} something else")
        await simulator.mention(general, ada, "last")
        assert (await steward.heard()).text == "last"
        assert steward.inbox.empty()


async def test_f40_f41_bots_and_our_own_errors_ask_nothing(simulator: DiscordSimulator) -> None:
    ada, general, robot = simulator.person("Ada"), simulator.channel("general"), simulator.other_bot("Robot")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "hello")
        trouble = f"{simulator.bot.mention} Something went wrong inside me."
        [error] = await steward.answer(await steward.heard(), Reply(text=trouble))
        await simulator.say(general, robot, f"{simulator.bot.mention} what do you mean?", reply_to=error)
        await simulator.dm(ada, "last")
        assert (await steward.heard()).text == "last"
        assert steward.inbox.empty()
