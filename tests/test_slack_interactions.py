"""Buttons, forms, the shortcut, the Home tab and suggestions; slack-bolt against the simulated Slack."""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import pytest

from bots.simulator.slack import Fault, SlackSimulator
from bots.simulator.slack.views import View
from bots.simulator.transcript import Shown, ShownFile
from bots.slack.about import SHORTCUT
from core.controls import under_answer
from core.errors import OperatorError, UserError
from core.hints import FILE_FORMAT
from core.messages import Attachment, Audience, Conversation, DirectCall, JsonObject, Person, Turn
from core.model import Tool
from core.outlet import Part
from tests.incidents import without_id
from tests.slack_team import Team, answers, listening, mention
from tests.waiting import until

ROLL = Tool(
    name="roll_dice",
    description="Roll some dice.",
    parameters={
        "type": "object",
        "properties": {
            "sides": {"type": "integer", "minimum": 2, "maximum": 100, "description": "How many sides each has."},
            "label": {"type": "string", "default": ""},
            "fair": {"type": "boolean", "default": True},
            "colour": {"enum": ["red", "blue"], "default": "red"},
        },
        "required": ["sides"],
    },
    examples=("roll 2d6", "roll a die"),
)
READ = Tool(
    name="read_file",
    description="Read a file.",
    parameters={
        "type": "object",
        "properties": {"file": {"type": "string", "format": FILE_FORMAT}, "row": {"type": "integer"}},
        "required": ["file", "row"],
    },
    examples=("what is in this file?",),
)
CLOCK = Tool(name="clock", description="Tell the time.", parameters={"type": "object", "properties": {}})
PICK = Tool(
    name="pick",
    description="Pick numbers.",
    parameters={"type": "object", "properties": {"numbers": {"type": "array", "items": {"type": "integer"}}}},
)
TOOLS = (ROLL, READ, CLOCK, PICK)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(message_events=True, retry_scale=0.001) as simulator:
        yield simulator


@pytest.fixture(params=["socket", "http"])
async def either(slack: SlackSimulator, request: pytest.FixtureRequest) -> AsyncIterator[Team]:
    async with listening(slack, http=request.param == "http", tools=TOOLS, usage=used) as team:
        yield team


@pytest.fixture
async def team(slack: SlackSimulator) -> AsyncIterator[Team]:
    async with listening(slack, tools=TOOLS, usage=used) as team:
        yield team


async def used(person: Person) -> str:
    return f"**3** answers for {person.id}"


async def opened(team: Team, typed: str, *, channel: str = "C1", user: str = "U1") -> View:
    """Use the command, and return the form that opens."""
    await team.slack.command(channel, user, typed)
    return await team.slack.modal(user)


# The command


async def test_a_call_that_is_complete_is_accepted_and_shown_to_everybody(either: Team) -> None:
    await either.slack.command("C1", "U1", 'call roll_dice sides=6 label="a < b"')
    [message] = either.accepted
    assert message.direct == DirectCall(skill="roll_dice", arguments={"sides": 6, "label": "a < b"})
    assert message.text == 'call roll_dice sides=6 label="a < b"'
    assert message.conversation == Conversation(platform="slack", workspace="T1", channel="C1")
    assert [(shown.author, shown.to) for shown in either.slack.transcript.messages] == [("U1", None)]


async def test_a_skill_without_options_is_called_by_its_name(team: Team) -> None:
    await team.slack.command("DU1", "U1", "call clock")
    [message] = team.accepted
    assert message.direct == DirectCall(skill="clock")
    assert message.audience == Audience(scope="person", id="slack/U1")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("call nothing", "There is no skill"),
        ("call roll_dice sides=many", "whole number"),
        ("call roll_dice sides=1", "at least 2"),
        ("call roll_dice six", "key=value"),
        ("follow", "follow on"),
    ],
)
async def test_a_mistake_is_said_to_its_author_alone(team: Team, typed: str, said: str) -> None:
    await team.slack.command("C1", "U1", typed)
    [shown] = team.slack.transcript.messages
    assert shown.to == "U1"
    assert said in shown.text
    assert team.accepted == []


async def test_s2_a_mistake_is_said_without_a_live_link(team: Team) -> None:
    await team.slack.command("C1", "U1", "call https://evil.example/a")
    [shown] = team.slack.transcript.messages
    assert "evil.example" in shown.text
    assert shown.links == []


