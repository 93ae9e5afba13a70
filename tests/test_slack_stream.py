"""Answers that can be seen in a simulated Slack while they are made, and what becomes of them when something fails."""

import asyncio

import pytest

from bots.simulator.slack import Fault, SlackSimulator
from bots.simulator.transcript import Shown
from bots.slack.live import PATIENCE
from core.controls import under_answer, while_running
from core.events import Restarted, TextDelta
from core.messages import Message, Reply, Turn
from core.outlet import Part
from tests.slack_draft import Desk, deliver, finished, seen, started, texts
from tests.slack_team import Team, listening, mention
from tests.waiting import until

LONG = "The first sentence of an answer that is long enough to be shown while it is written. " * 3
REST = "And this is its end."
ANSWER = f"{LONG}{REST}"


@pytest.fixture
def desk(slack: SlackSimulator) -> Desk:
    return Desk(slack)


def part(text: str = ANSWER, *, key: str = "1.0", repeated: bool = False, known: frozenset[str] = frozenset()) -> Part:
    return Part(key=key, text=text, opens=True, repeated=repeated, known=known)


async def shown(slack: SlackSimulator, text: str) -> Shown:
    """Wait until a message of the bot begins with a text."""
    return await slack.transcript.wait(lambda each: each.author == slack.world.bot and each.text.startswith(text))


async def test_text_appears_in_a_stream_and_the_answer_ends_it(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    assert (live.thread, live.streaming) == (question.conversation.thread, True)
    await until(lambda: desk.noted)
    await deliver(draft, part())
    [answer] = seen(slack)
    assert (answer.id, answer.text, answer.streaming) == (live.id, ANSWER, False)
    assert desk.noted == [[live.id]]
    assert slack.calls("chat.postMessage") == slack.calls("chat.update") == []
    [begun] = slack.calls("chat.startStream")
    assert (begun.arguments["recipient_user_id"], begun.arguments["recipient_team_id"]) == ("U1", "T1")
    [stop] = slack.calls("chat.stopStream")
    assert stop.arguments["metadata"] == {
        "event_type": "steward_part",
        "event_payload": {"key": "1.0", "question": question.id},
    }


async def test_the_controls_of_an_answer_end_its_stream(slack: SlackSimulator, desk: Desk, question: Message) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    await shown(slack, LONG.strip())
    controls = under_answer(Turn(id=1, message=question, attempt=1), [])
    await deliver(draft, Part(key="1.0", text=ANSWER, controls=controls))
    [answer] = seen(slack)
    assert answer.text == ANSWER
    assert [control.label for control in answer.controls][:2] == ["Try again", "Why?"]
    assert slack.calls("chat.update") == []


async def test_each_skill_is_a_task_of_the_stream(slack: SlackSimulator, desk: Desk, question: Message) -> None:
    draft = desk.draft(question)
    await draft.show(started())
    live = await slack.transcript.wait(lambda each: each.tasks)
    [task] = live.tasks
    assert (task.title, task.status, task.details) == ("roll dice", "in_progress", "sides: 6")
    await draft.show(finished())
    await until(lambda: live.tasks[0].status == "complete")
    await draft.show(started("ask_oracle", call="c2"))
    await draft.show(finished("ask_oracle", call="c2", text="Nobody answered.\nAt all.", ok=False))
    await until(lambda: len(live.tasks) == 2 and live.tasks[1].status == "error")
    await draft.show(TextDelta(text=LONG))
    await deliver(draft, part())
    [answer] = seen(slack)
    assert [(task.title, task.status, task.details, task.output) for task in answer.tasks] == [
        ("roll dice", "complete", "sides: 6", "1.2 s · 4"),
        ("ask oracle", "error", "sides: 6", "1.2 s · Nobody answered."),
    ]
    assert answer.text == ANSWER
    assert slack.calls("chat.update") == []


async def test_a_task_that_was_broken_off_does_not_go_on_forever(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(started())
    await slack.transcript.wait(lambda each: each.tasks)
    await deliver(draft, part("I was stopped."))
    [answer] = seen(slack)
    assert [task.status for task in answer.tasks] == ["error"]
    assert answer.text == "I was stopped."


async def test_what_is_said_before_a_skill_is_called_is_not_shown_where_it_would_stay(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text="Let me roll some dice."))
    await draft.show(started())
    await slack.transcript.wait(lambda each: each.tasks)
    await draft.show(finished())
    await draft.show(TextDelta(text=LONG))
    await shown(slack, LONG.strip())
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]
    assert slack.calls("chat.update") == []


