"""Buttons and menus under our messages in Discord: the real discord.py against the simulated server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bots.discord import keeping, private
from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.world import Channel, Message, User
from core.controls import Choice, Control, check
from core.errors import OperatorError
from core.messages import Message as Said
from core.messages import Reply, Turn
from core.outlet import Part
from tests.discord_team import Steward, asked, listening, made, said
from tests.waiting import until

SAID, DEFERRED, UPDATE_LATER = 4, 5, 6
KEY = f"steward.good.7.{check('discord/1/2')}"
FILE = f"steward.file.7.{check('discord/1/2')}.f1.0"
FOREIGN = "someone-elses-button"
MENU = f"{FILE}m"
CONTROLS = (
    Control(action="good", label="👍", key=KEY),
    Control(action="file", label="Re-run", key=FILE),
    Control(action="file", label="Odd", key=FOREIGN),
    Control(
        action="file",
        label="Change type",
        key=MENU,
        choices=(Choice(label="bar", value="bar"), Choice(label="line", value="line")),
    ),
)


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


@dataclass(slots=True, kw_only=True)
class Pressing(Steward):
    """A steward whose presses take as long as a test wants, or fail."""

    held: asyncio.Event
    failing: bool = False

    async def press(self, key: str, message: Said, choice: str = "") -> str:
        await self.held.wait()
        if self.failing:
            raise OperatorError("The database cannot be written.")
        return await super(Pressing, self).press(key, message, choice)


def pressing(simulator: DiscordSimulator, *, says: str = "", held: bool = False, failing: bool = False) -> Pressing:
    event = asyncio.Event()
    if not held:
        event.set()
    return Pressing(platform=made(simulator), says=says, held=event, failing=failing)


async def written(simulator: DiscordSimulator, steward: Steward, channel: Channel, person: User) -> Message:
    """Let somebody ask something, and answer with controls."""
    if channel.foreign:
        await simulator.command(channel, person, "ask", {"question": "draw"})
    else:
        await simulator.mention(channel, person, "draw")
    draft = steward.platform.draft(Turn(id=7, message=await steward.heard(), attempt=1))
    sent = await draft.send(Part(key="7.0", text="Here.", opens=True, controls=CONTROLS))
    await draft.close()
    return simulator.world.messages[sent]


async def test_a_press_without_an_answer_is_acknowledged_in_silence(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator)):
        message = await written(simulator, steward, general, ada)
        interaction = await simulator.press(message, KEY, ada)
        assert await simulator.answered(interaction) == UPDATE_LATER
    [(key, press, choice)] = steward.pressed
    assert (key, choice, press.text) == (KEY, "", "")
    assert (press.author.id, press.conversation.channel) == (ada.id, general.id)
    assert press.id == f"discord/{general.id}/{interaction.id}"
    assert press.origin == {"channel_id": general.id, "message_id": message.id}
    assert [answer.text for answer in said(simulator)] == ["Here."]


async def test_f1_a_press_that_is_repeated_is_carried_out_once(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator)):
        interaction = await simulator.press(await written(simulator, steward, general, ada), KEY, ada)
        assert await simulator.answered(interaction) == UPDATE_LATER
        await simulator.gateway.repeat()
        await until(lambda: asked(simulator, "POST", "/callback") == 2)
    assert [key for key, _, _ in steward.pressed] == [KEY]


async def test_what_a_press_says_is_shown_to_one_person(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator, says="Thank you. @everyone")):
        interaction = await simulator.press(await written(simulator, steward, general, ada), KEY, ada)
        assert await simulator.answered(interaction) == SAID
    shown = said(simulator)[-1]
    assert (shown.text, shown.to, shown.pings) == ("Thank you. @everyone", ada.id, [])


async def test_s2_s3_what_a_press_says_has_no_live_link_and_pings_nobody(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    says = "[look](https://evil.example/?secret) <https://evil.example/> <@1> @everyone\n" * 60
    async with listening(simulator, steward := pressing(simulator, says=says)):
        await simulator.press(await written(simulator, steward, general, ada), KEY, ada)
        await until(lambda: sum(shown.text.count("evil.example") for shown in said(simulator)) >= 120)
    own = [shown for shown in said(simulator) if shown.to == ada.id]
    assert len(own) > 1, "not split"
    assert [(shown.links, shown.previews, shown.pings) for shown in own] == [([], [], [])] * len(own)


async def test_a_choice_from_a_menu_is_handed_over(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator)):
        await simulator.press(await written(simulator, steward, general, ada), MENU, ada, values=["line"])
        await until(lambda: steward.pressed)
    [(key, _, choice)] = steward.pressed
    assert (key, choice) == (MENU, "line")


async def test_a_press_can_be_answered_with_a_message_of_its_own(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator)):
        message = await written(simulator, steward, general, ada)
        await simulator.press(message, FILE, ada)
        await until(lambda: steward.pressed)
        [(_, press, _)] = steward.pressed
        [sent] = await steward.answer(press, Reply(text="As lines."))
    assert [answer.text for answer in said(simulator)] == ["Here.", "As lines."]
    assert simulator.world.messages[sent].reply_to == message.id


async def test_a_press_that_takes_long_is_acknowledged_and_answered_later(
    simulator: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "_WAIT_SECONDS", 0.05)
    general, ada = simulator.channel("general"), simulator.person("Ada")
    steward = pressing(simulator, says="It was the weather.", held=True)
    async with listening(simulator, steward):
        interaction = await simulator.press(await written(simulator, steward, general, ada), KEY, ada)
        assert await simulator.answered(interaction) == UPDATE_LATER
        steward.held.set()
        shown = await simulator.transcript.wait(lambda shown: shown.text == "It was the weather.")
        assert shown.to == ada.id
    assert said(simulator)[0].text == "Here.", "the message with the control was written over"


async def test_a_control_under_a_message_from_before_a_restart_works(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator)):
        message = await written(simulator, steward, general, ada)
    async with listening(simulator, after := pressing(simulator)):
        assert await simulator.answered(await simulator.press(message, KEY, ada)) == UPDATE_LATER
    assert [key for key, _, _ in after.pressed] == [KEY]


async def test_a_control_that_is_not_ours_gets_a_kind_sentence(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator)):
        await simulator.press(await written(simulator, steward, general, ada), FOREIGN, ada)
        shown = await simulator.transcript.wait(lambda shown: "do not know this control" in shown.text)
        assert shown.to == ada.id
        assert steward.pressed == []


async def test_a_press_that_cannot_be_stored_is_said_with_the_id_of_the_log(
    simulator: DiscordSimulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_PAUSES", (0.01, 0.01))
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := pressing(simulator, failing=True)):
        interaction = await simulator.press(await written(simulator, steward, general, ada), KEY, ada)
        assert await simulator.answered(interaction) == SAID
        assert not interaction.failed
    [shown] = [shown for shown in said(simulator) if shown.to == ada.id]
    assert "something went wrong" in shown.text
    assert f"[{shown.text.partition('under ')[2].rstrip('.)')}]" in caplog.text


async def test_a_press_where_the_bot_is_no_member_is_answered_through_it(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    elsewhere = simulator.channel("elsewhere", server=simulator.add_server("Other"))
    simulator.install(ada)
    async with listening(simulator, steward := pressing(simulator)):
        message = await written(simulator, steward, elsewhere, ada)
        interaction = await simulator.press(message, FILE, ada)
        assert await simulator.answered(interaction) == DEFERRED
        [(_, press, _)] = steward.pressed
        await steward.answer(press, Reply(text="As lines."))
        interaction = await simulator.press(message, KEY, ada)
        assert await simulator.answered(interaction) == UPDATE_LATER
    assert "As lines." in [answer.text for answer in said(simulator)]
    assert simulator.world.messages[message.id].content == "Here.", "the message with the control was written over"


async def test_a_press_whose_acknowledgement_is_refused_is_carried_out(
    simulator: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    callback = "/interactions/{interaction_id}/{token}/callback"
    simulator.faults.add("POST", callback, Fault(status=404, code=10062, message="Unknown interaction"))
    async with listening(simulator, steward := pressing(simulator)):
        await simulator.press(await written(simulator, steward, general, ada), KEY, ada)
        await until(lambda: "was not acknowledged" in caplog.text)
        assert [key for key, _, _ in steward.pressed] == [KEY]
    assert asked(simulator, "POST", "/callback") == 1