async def test_call_alone_lists_the_skills(team: Team) -> None:
    await team.slack.command("C1", "U1", "call")
    assert "`roll_dice`" in team.slack.transcript.messages[0].text


async def test_stop_is_for_the_person_who_says_it(team: Team) -> None:
    await team.slack.command("C1", "U2", "stop")
    place = Conversation(platform="slack", workspace="T1", channel="C1")
    assert team.stopped == [(place, Person(id="U2", name="Grace"))]
    assert team.slack.transcript.messages[0].text == "Stopped: 1 answer."


async def test_a_direct_message_between_two_people_is_not_taken_for_the_bots_own(team: Team) -> None:
    team.slack.add_channel("D12", "U2", kind="im", members=["U1", "U2"])
    await team.slack.command("D12", "U1", "ask what did I say yesterday?")
    [message] = team.accepted
    assert message.audience == Audience(scope="channel", id="slack/D12"), "Grace reads the answer too"


# Forms


async def test_a_call_with_nothing_filled_in_opens_a_form(either: Team) -> None:
    view = await opened(either, "call roll_dice")
    assert (view.title, list(view.fields)) == ("Roll dice", ["sides", "label", "fair", "colour"])
    assert "How many sides each has." in str(view.fields["sides"])
    assert [bool(field.get("optional")) for field in view.fields.values()] == [False, True, True, True]
    assert either.accepted == []
    await either.slack.submit(view, {"sides": "6", "colour": "blue"})
    [message] = either.accepted
    assert message.direct == DirectCall(skill="roll_dice", arguments={"sides": 6, "colour": "blue"})
    assert message.text == "call roll_dice sides=6 colour=blue"
    assert message.id == f"slack/T1/C1/{view.id}"
    assert (message.author.id, message.author.name) == ("U1", "Ada")
    assert message.conversation == Conversation(platform="slack", workspace="T1", channel="C1")
    assert view.closed


async def test_what_was_typed_is_filled_in(team: Team) -> None:
    view = await opened(team, "call roll_dice label=x fair=no")
    await team.slack.submit(view, {"sides": "8"})
    assert team.accepted[0].direct == DirectCall(skill="roll_dice", arguments={"sides": 8, "label": "x", "fair": False})


async def test_a_file_comes_through_a_form(team: Team) -> None:
    view = await opened(team, "call read_file")
    file = ShownFile(name="a.csv", media_type="text/csv", content=b"1,2")
    await team.slack.submit(view, {"row": "1"}, files=[file])
    [message] = team.accepted
    assert message.direct == DirectCall(skill="read_file", arguments={"row": 1}, files={"file": 0})
    assert [attachment.filename for attachment in message.attachments] == ["a.csv"]
    assert await team.platform.download(message.attachments[0]) == b"1,2"


async def test_a_form_says_what_is_wrong_and_stays_open(either: Team) -> None:
    view = await opened(either, "call pick")
    await either.slack.submit(view, {"numbers": "1, two"})
    assert list(view.errors) == ["numbers"]
    assert "a list with commas" in view.errors["numbers"]
    assert not view.closed
    await either.slack.submit(view, {"numbers": "1, 2"})
    assert view.closed
    assert [message.direct for message in either.accepted] == [DirectCall(skill="pick", arguments={"numbers": [1, 2]})]


async def test_f1_a_form_that_is_sent_twice_is_accepted_once(team: Team) -> None:
    view = await opened(team, "call roll_dice")
    delivery = await team.slack.submit(view, {"sides": "6"})
    assert delivery is not None
    team.slack.deliver("interactive", delivery.payload)
    await team.slack.settled()
    assert team.fresh == [True, False]


async def test_a_form_that_could_not_be_taken_in_stays_open_and_names_the_logs_id(team: Team) -> None:
    view = await opened(team, "call roll_dice")
    team.failures.append(OperatorError("The disk is full."))
    await team.slack.submit(view, {"sides": "6"})
    [said] = view.errors.values()
    assert "disk" not in said
    assert "under e" in said
    await team.slack.submit(view, {"sides": "6"})
    assert len(team.accepted) == 1


async def test_a_form_that_slack_does_not_open_is_said(team: Team) -> None:
    team.slack.fail("views.open", Fault(error="expired_trigger_id"))
    await team.slack.command("C1", "U1", "call roll_dice")
    [shown] = team.slack.transcript.messages
    assert (shown.to, "open the form" in without_id(shown.text)) == ("U1", True)