@pytest.mark.parametrize("event", [Restarted(reason="too long"), started()])
async def test_text_that_turns_out_to_be_no_part_of_the_answer_is_taken_out(
    slack: SlackSimulator, desk: Desk, question: Message, event: Restarted
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=f"Wrong. {LONG}"))
    live = await shown(slack, "Wrong.")
    await draft.show(event)
    await draft.show(TextDelta(text=LONG))
    await until(lambda: "Wrong." not in live.text and LONG.strip() in live.text)
    await deliver(draft, part())
    assert [(each.id, each.text) for each in seen(slack)] == [(live.id, ANSWER)]


async def test_an_answer_that_says_something_else_takes_the_place_of_what_was_shown(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    await deliver(draft, part("Something went wrong."), part("And more.", key="1.1"))
    assert [(each.id == live.id, each.text) for each in seen(slack)] == [
        (True, "Something went wrong."),
        (False, "And more."),
    ]


async def test_a_direct_message_is_shown_by_edits(slack: SlackSimulator, team: Team, desk: Desk) -> None:
    await slack.say("U1", "hello")
    await slack.settled()
    message = team.accepted[-1]
    draft = desk.draft(message)
    await draft.show(started())
    live = await shown(slack, "⏳ roll dice")
    assert [control.key for control in live.controls] == [
        control.key for control in while_running(Turn(id=1, message=message, attempt=1))
    ]
    await draft.show(finished())
    await draft.show(TextDelta(text="Four. "))
    await until(lambda: live.text == "✅ roll dice: 1.2 s · 4\n\nFour.")
    await deliver(draft, part("Four. Indeed."))
    [answer] = seen(slack)
    assert (answer.id, answer.text, answer.thread, answer.controls) == (live.id, "Four. Indeed.", None, [])
    assert slack.calls("chat.startStream") == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(error="unknown_method"),
        Fault(error="missing_recipient_user_id"),
        Fault(error="channel_type_not_supported"),
        Fault(retry_after=20),
        Fault(error="user_not_found", times=2),
    ],
)
async def test_f22_where_no_stream_can_be_begun_the_answer_is_shown_by_edits_in_the_same_thread(
    slack: SlackSimulator, desk: Desk, question: Message, fault: Fault
) -> None:
    slack.fail("chat.startStream", fault)
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    await draft.show(TextDelta(text="More. "))
    await until(lambda: live.text.endswith("More."))
    await deliver(draft, part())
    [answer] = seen(slack)
    assert (answer.id, answer.text, answer.thread) == (live.id, ANSWER, question.conversation.thread)
    assert desk.noted == [[live.id]]


