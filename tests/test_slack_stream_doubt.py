"""Answers in a simulated Slack that were cut off while they were shown, and answers in the place of others."""

import random
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.simulator.slack import SCOPES, Fault, SlackSimulator
from bots.simulator.slack.world import Post
from bots.simulator.transcript import Shown
from core.errors import PlatformError
from core.events import Event, Restarted, TextDelta
from core.messages import Attachment, Message
from core.outlet import Part
from tests.slack_draft import Desk, deliver, finished, seen, shown_so_far, started, texts
from tests.slack_team import Team, listening, mention
from tests.test_slack_stream import ANSWER, LONG, REST
from tests.waiting import until

PNG = Attachment(filename="chart.png", media_type="image/png", content=b"\x89PNG", alt="Words by length")


@pytest.fixture
def desk(slack: SlackSimulator) -> Desk:
    return Desk(slack)


async def cut_off(slack: SlackSimulator, desk: Desk, question: Message) -> Shown:
    """Begin an answer that never comes to its end."""
    await desk.draft(question).show(TextDelta(text=LONG))
    live = await slack.transcript.wait(lambda each: each.text.startswith(LONG.strip()))
    await until(lambda: desk.noted)
    return live


async def test_f6_an_answer_that_was_cut_off_is_finished_in_its_place(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    live = await cut_off(slack, desk, question)
    again = Desk(slack).draft(question, attempt=2, shown=desk.noted[-1])
    await again.show(TextDelta(text="Another beginning. "))
    await until(lambda: live.text == "Another beginning.")
    await deliver(again, Part(key="1.0", text=f"Another beginning. {REST}"))
    assert [(each.id, each.text, each.streaming) for each in seen(slack)] == [
        (live.id, f"Another beginning. {REST}", False)
    ]


async def test_f6_an_answer_that_was_cut_off_before_it_was_written_down_is_found_in_its_thread(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    live = await cut_off(slack, desk, question)
    await deliver(Desk(slack).draft(question, attempt=2), Part(key="1.0", text=ANSWER))
    assert [(each.id, each.text, each.streaming) for each in seen(slack)] == [(live.id, ANSWER, False)]


async def test_f6_a_second_beginning_leaves_nothing_of_the_first(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    await cut_off(slack, desk, question)
    again = Desk(slack).draft(question, attempt=2)
    await again.show(TextDelta(text=f"Again. {LONG}"))
    live = await slack.transcript.wait(lambda each: each.text.startswith("Again."))
    await deliver(again, Part(key="1.0", text=f"Again. {ANSWER}"))
    assert [(each.id, each.text) for each in seen(slack)] == [(live.id, f"Again. {ANSWER}")]


@pytest.mark.parametrize("direct", [True, False])
async def test_f6_edits_that_were_cut_off_before_they_were_written_down_are_found_by_their_mark(
    slack: SlackSimulator, desk: Desk, team: Team, direct: bool
) -> None:
    if direct:
        await slack.say("U1", "hello")
        await slack.settled()
    else:
        await slack.command("C1", "U1", "ask why")
    message = team.accepted[-1]
    live = await cut_off(slack, desk, message)
    await deliver(Desk(slack).draft(message, attempt=2), Part(key="1.0", text=ANSWER))
    assert [(each.id, each.text) for each in seen(slack)] == [(live.id, ANSWER)]


async def test_f7_an_answer_that_was_sent_without_our_knowing_is_not_sent_again(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    live = await cut_off(slack, desk, question)
    first = desk.draft(question, attempt=2, shown=[live.id])
    await first.send(Part(key="1.0", text=ANSWER))
    for shown in ([live.id], []):
        again = Desk(slack).draft(question, attempt=3, shown=shown)
        await deliver(again, Part(key="1.0", text=ANSWER, repeated=True), Part(key="1.1", text="More."))
    assert texts(slack).count(ANSWER) == 1


async def test_other_messages_in_the_thread_are_not_taken_for_the_beginning_of_an_answer(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    slack.add_user("U9", "Another bot", is_bot=True)
    world, thread = slack.world, question.conversation.thread
    [known] = await deliver(desk.draft(question), Part(key="9.0", text="An answer that lost its mark."))
    post = world.channels["C1"].find(known)
    assert post is not None
    post.metadata = None
    await desk.draft(question).send(Part(key="9.1", attachments=(PNG,)))
    await world.add(Post(ts=world.timestamp(), channel="C1", user="U9", text="beep", thread=thread))
    await world.add(Post(ts=world.timestamp(), channel="C1", user="U2", text="well", thread=thread))
    part = Part(key="1.0", text=ANSWER, known=frozenset({known}))
    await deliver(Desk(slack).draft(question, attempt=2), part)
    assert texts(slack) == ["An answer that lost its mark.", "", ANSWER]
    assert [each.text for each in slack.transcript.messages if each.author in ("U9", "U2")] == ["beep", "well"]


async def test_where_nobody_may_look_for_its_beginning_an_answer_is_posted() -> None:
    scopes = [scope for scope in SCOPES if not scope.endswith(":history")]
    async with SlackSimulator(scopes=scopes) as slack, listening(slack) as team:
        question = await mention(team)
        await deliver(Desk(slack).draft(question, attempt=2), Part(key="1.0", text=ANSWER))
        assert texts(slack) == [ANSWER]


async def test_a_new_answer_takes_the_place_of_the_old_one(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    old = desk.draft(question)
    ids = [
        await old.send(Part(key="1.0", text="First.")),
        await old.send(Part(key="1.1", text="Second.")),
        await old.send(Part(key="1.2", attachments=(PNG,))),
        await old.send(Part(key="1.3", text="Third.")),
    ]
    new = desk.draft(question, attempt=2, shown=ids)
    await new.show(TextDelta(text="New: "))
    await until(lambda: texts(slack)[0] == "New:")
    await deliver(new, Part(key="1.4", text="New: first."), Part(key="1.5", text="New: second."))
    assert [(each.id, each.text) for each in seen(slack) if each.text] == [
        (ids[0], "New: first."),
        (ids[1], "New: second."),
    ]
    assert [file for each in seen(slack) for file in each.files] == []


async def test_a_removed_answer_is_gone_with_its_files(slack: SlackSimulator, desk: Desk, question: Message) -> None:
    old = desk.draft(question)
    ids = [await old.send(Part(key="1.0", text="First.")), await old.send(Part(key="1.1", attachments=(PNG,)))]
    slack.fail("files.delete", Fault(drop="after"))
    slack.fail("chat.delete", Fault(drop="after"))
    await deliver(desk.draft(question, attempt=2, shown=ids))
    assert [(each.text, each.files) for each in seen(slack) if each.text or each.files] == []


async def test_a_message_that_cannot_be_removed_keeps_no_other(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    old = desk.draft(question)
    ids = [await old.send(Part(key=f"1.{number}", text=f"Part {number}.")) for number in range(3)]
    slack.fail("chat.delete", Fault(error="cant_delete_message"))
    with pytest.raises(PlatformError, match="remove what was shown") as caught:
        await desk.draft(question, attempt=2, shown=ids).clear()
    assert caught.value.permanent
    assert texts(slack) == ["Part 0."]


async def test_the_beginning_of_an_answer_to_a_removed_question_is_removed(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    await slack.transcript.wait(lambda each: each.streaming)
    await deliver(draft)
    assert seen(slack) == []


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed", "message_not_found"])
async def test_an_answer_that_has_no_place_any_more_is_posted_in_the_thread(
    slack: SlackSimulator, desk: Desk, question: Message, error: str
) -> None:
    ids = [await desk.draft(question).send(Part(key="1.0", text="Old."))]
    slack.fail("chat.update", Fault(error=error))
    await deliver(desk.draft(question, attempt=2, shown=ids), Part(key="1.1", text="New."))
    kept = [each for each in seen(slack) if each.text == "New."]
    assert [each.thread for each in kept] == [question.conversation.thread]
    assert error == "message_not_found" or texts(slack) == ["New."]


async def test_an_answer_without_an_end_is_not_left_growing(
    slack: SlackSimulator, desk: Desk, question: Message
) -> None:
    draft = desk.draft(question)
    await draft.show(TextDelta(text=LONG))
    live = await slack.transcript.wait(lambda each: each.streaming)
    await draft.close()
    assert not live.streaming


HOSTILE = (
    "Dear <!channel> and <@U2>, &lt;!here> \\<!everyone> <!subteam^S1|@team> @everyone, @here! "
    "See <@U1> &#60;@U2> &#x3c;!channel> <&#33;here> &commat;everyone, mail a@here.org about a < b & c. "
)


@pytest.mark.parametrize("step", [1, 2, 3, 7])
async def test_s3_nobody_is_pinged_at_any_moment_of_a_stream(
    slack: SlackSimulator, desk: Desk, question: Message, step: int
) -> None:
    text = (HOSTILE * 2).strip()
    draft = desk.draft(question)
    appended = len(slack.calls("chat.appendStream"))
    for start in range(0, len(text), step):
        await draft.show(TextDelta(text=text[start : start + step]))
        if start % 5 == 0 and start > 160:
            with suppress(TimeoutError):
                await slack.called("chat.appendStream", appended + 1, timeout=0.01)
            appended = len(slack.calls("chat.appendStream"))
    await draft.show(started("ping", arguments='{"who": "<!channel>"}'))
    await draft.show(finished("ping", text="@everyone <!here> was called"))
    await draft.show(TextDelta(text=text))
    await deliver(draft, Part(key="1.0", text=text))
    assert slack.world.pings == []
    [answer] = seen(slack)
    assert answer.text.replace("\u2060", "") == text


TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"
METHODS = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update", "chat.postMessage", "chat.delete")


def _faults(rng: random.Random, count: int) -> list[tuple[str, Fault]]:
    found: list[tuple[str, Fault]] = []
    refused = False
    for _ in range(count):
        method = rng.choice(METHODS)
        faults = [
            Fault(drop="after"),
            Fault(drop="before"),
            Fault(status=500, performed=True),
            Fault(status=503),
            Fault(error="internal_error", performed=True),
            Fault(retry_after=0),
        ]
        if method in ("chat.appendStream", "chat.stopStream"):
            faults.append(Fault(error="message_not_in_streaming_state"))
        if method in ("chat.update", "chat.postMessage", "chat.stopStream") and not refused:
            faults.append(Fault(error="invalid_blocks"))
        fault = rng.choice(faults)
        refused = refused or fault.error == "invalid_blocks"  # a second one would refuse a message without blocks
        found.append((method, fault))
    return found


def _events(rng: random.Random, text: str) -> list[Event]:
    """Return what an agent may report before it answers with this text."""
    events: list[Event] = []
    for number in range(rng.randrange(3)):
        if rng.random() < 0.5:
            events.append(TextDelta(text=rng.choice(["Let me see.", f"At length: {LONG}"])))
        if rng.random() < 0.3:
            events.append(Restarted(reason="again"))
            continue
        events.append(started(call=f"c{number}"))
        if rng.random() < 0.9:
            events.append(finished(call=f"c{number}", ok=rng.random() < 0.7))
    place = 0
    while place < len(text):
        size = rng.choice([1, 5, 40, 400])
        events.append(TextDelta(text=text[place : place + size]))
        place += size
    return events


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
async def test_f19_whatever_happens_people_see_exactly_the_answer_once(seed: int) -> None:
    rng = random.Random(seed)
    async with SlackSimulator() as slack, listening(slack) as team:
        if rng.random() < 0.25:
            await slack.say("U1", "hello")
            await slack.settled()
        else:
            await mention(team)
        question, desk = team.accepted[-1], Desk(slack)
        answer = rng.choice(
            ["Yes.", ANSWER, f"{LONG}\n\n```python\nprint(1)\n```\n\n{REST}", "| a | b |\n|---|---|\n| 1 | 2 |"]
        )
        for method, fault in _faults(rng, rng.randrange(7)):
            slack.fail(method, fault)
        for attempt in (1, 2):
            last = attempt == 2 or rng.random() < 0.5
            shown = desk.noted[-1] if desk.noted and rng.random() < 0.7 else []
            draft = desk.draft(question, attempt=attempt, shown=shown)
            events = _events(rng, answer)
            for event in events if last else events[: rng.randrange(1, len(events) + 1)]:
                await draft.show(event)
                if rng.random() < 0.3:
                    with suppress(TimeoutError):
                        await slack.called("chat.appendStream", len(slack.calls("chat.appendStream")) + 1, timeout=0.01)
            if rng.random() < 0.15:
                await slack.expire_streams()
            if last:
                await deliver(draft, Part(key="1.0", text=answer), Part(key="1.1", text="And more."))
                break
            await shown_so_far()
        said = [each.text for each in seen(slack)]
        tables = [each.tables for each in seen(slack)]
        assert len(said) == 2, said
        assert said[1] == "And more."
        assert said[0] == answer or tables[0] == [[["a", "b"], ["1", "2"]]]
        assert {each.thread for each in seen(slack)} == {question.conversation.thread}
        assert not any(each.streaming for each in seen(slack))