async def test_a_form_works_in_a_channel_the_bot_is_not_in(team: Team) -> None:
    view = await opened(team, "call roll_dice", channel="C2")
    await team.slack.submit(view, {"sides": "6"})
    [message] = team.accepted
    assert message.conversation.channel == "C2"
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="4"))
    assert team.slack.transcript.messages[-1].text == "4"


async def test_what_was_filled_in_is_shown_to_everybody_once_and_taken_for_no_answer(team: Team) -> None:
    view = await opened(team, "call roll_dice")
    delivery = await team.slack.submit(view, {"sides": "6", "label": "<!channel> https://evil.example"})
    assert delivery is not None
    shown = await team.slack.transcript.wait(lambda shown: shown.author == "UBOT")
    assert shown.text.startswith("Ada used `/steward call roll_dice sides=6")
    assert (shown.to, shown.thread, shown.pings, shown.links) == (None, None, [], [])
    team.slack.deliver("interactive", delivery.payload)
    await team.slack.settled()
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="4", repeated=True))
    assert [shown.text for shown in answers(team)][1:] == ["4"]


# Buttons


async def answer(team: Team, *, channel: str = "C1") -> tuple[Turn, str]:
    """Answer a question with the controls that stand under an answer."""
    turn = team.turn(await mention(team, "hello", channel))
    part = Part(key="1.0", text="hi", controls=under_answer(turn, ()))
    return turn, await team.platform.draft(turn).send(part)


def key(turn: Turn, action: Literal["again", "good", "bad", "why"]) -> str:
    return next(control.key for control in under_answer(turn, ()) if control.action == action)


async def whispered(team: Team, user: str) -> Shown:
    return await team.slack.transcript.wait(lambda shown: shown.to == user)


@pytest.mark.parametrize("action", ["again", "good", "bad", "why"])
async def test_a_press_is_told_with_its_key_place_and_person(
    either: Team, action: Literal["again", "good", "bad", "why"]
) -> None:
    turn, shown = await answer(either)
    delivery = await either.slack.press(shown, key(turn, action), "U2")
    assert delivery.acknowledged
    [(pressed, message, choice)] = either.pressed
    assert (pressed, choice) == (key(turn, action), "")
    assert message.conversation == turn.message.conversation
    assert (message.author.id, message.author.name, message.text) == ("U2", "Grace", "")
    assert message.audience == turn.message.audience


async def test_s2_s3_what_a_press_is_answered_with_is_for_the_person_alone_and_links_nowhere(either: Team) -> None:
    either.says = "**Because** <!channel> see https://evil.example"
    turn, shown = await answer(either)
    await either.slack.press(shown, key(turn, "why"), "U2")
    said = await whispered(either, "U2")
    assert said.thread == turn.message.conversation.thread
    assert "Because" in said.text
    assert (said.pings, said.links) == ([], [])


async def test_f1_two_deliveries_of_one_press_have_one_id(team: Team) -> None:
    turn, shown = await answer(team)
    delivery = await team.slack.press(shown, key(turn, "again"), "U1")
    team.slack.deliver("interactive", delivery.payload)
    await team.slack.settled()
    await team.slack.press(shown, key(turn, "again"), "U1")
    first, second, third = (message.id for _, message, _ in team.pressed)
    assert first == second != third


async def test_a_button_from_before_a_restart_works(slack: SlackSimulator) -> None:
    async with listening(slack) as before:
        turn, shown = await answer(before)
    async with listening(slack) as after:
        await slack.press(shown, key(turn, "again"), "U1")
        assert [pressed for pressed, _, _ in after.pressed] == [key(turn, "again")]


async def test_a_menu_tells_what_was_chosen(team: Team) -> None:
    turn = team.turn(await mention(team))
    spec: JsonObject = {
        "controls": [{"label": "Type", "skill": "chart", "file": "file", "argument": "kind", "choices": ["bar", "pie"]}]
    }
    file = Attachment(filename="a.png", media_type="image/png", id="f1", spec=spec)
    controls = under_answer(turn, [file])
    shown = await team.platform.draft(turn).send(Part(key="1.0", text="hi", controls=controls))
    await team.slack.press(shown, controls[0].key, "U1", choice="pie")
    [(pressed, _, choice)] = team.pressed
    assert (pressed, choice) == (controls[0].key, "pie")