async def test_a_server_without_streams_is_asked_for_one_once(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    slack.fail("chat.startStream", Fault(error="unknown_method"))
    for _ in range(2):
        draft = desk.draft(question)
        await draft.show(TextDelta(text=LONG))
        await until(lambda: texts(slack))
        await deliver(draft, part())
        slack.transcript.messages.clear()
    assert slack.calls("chat.startStream") == []


async def test_a_person_of_another_workspace_gets_a_stream_without_a_recipient(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    slack.fail("chat.startStream", Fault(error="user_not_found"))
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    await until(lambda: texts(slack))
    [retried] = slack.calls("chat.startStream")
    assert "recipient_user_id" not in retried.arguments
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]


async def test_f18_a_stream_that_slack_closes_is_finished_in_the_same_thread(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    await slack.expire_streams()
    await draft.show(TextDelta(text=f"{REST} "))
    await until(lambda: live.text == ANSWER)
    assert slack.calls("chat.update")
    await deliver(draft, part())
    assert [(each.id, each.text, each.thread) for each in seen(slack)] == [
        (live.id, ANSWER, question.conversation.thread)
    ]


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "stopped_by_user"])
async def test_f18_a_stream_that_slack_closed_before_its_end_gets_its_end(
    slack: SlackSimulator, desk: Desk, question: Message, error: str
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    await shown(slack, LONG.strip())
    await slack.expire_streams(error=error)
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]
    assert slack.calls("chat.postMessage") == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop="after"),
        Fault(drop="before"),
        Fault(status=500, performed=True),
        Fault(error="internal_error", performed=True),
        Fault(retry_after=0),
        Fault(error="invalid_chunks"),
    ],
)
async def test_f19_an_append_that_fails_repeats_nothing_and_loses_nothing(
    slack: SlackSimulator, desk: Desk, question: Message, fault: Fault
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    slack.fail("chat.appendStream", fault)
    await draft.show(TextDelta(text="Second. "))
    await until(lambda: live.text == f"{LONG}Second.")
    await draft.show(TextDelta(text="Third. "))
    await until(lambda: live.text == f"{LONG}Second. Third.")
    await deliver(draft, part(f"{LONG}Second. Third. Fourth."))
    assert [(each.id, each.text) for each in seen(slack)] == [(live.id, f"{LONG}Second. Third. Fourth.")]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop="after"),
        Fault(drop="before"),
        Fault(status=502),
        Fault(error="fatal_error", performed=True),
        Fault(retry_after=0),
        Fault(error="invalid_blocks"),
        Fault(error="msg_too_long"),
    ],
)
async def test_f19_an_end_that_fails_repeats_nothing_and_loses_nothing(
    slack: SlackSimulator, desk: Desk, question: Message, fault: Fault
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    slack.fail("chat.stopStream", fault)
    await deliver(draft, part())
    assert [(each.id, each.text, each.streaming) for each in seen(slack)] == [(live.id, ANSWER, False)]


@pytest.mark.parametrize("method", ["chat.startStream", "chat.postMessage"])
@pytest.mark.parametrize(
    "fault", [Fault(drop="after"), Fault(status=500, performed=True), Fault(drop="before"), Fault(status=503)]
)
async def test_f19_a_beginning_of_which_nobody_knows_is_found_by_the_answer(
    slack: SlackSimulator, desk: Desk, question: Message, method: str, fault: Fault
) -> None:
    if method == "chat.postMessage":
        slack.fail("chat.startStream", Fault(error="unknown_method"))
    slack.fail(method, fault)
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    await until(lambda: draft.silent)
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]


async def test_f17_edits_that_are_refused_for_their_rate_are_made_up_for(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    slack.fail("chat.startStream", Fault(retry_after=1))
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    slack.fail("chat.update", Fault(retry_after=0, times=3))
    words = [f"word{number} " for number in range(200)]
    for word in words:
        await draft.show(TextDelta(text=word))
        await asyncio.sleep(0)
    await until(lambda: live.text.endswith("word199"))
    assert len(slack.calls("chat.update")) < 20, "edits are not coalesced"
    slack.fail("chat.update", Fault(retry_after=0, times=2))
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]


async def test_f17_appends_that_are_refused_for_their_rate_are_made_up_for(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    slack.fail("chat.appendStream", Fault(retry_after=0, times=3))
    await draft.show(TextDelta(text=f"{REST} "))
    await until(lambda: live.text == ANSWER)
    assert live.streaming
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]


async def test_nothing_waits_for_slack_while_an_answer_is_made(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    slack.fail("chat.startStream", Fault(delay=0.3))
    draft = desk.draft(question)
    async with asyncio.timeout(0.2):
        for _ in range(500):
            await draft.show(TextDelta(text="word "))
    assert PATIENCE > 0.3
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]


