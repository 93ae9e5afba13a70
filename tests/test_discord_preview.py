"""An answer that can be watched while it is made in Discord, and what stands there in the end: the answer, once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import cast
from unittest.mock import AsyncMock

import pytest

from bots.discord.rest import Rest
from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.world import Channel
from bots.simulator.transcript import Shown
from bots.text import REPEATED
from core.errors import PlatformError
from core.events import Event, Finished, Restarted, SkillFinished, SkillStarted, TextDelta
from core.items import Call, Result
from core.messages import Attachment, Audience, Conversation, JsonObject, Message, Person, Reply, Turn
from core.outlet import Draft
from tests import link_corpus
from tests.discord_team import Steward, listening, made, part, said
from tests.waiting import until

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
PAST_THE_NONCE = 600
NO_REPLY = Fault(status=400, code=160002, message="Cannot reply without permission to read message history")
PNG = Attachment(filename="chart.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n", alt="A chart")
CALL = Call(id="c1", name="draw_chart", arguments="{}")


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


@pytest.fixture
async def steward(simulator: DiscordSimulator) -> AsyncIterator[Steward]:
    """Connected, and quick to show what is done; with one channel."""
    simulator.channel("general")
    async with listening(simulator, Steward(platform=made(simulator, show_every=0.01))) as listening_steward:
        yield listening_steward


def general(simulator: DiscordSimulator) -> Channel:
    return next(each for each in simulator.world.channels.values() if each.name == "general")


async def question(simulator: DiscordSimulator, channel: Channel | None = None, **origin: str) -> Message:
    channel = channel or general(simulator)
    asked = await simulator.say(channel, simulator.world.owner, "question")
    return Message(
        id=f"discord/{channel.id}/{asked.id}",
        conversation=Conversation(platform="discord", workspace="W", channel=channel.id),
        audience=Audience(scope="workspace", id="discord/W"),
        author=Person(id="1", name="Ada"),
        text="Which words did we use most?",
        origin={"channel_id": channel.id, "message_id": asked.id, **origin},
    )


@dataclass(slots=True, kw_only=True)
class Noted:
    """Keeps what the turns would store of a draft."""

    ids: list[str] = field(default_factory=list)

    async def __call__(self, ids: Sequence[str]) -> None:
        self.ids = list(ids)


def finished(text: str) -> Finished:
    return Finished(reply=Reply(text=text))


def standing(simulator: DiscordSimulator) -> list[Shown]:
    """What people see of the bot now, from top to bottom."""
    return sorted((shown for shown in said(simulator) if not shown.deleted), key=lambda shown: int(shown.id))


def texts(simulator: DiscordSimulator) -> list[str]:
    return [shown.text for shown in standing(simulator)]


def payloads(simulator: DiscordSimulator, *methods: str) -> list[JsonObject]:
    """The bodies of requests that wrote something people see."""
    return [
        call.payload
        for call in simulator.calls
        if call.method in methods and isinstance(call.payload, dict) and "content" in call.payload
    ]


async def show(draft: Draft, *events: Event) -> None:
    for event in events:
        await draft.show(event)


async def visible(simulator: DiscordSimulator, text: str) -> Shown:
    """Wait until people see a text from the bot."""
    return await simulator.transcript.wait(
        lambda shown: shown.author == simulator.bot.id and not shown.deleted and text in shown.text
    )


async def insist(draft: Draft, text: str, number: int = 0, **more: object) -> str:
    """Send as the delivery does, without its pauses."""
    sending = replace(part(number, Reply(text=text)), **more)  # type: ignore[arg-type]
    for _ in range(20):
        try:
            return await draft.send(sending)
        except PlatformError as error:
            if error.permanent:
                raise
    raise AssertionError("not sent")


async def test_a_text_can_be_read_while_it_is_written_and_the_answer_takes_its_place(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    noted, message = Noted(), await question(simulator)
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1), noted)
    await show(draft, TextDelta(text="You used "))
    shown = await visible(simulator, "You used")
    await until(lambda: noted.ids == [shown.id])
    await show(draft, TextDelta(text="“we” most.\n"))
    await visible(simulator, "“we” most.")
    await show(draft, finished("You used “we” most."))
    assert await draft.send(part(0, Reply(text="You used “we” most."))) == shown.id
    await draft.clear()
    await draft.close()
    assert texts(simulator) == ["You used “we” most."]
    assert simulator.world.messages[shown.id].reply_to == message.origin["message_id"]


REFUSALS = (
    Fault(status=403, code=50001, message="Missing Access"),
    Fault(status=403, code=50013, message="Missing Permissions"),
    Fault(status=404, message="404: Not Found"),
    Fault(status=405, message="405: Method Not Allowed"),
    Fault(status=501, message="Not Implemented"),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda fault: f"{fault.status}-{fault.code}")
async def test_f18_an_answer_whose_preview_may_not_be_edited_is_posted_anew(
    simulator: DiscordSimulator, steward: Steward, refusal: Fault
) -> None:
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    await show(draft, SkillStarted(call=CALL))
    await visible(simulator, "draw chart")
    simulator.faults.add("PATCH", MESSAGE, refusal)
    await show(draft, finished("“We”."))
    await draft.send(part(0, Reply(text="“We”.")))
    await draft.clear()
    await draft.close()
    assert texts(simulator) == ["“We”."]


async def test_f18_an_answer_goes_out_anew_where_its_edits_keep_failing(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    message = await question(simulator)
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await show(draft, TextDelta(text="“We”.\n"))
    preview = await visible(simulator, "“We”.")
    for _ in range(2):
        simulator.faults.add("PATCH", MESSAGE, Fault(status=503, performs=True, message="Service Unavailable"))
    await show(draft, finished("“We”."))
    assert await insist(draft, "“We”.") != preview.id
    await draft.clear()
    await draft.close()
    assert texts(simulator) == ["“We”."]


async def test_an_edit_whose_answer_shows_no_message_counts_as_not_done(
    simulator: DiscordSimulator, steward: Steward, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    await show(draft, SkillStarted(call=CALL))
    await visible(simulator, "draw chart")
    monkeypatch.setattr(Rest, "edit", AsyncMock(return_value=""))
    await show(draft, finished("“We”."))
    await draft.send(part(0, Reply(text="“We”.")))
    await draft.clear()
    await draft.close()
    assert texts(simulator) == ["“We”."]


async def test_a_server_that_knows_no_edits_is_shown_answers_only(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    simulator.faults.add("PATCH", MESSAGE, Fault(status=405, message="405: Method Not Allowed"))
    for number in (1, 2):
        draft = steward.platform.draft(Turn(id=number, message=await question(simulator), attempt=1))
        await show(draft, SkillStarted(call=CALL))
        await (visible(simulator, "draw chart") if number == 1 else asyncio.sleep(0.05))
        await show(draft, finished("“We”."))
        await draft.send(part(0, Reply(text="“We”."), turn=number))
        await draft.clear()
        await draft.close()
    assert [shown.text for shown in said(simulator)].count("“We”.") == 2
    assert len(said(simulator)) == 3


async def test_a_message_that_may_not_be_deleted_keeps_none_of_the_others(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    message = await question(simulator)
    sent = await steward.answer(message, Reply(text="word " * 1000))
    simulator.faults.add("DELETE", MESSAGE, Fault(status=403, code=50013, message="Missing Permissions"))
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=2, shown=tuple(sent)))
    with pytest.raises(PlatformError) as caught:
        await draft.clear()
    await draft.close()
    assert caught.value.permanent
    assert [shown.id for shown in standing(simulator)] == sent[:1]


async def test_a_quick_answer_is_posted_without_a_preview(simulator: DiscordSimulator) -> None:
    simulator.channel("general")
    async with listening(simulator) as steward:
        draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
        await show(draft, TextDelta(text="Yes."), finished("Yes."))
        await draft.send(part(0, Reply(text="Yes.")))
        await draft.close()
    assert [(shown.text, shown.edits) for shown in standing(simulator)] == [("Yes.", 0)]


async def test_skills_are_shown_while_they_run_with_a_button_that_stops_the_work(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    draft = steward.platform.draft(Turn(id=81, message=await question(simulator), attempt=1))
    await show(draft, SkillStarted(call=CALL))
    shown = await visible(simulator, "-# ⏳ draw chart …")
    [posted] = payloads(simulator, "POST")
    assert "steward.stop.81." in str(posted["components"])
    await show(draft, SkillFinished(call=CALL, result=Result(call_id="c1", name="draw_chart", text=""), seconds=0.84))
    await visible(simulator, "-# ✓ draw chart · 0.8 s")
    await draft.send(replace(part(0, Reply(text="Here.", attachments=(PNG,))), opens=True))
    await draft.close()
    assert payloads(simulator, "PATCH")[-1]["components"] == []
    assert [(each.id, each.text, each.files[0].alt) for each in standing(simulator)] == [(shown.id, "Here.", "A chart")]


async def test_typing_is_shown_only_until_there_is_something_to_read(
    simulator: DiscordSimulator, steward: Steward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.discord.reply._TYPING_SECONDS", 0.01)
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    await until(lambda: len(simulator.typing) > 2)
    await show(draft, SkillStarted(call=CALL))
    await visible(simulator, "draw chart")
    await asyncio.sleep(0.05)
    typed = len(simulator.typing)
    await asyncio.sleep(0.05)
    assert len(simulator.typing) == typed
    await draft.close()


async def test_f20_a_long_text_goes_on_in_the_next_message_and_the_parts_take_their_places(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    noted = Noted()
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1), noted)
    code = "```py\n" + "x = 1\n" * 700 + "```"
    await show(draft, TextDelta(text=code))
    await until(lambda: len(noted.ids) == 3)
    assert all(shown.text.startswith("```py\n") and shown.text.endswith("```") for shown in standing(simulator))
    await show(draft, finished(code))
    pieces = steward.platform.split(Reply(text=code))
    sent = [await draft.send(part(number, piece)) for number, piece in enumerate(pieces)]
    await draft.close()
    assert sent == noted.ids
    assert texts(simulator) == [piece.text for piece in pieces]


async def test_what_no_part_takes_the_place_of_is_deleted(simulator: DiscordSimulator, steward: Steward) -> None:
    noted = Noted()
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1), noted)
    await show(draft, TextDelta(text="word " * 1200))
    await until(lambda: len(noted.ids) == 4)
    await simulator.delete(simulator.world.messages[noted.ids[2]])
    await show(draft, Restarted(reason="cut off"), finished("Short."))
    await draft.send(part(0, Reply(text="Short.")))
    await draft.clear()
    await draft.clear()
    await draft.close()
    assert texts(simulator) == ["Short."]


async def test_an_answer_that_begins_again_is_shown_as_it_is_now(simulator: DiscordSimulator, steward: Steward) -> None:
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    await show(draft, TextDelta(text="word " * 700))
    await until(lambda: len(standing(simulator)) == 2)
    await show(draft, Restarted(reason="cut off"), TextDelta(text="Better.\n"))
    await until(lambda: texts(simulator) == ["Better.", "-# …"])
    await draft.close()


async def test_a_command_is_shown_and_answered_in_its_one_deferred_message(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    interaction = await simulator.command(general(simulator), simulator.world.owner, "ask", {"question": "why?"})
    message = await steward.heard()
    await until(lambda: interaction.response is not None)
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await show(draft, TextDelta(text="word " * 700))
    shown = await visible(simulator, "-# …")
    assert len(standing(simulator)) == 1
    pieces = steward.platform.split(Reply(text="word " * 700))
    sent = [await draft.send(part(number, piece)) for number, piece in enumerate(pieces)]
    await draft.clear()
    await draft.close()
    assert interaction.original is not None
    assert sent[0] == shown.id == interaction.original.id
    assert texts(simulator) == [piece.text for piece in pieces]


async def test_a_command_whose_token_expires_meanwhile_is_answered_in_the_same_message(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    interaction = await simulator.command(general(simulator), simulator.world.owner, "ask", {"question": "why?"})
    message = await steward.heard()
    await until(lambda: interaction.response is not None)
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await show(draft, SkillStarted(call=CALL))
    shown = await visible(simulator, "draw chart")
    simulator.clock.advance(16 * 60)
    assert await draft.send(part(0, Reply(text="Because."))) == shown.id
    await draft.send(part(1, Reply(text="And so on.")))
    await draft.close()
    assert texts(simulator) == ["Because.", "And so on."]


async def test_f17_edits_that_are_limited_coalesce_and_the_final_text_lands(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    await show(draft, TextDelta(text="0 "))
    await visible(simulator, "0")
    for _ in range(3):
        limited = Fault(status=429, message="You are being rate limited.", retry_after=0.1)
        simulator.faults.add("PATCH", MESSAGE, limited)
    for number in range(1, 100):
        await show(draft, TextDelta(text=f"{number} "))
        await asyncio.sleep(0.001)
    text = " ".join(map(str, range(100)))
    await show(draft, finished(text))
    await draft.send(part(0, Reply(text=text)))
    await draft.close()
    assert texts(simulator) == [text]
    assert len(payloads(simulator, "PATCH")) < 30


@pytest.mark.parametrize("fault", [Fault(performs=True, cut=True), Fault(cut=True), Fault(status=503, performs=True)])
@pytest.mark.parametrize("unreadable", [False, True])
async def test_f4_a_preview_whose_response_was_lost_is_there_once(
    simulator: DiscordSimulator, steward: Steward, fault: Fault, unreadable: bool
) -> None:
    general(simulator).unreadable = unreadable
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    if unreadable:
        simulator.faults.add("POST", MESSAGES, NO_REPLY)
    for _ in range(2):
        simulator.faults.add("POST", MESSAGES, fault)
    await show(draft, TextDelta(text="Half of it.\n"))
    await until(lambda: len(payloads(simulator, "POST")) == 1 + unreadable)
    await show(draft, finished("Whole."))
    await insist(draft, "Whole.")
    await draft.clear()
    await draft.close()
    marked = unreadable and not fault.performs  # nobody can tell that it was not there
    assert texts(simulator) == [f"{REPEATED}\nWhole." if marked else "Whole."]


async def test_f4_an_edit_whose_response_was_lost_is_made_again(simulator: DiscordSimulator, steward: Steward) -> None:
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    await show(draft, TextDelta(text="Half of it.\n"))
    await visible(simulator, "Half")
    for _ in range(3):
        simulator.faults.lose_answer("PATCH", MESSAGE)
    await show(draft, TextDelta(text="And more.\n"))
    await visible(simulator, "And more.")
    await show(draft, finished("Whole."))
    await insist(draft, "Whole.")
    await draft.close()
    assert texts(simulator) == ["Whole."]


async def test_f6_f7_what_a_killed_attempt_showed_is_taken_over(simulator: DiscordSimulator, steward: Steward) -> None:
    noted, message = Noted(), await question(simulator)
    killed = steward.platform.draft(Turn(id=1, message=message, attempt=1), noted)
    await show(killed, TextDelta(text="word " * 700))
    await until(lambda: len(noted.ids) == 2)
    await killed.close()
    before = noted.ids
    again = steward.platform.draft(Turn(id=1, message=message, attempt=2, shown=tuple(before)), noted)
    await show(again, TextDelta(text="Once more.\n"))
    await until(lambda: texts(simulator)[0] == "Once more.")
    assert await again.send(part(0, Reply(text="Once more: this."))) == before[0]
    await again.clear()
    await again.close()
    assert texts(simulator) == ["Once more: this."]


@pytest.mark.parametrize("wait", [0, PAST_THE_NONCE])
@pytest.mark.parametrize("resumed", [False, True])
async def test_f6_f7_what_was_shown_but_not_written_down_is_found(
    simulator: DiscordSimulator, steward: Steward, wait: float, resumed: bool
) -> None:
    message = await question(simulator)
    killed = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await show(killed, TextDelta(text="Half of it.\n"))
    shown = await visible(simulator, "Half")
    await killed.close()
    simulator.clock.advance(wait)
    noted = Noted()
    again = steward.platform.draft(Turn(id=1, message=message, attempt=2), noted)
    if resumed:
        await show(again, TextDelta(text="Once "))
        await visible(simulator, "Once")
    assert await insist(again, "Once more.", repeated=not resumed) == shown.id
    await again.clear()
    await again.close()
    assert noted.ids == [shown.id]
    assert texts(simulator) == ["Once more."]


async def test_f7_parts_that_were_sent_are_not_written_over(simulator: DiscordSimulator, steward: Steward) -> None:
    noted, message = Noted(), await question(simulator)
    killed = steward.platform.draft(Turn(id=1, message=message, attempt=1), noted)
    await show(killed, TextDelta(text="word " * 1000))
    await until(lambda: len(noted.ids) == 3)
    first, second, third = noted.ids
    assert await killed.send(part(0, Reply(text="One."))) == first
    assert await killed.send(part(1, Reply(text="Two."))) == second  # killed before this was written down
    await killed.close()
    again = steward.platform.draft(Turn(id=1, message=message, attempt=2, shown=(second, third)), noted)
    known = frozenset({first})
    assert await again.send(replace(part(1, Reply(text="Two."), repeated=True), known=known)) == second
    await again.clear()
    await again.close()
    assert texts(simulator) == ["One.", "Two."]


async def test_f39_a_new_answer_takes_the_place_of_the_earlier_one_with_its_files(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    message = await question(simulator)
    earlier = await steward.answer(message, Reply(text="word " * 700, attachments=(PNG,)))
    turn = Turn(id=1, message=message, attempt=2, shown=tuple(earlier))
    draft = steward.platform.draft(turn)
    await show(draft, TextDelta(text="Now "))
    await until(lambda: texts(simulator)[0] == "Now ".strip())
    assert [await draft.send(part(2, Reply(text="Now this.")))] == earlier[:1]
    await draft.clear()
    await draft.close()
    assert [(shown.text, shown.files) for shown in standing(simulator)] == [("Now this.", [])]


async def test_a_preview_that_somebody_deleted_is_not_shown_again_and_the_answer_is(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    await show(draft, TextDelta(text="Half of it.\n"))
    shown = await visible(simulator, "Half")
    await simulator.delete(simulator.world.messages[shown.id])
    await show(draft, TextDelta(text="And more.\n"))
    await until(lambda: len(payloads(simulator, "PATCH")) == 1)
    await show(draft, TextDelta(text="."), finished("Whole."))
    assert await draft.send(part(0, Reply(text="Whole."))) != shown.id
    await draft.clear()
    await draft.close()
    assert texts(simulator) == ["Whole."]


async def test_f21_a_preview_stands_without_a_question_that_is_gone(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    message = await question(simulator)
    await simulator.delete(simulator.world.messages[message.origin["message_id"]])
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    simulator.faults.add("POST", MESSAGES, Fault(status=400, code=50035, message="Unknown message"))
    await show(draft, TextDelta(text="Half of it.\n"))
    await visible(simulator, "Half")
    await draft.send(part(0, Reply(text="Whole.")))
    await draft.close()
    assert texts(simulator) == ["Whole."]


async def test_s2_s3_nothing_that_is_shown_at_any_time_links_or_pings(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    ping = f"@everyone {simulator.world.owner.mention}"
    text = "\n\n".join(
        f"{ping} {each}" for each in Random(1).sample(sorted(link_corpus.texts()), 50) if "`" not in each
    )
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    for start in range(0, len(text), 7):
        await show(draft, TextDelta(text=text[start : start + 7]))
        await asyncio.sleep(0.001)
    await show(draft, SkillStarted(call=replace(CALL, name=ping)))
    await until(lambda: len(payloads(simulator, "PATCH")) > 2)
    await show(draft, finished(text))
    picture = replace(PNG, alt=text[:500])
    for number, piece in enumerate(steward.platform.split(Reply(text=text, attachments=(picture,)))):
        await draft.send(part(number, piece))
    await draft.clear()
    await draft.close()
    assert [link for shown in said(simulator) for link in shown.links] == []
    assert [shown.pings for shown in said(simulator) if shown.pings] == []
    for written in payloads(simulator, "POST", "PATCH"):
        assert written["allowed_mentions"] == {"parse": []}
        assert cast("int", written["flags"]) & 4


async def test_f17_edits_keep_to_the_rate_that_the_headers_allow() -> None:
    async with DiscordSimulator(edit_limit=(5, 0.2)) as simulator:
        simulator.channel("general")
        async with listening(simulator, Steward(platform=made(simulator, show_every=0.01))) as steward:
            draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
            for number in range(200):
                await show(draft, TextDelta(text=f"{number} "))
                await asyncio.sleep(0.002)
            text = " ".join(map(str, range(200)))
            await show(draft, finished(text))
            await draft.send(part(0, Reply(text=text)))
            await draft.close()
        assert texts(simulator) == [text]
        assert simulator.edits.refused == 0


async def test_show_never_waits_or_fails_where_discord_does_not_answer(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    draft = steward.platform.draft(Turn(id=1, message=await question(simulator), attempt=1))
    going_on = simulator.faults.hold("POST", MESSAGES)
    async with asyncio.timeout(1):
        for number in range(1000):
            await show(draft, TextDelta(text=f"{number} "))
    await asyncio.sleep(0.05)
    await show(draft, finished("Done."))
    sending = asyncio.create_task(insist(draft, "Done."))
    going_on.set()
    await sending
    await draft.clear()
    await draft.close()
    assert texts(simulator) == ["Done."]


async def test_a_place_where_nothing_may_be_written_shows_nothing(
    simulator: DiscordSimulator, steward: Steward
) -> None:
    message = await question(simulator)
    general(simulator).muted = True
    draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
    await show(draft, SkillStarted(call=CALL))
    await until(lambda: len(payloads(simulator, "POST")) == 1)
    with pytest.raises(PlatformError) as caught:
        await draft.send(part(0, Reply(text="Whole.")))
    assert caught.value.permanent
    await draft.close()