@pytest.mark.parametrize(
    ("error", "said"), [(UserError("You cannot do that."), "You cannot do that."), (OperatorError("Full."), "under e")]
)
async def test_a_press_that_fails_is_answered_in_one_sentence(
    team: Team, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    async def press(*_: object) -> str:
        raise error

    monkeypatch.setattr(team, "press", press)
    turn, shown = await answer(team)
    delivery = await team.slack.press(shown, key(turn, "why"), "U1")
    assert delivery.acknowledged
    assert said in (await whispered(team, "U1")).text


async def test_where_slack_takes_no_ephemeral_message_the_press_is_answered_at_its_address(team: Team) -> None:
    team.says = "because"
    turn, shown = await answer(team)
    team.slack.fail("chat.postEphemeral", Fault(error="user_not_in_channel"))
    await team.slack.press(shown, key(turn, "why"), "U2")
    assert (await whispered(team, "U2")).text == "because"


async def test_a_press_by_somebody_of_another_workspace_is_theirs(team: Team) -> None:
    team.slack.world.channels["C1"].shared = True
    team.slack.add_user("U7", "Linus", team="T7")
    team.slack.world.channels["C1"].members.add("U7")
    turn, shown = await answer(team)
    await team.slack.press(shown, key(turn, "why"), "U7")
    [(_, message, _)] = team.pressed
    assert message.author.id == "U7"
    assert message.conversation.workspace == "T1"
    assert message.audience == Audience(scope="channel", id="slack/C1")


async def test_somebody_of_another_workspace_is_answered_for_the_channel_alone(team: Team) -> None:
    team.slack.world.channels["C1"].shared = True
    team.slack.add_user("U7", "Linus", team="T7")
    team.slack.world.channels["C1"].members.add("U7")
    await team.slack.mention("C1", "U7", "what do they say in other channels?")
    await team.slack.settled()
    assert {message.audience for message in team.accepted} == {Audience(scope="channel", id="slack/C1")}
    assert {message.author.name for message in team.accepted} == {"Linus"}


async def test_buttons_that_are_not_ours_say_nothing(either: Team) -> None:
    either.slack.deliver(
        "interactive",
        {
            "type": "block_actions",
            "user": {"id": "U1"},
            "container": {"type": "message", "channel_id": "C1", "message_ts": "1.1"},
            "actions": [{"action_id": "a", "type": "button", "value": "b"}],
        },
    )
    await either.slack.settled()
    assert either.slack.deliveries[-1].acknowledged
    assert either.pressed == []


# The shortcut


async def test_a_message_is_asked_about_in_its_thread(either: Team) -> None:
    file = ShownFile(name="a.csv", media_type="text/csv", content=b"1,2")
    ts = await either.slack.say("U2", "the sales < last year, <@U1>", channel="C1", files=[file])
    await either.slack.shortcut(ts, "U1", SHORTCUT)
    view = await either.slack.modal("U1")
    assert view.title == "Ask Steward"
    assert "the sales < last year, @Ada" in view.text
    await either.slack.submit(view, {"question": "Why?"})
    [message] = either.accepted
    assert message.id == f"slack/T1/C1/{view.id}"
    assert message.conversation == Conversation(platform="slack", workspace="T1", channel="C1", thread=ts)
    assert message.text == "Why?\n\nThis is about a message by Grace:\n> the sales < last year, @Ada"
    assert message.author.name == "Ada"
    assert await either.platform.download(message.attachments[0]) == b"1,2"
    shown = await either.slack.transcript.wait(lambda shown: shown.author == "UBOT")
    assert (shown.text, shown.thread) == ("Ada asks: Why?", ts)


async def test_s2_a_long_question_is_shown_without_a_live_link(team: Team) -> None:
    ts = await team.slack.say("U2", "the sales", channel="C1")
    await team.slack.shortcut(ts, "U1", SHORTCUT)
    await team.slack.submit(await team.slack.modal("U1"), {"question": "see https://evil.example/a " * 110})
    shown = await team.slack.transcript.wait(lambda shown: shown.author == "UBOT")
    assert shown.links == []
    assert shown.text.endswith("…")


async def test_the_usual_question_needs_no_typing(team: Team) -> None:
    ts = await team.slack.say("U2", "tl;dr", channel="C1")
    await team.slack.shortcut(ts, "U1", SHORTCUT)
    await team.slack.submit(await team.slack.modal("U1"), {})
    assert team.accepted[0].text.startswith("Explain this.")


async def test_a_question_about_a_message_that_could_not_be_taken_in_stays_open(team: Team) -> None:
    ts = await team.slack.say("U2", "tl;dr", channel="C1")
    await team.slack.shortcut(ts, "U1", SHORTCUT)
    view = await team.slack.modal("U1")
    team.failures.append(OperatorError("The disk is full."))
    await team.slack.submit(view, {})
    assert list(view.errors) == ["question"]
    await team.slack.submit(view, {})
    assert len(team.accepted) == 1


async def test_a_message_in_a_channel_the_bot_is_not_in_can_be_asked_about(team: Team) -> None:
    ts = await team.slack.say("U2", "the sales", channel="C2")
    await team.slack.shortcut(ts, "U1", SHORTCUT)
    await team.slack.submit(await team.slack.modal("U1"), {"question": "Why?"})
    assert "> the sales" in team.accepted[0].text
    assert team.accepted[0].conversation.channel == "C2"


@pytest.mark.parametrize("channel", ["C1", "C2"])
async def test_a_question_form_that_slack_does_not_open_is_said(team: Team, channel: str) -> None:
    ts = await team.slack.say("U2", "the sales", channel=channel)
    team.slack.fail("views.open", Fault(error="expired_trigger_id"))
    await team.slack.shortcut(ts, "U1", SHORTCUT)
    assert "open the form" in (await whispered(team, "U1")).text


# The Home tab, suggestions and the native stop button


async def test_the_home_tab_shows_skills_usage_and_settings(either: Team) -> None:
    either.slack.open_home("U1")
    await until(lambda: "U1" in either.slack.world.homes)
    shown = either.slack.world.homes["U1"].text
    for said in ("/steward call", "roll_dice", "roll 2d6", "3 answers for U1", "follow off", "forget"):
        assert said in shown.replace("*", "")


async def test_usage_that_cannot_be_read_leaves_the_home_tab(slack: SlackSimulator) -> None:
    async def broken(_: Person) -> str:
        raise OperatorError("The disk is full.")

    async with listening(slack, usage=broken):
        slack.open_home("U1")
        await until(lambda: "U1" in slack.world.homes)
    shown = slack.world.homes["U1"].text
    assert "under e" in shown
    assert "disk" not in shown


async def test_an_opened_direct_message_suggests_what_to_ask(team: Team) -> None:
    channel = team.slack.world.direct("U1").id
    team.slack.event(
        {"type": "app_home_opened", "user": "U1", "channel": channel, "tab": "messages", "event_ts": "1.1"}
    )
    await until(lambda: team.slack.world.prompts)
    examples = [("roll 2d6", "roll 2d6"), ("what is in this file?", "what is in this file?")]
    assert team.slack.world.prompts == {(channel, ""): examples}


async def test_a_thread_of_the_assistant_view_gets_suggestions_and_the_title_of_its_first_question(team: Team) -> None:
    thread = team.slack.open_assistant("U1")
    await until(lambda: team.slack.world.prompts)
    assert list(team.slack.world.prompts) == [("DU1", thread)]
    await team.slack.say("U1", "draw the\nsales", thread=thread)
    await until(lambda: team.slack.world.titles)
    await team.slack.say("U1", "and now as bars", thread=thread)
    await team.slack.settled()
    assert team.slack.world.titles == {("DU1", thread): "draw the sales"}
    assert [message.conversation.thread for message in team.accepted] == [thread, thread]


async def test_the_native_stop_button_stops_that_persons_answers_in_that_thread(either: Team) -> None:
    message = await mention(either)
    thread = message.conversation.thread
    assert thread is not None
    await either.slack.stop_session("C1", thread, "U1")
    await either.slack.settled()
    assert either.stopped == [(message.conversation, Person(id="U1", name="Ada"))]


@pytest.mark.parametrize("method", ["views.publish", "assistant.threads.setSuggestedPrompts"])
async def test_what_slack_refuses_to_show_disturbs_nothing(team: Team, method: str) -> None:
    team.slack.fail(method, Fault(error="not_enabled"))
    team.slack.open_home("U1")
    team.slack.open_assistant("U1")
    await mention(team, "still there?")
    assert team.accepted[0].text == "still there?"


async def test_a_stop_does_not_wait_long_for_what_is_still_to_be_shown(slack: SlackSimulator) -> None:
    async with asyncio.timeout(10), listening(slack) as team:
        turn, shown = await answer(team)
        team.says = "because"
        slack.fail("chat.postEphemeral", Fault(delay=60.0))
        await slack.press(shown, key(turn, "why"), "U1")