async def test_a_message_that_somebody_removed_is_no_place_for_an_answer(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    slack.delete("C1", live.id)
    slack.transcript.messages.remove(live)
    await deliver(draft, part())
    assert [(each.text, each.thread) for each in seen(slack)] == [(ANSWER, question.conversation.thread)]


async def test_f20_an_answer_of_several_messages_begins_where_it_was_shown(
    slack: SlackSimulator, desk: Desk, team: Team, question: Message
) -> None:
    text = " ".join(f"word{number}" for number in range(2500))
    draft = desk.draft(question)
    for start in range(0, len(text), 500):
        await draft.show(TextDelta(text=text[start : start + 500]))
        await asyncio.sleep(0.002)
    live = await shown(slack, "word0 word1")
    pieces = team.platform.split(Reply(text=text))
    await deliver(draft, *(part(piece.text, key=f"1.{number}") for number, piece in enumerate(pieces)))
    assert seen(slack)[0].id == live.id
    assert " ".join(texts(slack)).split() == text.split()


async def test_f17_many_answers_at_once_are_whole_whatever_the_rates_of_slack_are() -> None:
    async with SlackSimulator(tiers=True, minute=1.0) as slack, listening(slack) as team:
        desk = Desk(slack)
        questions = [await mention(team, f"question {number}") for number in range(8)]

        async def answer(number: int) -> None:
            draft = desk.draft(questions[number])
            for _ in range(10):
                await draft.show(TextDelta(text=LONG))
                await asyncio.sleep(0.005)
            await deliver(draft, part(f"{LONG * 10}{number}"))

        await asyncio.gather(*map(answer, range(8)))
        assert sorted(texts(slack)) == sorted(f"{LONG * 10}{number}" for number in range(8))
        assert all(not each.streaming for each in seen(slack))


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_that_knows_no_streams_at_all_shows_and_keeps_its_answers(
    slack: SlackSimulator, desk: Desk, question: Message, status: int
) -> None:
    for method in ("chat.startStream", "chat.stopStream"):
        slack.fail(method, Fault(status=status, times=5))
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    again = desk.draft(question, attempt=2, shown=[live.id])
    await deliver(again, part())
    assert [(each.id, each.text) for each in seen(slack)] == [(live.id, ANSWER)]


async def test_an_answer_is_posted_where_the_first_edit_is_never_answered(
    slack: SlackSimulator, question: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.slack.api.TIMEOUT", 0.1)
    desk = Desk(slack)
    slack.fail("chat.startStream", Fault(error="unknown_method"))
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await shown(slack, LONG.strip())
    slack.fail("chat.update", Fault(delay=0.5, error="internal_error"))
    await deliver(draft, part())
    [answer] = seen(slack)
    assert answer.text == ANSWER
    assert answer.id != live.id


async def test_many_skills_and_a_long_answer_fit_one_message_that_is_edited(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    slack.fail("chat.startStream", Fault(error="unknown_method"))
    draft = desk.draft(question)
    for number in range(60):
        await draft.show(started(call=f"c{number}", arguments='{"text": "' + "&<@" * 200 + '"}'))
        await draft.show(finished(call=f"c{number}", text="<!here> &" * 100))
    live = await shown(slack, "(48 more)")
    await draft.show(TextDelta(text="<@U1> & " * 3000))
    await until(lambda: len(live.text) > 7000)
    assert live.controls, "the last edits were refused"
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]


async def test_more_skills_than_a_stream_has_room_for_are_shown_by_edits(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    for number in range(60):
        await draft.show(started(call=f"c{number}"))
        await draft.show(finished(call=f"c{number}"))
        if number == 0:
            await slack.transcript.wait(lambda each: each.streaming)
    await shown(slack, "(48 more)")
    await deliver(draft, part())
    assert texts(slack) == [ANSWER]
