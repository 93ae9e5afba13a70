"""Answers of unknown fate: nothing is lost, nothing is doubled, and what nobody can check says so."""

import asyncio
import random
from collections import Counter
from dataclasses import replace

import pytest

from bots.links import Links
from bots.simulator.slack import SCOPES, Fault, SlackSimulator
from bots.simulator.slack.world import Post
from bots.slack.adoption import MOST_PAGES
from bots.slack.api import web_client
from bots.slack.pages import PAGE
from bots.slack.pieces import LIMIT
from bots.slack.reply import SlackDraft
from bots.slack.status import Sessions, Statuses
from bots.slack.streams import Streams
from bots.text import REPEATED
from core.errors import PlatformError
from core.messages import Attachment, Message, dump_message, load_message
from core.outlet import Draft, Part
from tests.slack_team import Team, answers, listening, mention, settings

PNG = Attachment(filename="chart.png", media_type="image/png", content=b"\x89PNG", alt="Words by length")
MARKED = f"{REPEATED}\n\nhi"


def chatter(team: Team, count: int, *, thread: str | None = None) -> None:
    """Let people talk in C1."""
    world = team.slack.world
    world.channels["C1"].posts += [
        Post(ts=world.timestamp(), channel="C1", user="U2", text="well", thread=thread) for _ in range(count)
    ]


async def ask_directly(team: Team, text: str) -> Message:
    await team.slack.say("U1", text)
    await team.slack.settled()
    return team.accepted[-1]


async def deliver(draft: Draft, part: Part) -> str:
    """Send a part until it is taken, as the delivery does."""
    for _ in range(5):
        try:
            return await draft.send(part)
        except PlatformError as error:
            if error.permanent:
                raise
    raise AssertionError(f"part {part.key} was not taken")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop="after"),
        Fault(error="fatal_error", performed=True),
        Fault(error="internal_error", performed=True),
        Fault(status=500, performed=True),
        Fault(status=504, performed=True),
    ],
)
async def test_f4_an_answer_that_arrived_without_our_knowing_is_not_sent_again(team: Team, fault: Fault) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", fault)
    found = await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert [(shown.id, shown.text) for shown in answers(team)] == [(found, "hi")]
    assert len(team.slack.calls("chat.postMessage")) == 1


@pytest.mark.parametrize("fault", [Fault(drop="before"), Fault(status=502), Fault(error="fatal_error")])
async def test_f4_an_answer_that_did_not_arrive_is_sent_again_without_a_mark(team: Team, fault: Fault) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", fault)
    draft = team.platform.draft(team.turn())
    with pytest.raises(PlatformError) as caught:
        await draft.send(Part(key="1.0", text="hi"))
    assert not caught.value.permanent
    assert answers(team) == []
    await draft.send(Part(key="1.0", text="hi"))
    assert [shown.text for shown in answers(team)] == ["hi"]


async def test_f4_a_thousand_lost_responses_double_nothing_and_lose_nothing(team: Team) -> None:
    threads, each = 20, 50
    turns = [team.turn(await mention(team, f"question {number}")) for number in range(threads)]
    faults = [
        *(Fault(drop="after") for _ in range(700)),
        *(Fault(error="fatal_error", performed=True) for _ in range(150)),
        *(Fault(status=500, performed=True) for _ in range(150)),
        *(Fault(drop="before") for _ in range(50)),
    ]
    random.Random(3).shuffle(faults)
    for fault in faults:
        team.slack.fail("chat.postMessage", fault)

    async def answer(number: int) -> None:
        draft = team.platform.draft(turns[number])
        for part in range(each):
            await deliver(draft, Part(key=f"{number}.{part}", text=f"answer {number}.{part}"))
        await draft.close()

    await asyncio.gather(*map(answer, range(threads)))
    assert len(team.slack.calls("chat.postMessage")) == threads * each, "a call too many or too few reached Slack"
    expected = [
        (turns[number].message.conversation.thread, f"answer {number}.{part}")
        for number in range(threads)
        for part in range(each)
    ]
    assert Counter((shown.thread, shown.text) for shown in answers(team)) == Counter(expected)


async def test_f4_lost_responses_to_uploads_double_nothing_and_lose_nothing(team: Team) -> None:
    draft = team.platform.draft(team.turn(await mention(team)))
    completing = [Fault(drop="after"), Fault(status=503, performed=True), Fault(drop="before")]
    uploading = [Fault(status=500, performed=True), Fault(drop="after"), Fault(status=500), None]
    names = [f"chart{number}.png" for number in range(60)]
    for number, name in enumerate(names):
        team.slack.fail("files.completeUploadExternal", replace(completing[number % 3]))
        if fault := uploading[number % 4]:
            team.slack.fail("upload", replace(fault))
        await deliver(draft, Part(key=f"1.{number}", attachments=(replace(PNG, filename=name),)))
    assert [file.name for shown in answers(team) for file in shown.files] == names
    assert all(shown.text == "" for shown in answers(team)), "an upload is marked as repeated"


async def test_f4_posts_that_time_out_after_they_were_performed_are_not_doubled(team: Team) -> None:
    turn = team.turn(await mention(team))
    hasty = web_client(settings(team.slack))
    hasty.timeout = 1
    count = 20
    team.slack.fail("chat.postMessage", Fault(status=504, performed=True, delay=1.5, times=count))
    draft = SlackDraft(
        hasty, turn, statuses=Statuses(hasty), sessions=Sessions(hasty), streams=Streams(hasty), links=Links()
    )
    await asyncio.gather(*(deliver(draft, Part(key=f"1.{part}", text=f"answer {part}")) for part in range(count)))
    await draft.close()
    assert Counter(shown.text for shown in answers(team)) == Counter(f"answer {part}" for part in range(count))


async def test_f4_a_lost_answer_is_not_posted_again_while_it_cannot_be_looked_for(team: Team) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", Fault(drop="after"))
    team.slack.fail("conversations.replies", Fault(drop="before", times=2))
    draft = team.platform.draft(team.turn())
    for _ in range(2):
        with pytest.raises(PlatformError, match="see whether the answer is there"):
            await draft.send(Part(key="1.0", text="hi"))
    found = await draft.send(Part(key="1.0", text="hi"))
    assert [(shown.id, shown.text) for shown in answers(team)] == [(found, "hi")]


async def test_f7_after_a_restart_what_is_there_is_not_sent_again(slack: SlackSimulator) -> None:
    async with listening(slack) as team:
        stored = dump_message(await mention(team))
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="first"))
        await team.platform.draft(team.turn()).send(Part(key="1.1", attachments=(PNG,)))
    restarted = Team(slack, settings(slack))
    draft = restarted.platform.draft(restarted.turn(load_message(stored)))
    await draft.send(Part(key="1.0", text="first", repeated=True))
    await draft.send(Part(key="1.1", attachments=(PNG,), repeated=True))
    await draft.send(Part(key="1.2", text="second", repeated=True))
    assert [(shown.text, len(shown.files)) for shown in answers(team)] == [("first", 0), ("", 1), ("second", 0)]
    assert {shown.thread for shown in answers(team)} == {team.accepted[0].conversation.thread}


@pytest.mark.parametrize("thread", [True, False])
async def test_an_answer_is_found_behind_everything_that_was_said_since(team: Team, thread: bool) -> None:
    ts = await team.slack.say("U1", "hello")
    await team.slack.settled()
    message = team.accepted[-1]
    if thread:
        message = await mention(team)
        ts = str(message.conversation.thread)
    channel = team.slack.world.channels[message.conversation.channel]
    sent = await team.platform.draft(team.turn(message)).send(Part(key="1.0", text="hi"))
    channel.posts += [
        Post(ts=team.slack.world.timestamp(), channel=channel.id, user="U1", text="well", thread=ts if thread else None)
        for _ in range(PAGE + 10)
    ]
    late = await team.platform.draft(team.turn(message)).send(Part(key="1.1", text="more"))
    for key, known in (("1.0", sent), ("1.1", late)):
        assert await team.platform.draft(team.turn(message)).send(Part(key=key, text="hi", repeated=True)) == known
    assert len(answers(team)) == 2


async def test_short_pages_are_followed_to_the_end(team: Team) -> None:
    message = await mention(team)
    team.slack.world.page = 3
    chatter(team, 10, thread=message.conversation.thread)
    sent = await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi", repeated=True)) == sent
    assert len(team.slack.calls("conversations.replies")) == 4


async def test_where_too_much_was_said_since_the_answer_is_marked(team: Team) -> None:
    message = await mention(team)
    team.slack.world.page = 2
    chatter(team, 2 * MOST_PAGES + 1, thread=message.conversation.thread)
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi", repeated=True))
    assert [shown.text for shown in answers(team)] == [MARKED]


async def test_an_answer_whose_metadata_is_gone_is_known_by_its_words(team: Team) -> None:
    await mention(team)
    text = "**Yes**, see https://x.org/a & `b` 👍"
    sent = await team.platform.draft(team.turn()).send(Part(key="1.0", text=text))
    post = team.slack.world.channels["C1"].posts[-1]
    post.metadata, post.text = None, "**Yes**, see <https://x.org/a> &amp; `b` :thumbsup:"
    assert await team.platform.draft(team.turn()).send(Part(key="1.0", text=text, repeated=True)) == sent
    await team.platform.draft(team.turn()).send(Part(key="1.1", text="**No**", repeated=True))
    assert [shown.text for shown in answers(team)] == [text, "**No**"]


async def test_a_file_like_it_from_before_the_question_is_not_taken_for_the_answer(team: Team) -> None:
    await mention(team)
    await team.platform.draft(team.turn()).send(Part(key="1.0", attachments=(PNG,)))
    chart = answers(team)[0]
    chart_post = team.slack.world.channels["C1"].find(chart.id)
    assert chart_post is not None
    chart_post.thread = None  # as an answer to a command is, at the channel's root
    await team.slack.mention("C1", "U1", "again", thread=chart.id)
    await team.slack.settled()
    await team.platform.draft(team.turn()).send(Part(key="2.0", attachments=(PNG,), repeated=True))
    assert len(answers(team)) == 2


async def test_f7_the_same_file_in_another_answer_is_not_taken_for_this_one(team: Team) -> None:
    first, second = [await ask_directly(team, text) for text in ("draw", "draw it again")]
    sent = await team.platform.draft(team.turn(first)).send(Part(key="1.0", attachments=(PNG,)))
    part = Part(key="2.0", attachments=(PNG,), repeated=True, known=frozenset({sent}))
    await team.platform.draft(team.turn(second)).send(part)
    assert len(answers(team)) == 2


async def test_f7_the_same_words_in_another_answer_are_not_taken_for_this_one(team: Team) -> None:
    first, second = [await ask_directly(team, text) for text in ("go on", "and on")]
    sent = await team.platform.draft(team.turn(first)).send(Part(key="1.0", text="Done."))
    team.slack.world.channels[first.conversation.channel].posts[-1].metadata = None
    part = Part(key="2.0", text="Done.", repeated=True, known=frozenset({sent}))
    await team.platform.draft(team.turn(second)).send(part)
    assert len(answers(team)) == 2


async def test_what_may_not_be_read_back_is_sent_once_more_with_a_mark() -> None:
    scopes = [scope for scope in SCOPES if not scope.endswith(":history")]
    async with SlackSimulator(scopes=scopes) as slack, listening(slack) as team:
        await mention(team)
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi", repeated=True))
        await team.platform.draft(team.turn()).send(Part(key="1.1", attachments=(PNG,), repeated=True))
        await team.platform.draft(team.turn()).send(Part(key="1.2", text="sure"))
        assert [(shown.text, len(shown.files)) for shown in answers(team)] == [(MARKED, 0), (REPEATED, 1), ("sure", 0)]


async def test_a_server_that_reads_nothing_back_gets_a_marked_answer(team: Team) -> None:
    await mention(team)
    team.slack.fail("conversations.replies", Fault(status=404))
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi", repeated=True))
    assert [shown.text for shown in answers(team)] == [MARKED]


async def test_a_lost_response_that_may_not_be_read_back_is_followed_by_a_marked_answer() -> None:
    scopes = [scope for scope in SCOPES if not scope.endswith(":history")]
    async with SlackSimulator(scopes=scopes) as slack, listening(slack) as team:
        await mention(team)
        slack.fail("chat.postMessage", Fault(drop="after"))
        await deliver(team.platform.draft(team.turn()), Part(key="1.0", text="hi"))
        assert [shown.text for shown in answers(team)] == ["hi", MARKED]


@pytest.mark.parametrize("fault", [Fault(drop="after"), Fault(status=500, performed=True)])
async def test_a_lost_answer_to_a_command_is_sent_once_more_with_a_mark(team: Team, fault: Fault) -> None:
    await team.slack.command("C2", "U1", "ask why")
    team.slack.fail("response_url", fault)
    await deliver(team.platform.draft(team.turn()), Part(key="1.0", text="hi"))
    assert [shown.text for shown in answers(team)] == ["hi", MARKED]


async def test_after_a_restart_an_answer_to_a_command_is_marked(team: Team) -> None:
    await team.slack.command("C2", "U1", "ask why")
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi", repeated=True))
    assert [shown.text for shown in answers(team)] == [MARKED]


async def test_f20_the_worst_piece_with_a_mark_is_within_slacks_limits() -> None:
    scopes = [scope for scope in SCOPES if not scope.endswith(":history")]
    async with SlackSimulator(scopes=scopes) as slack, listening(slack) as team:
        await mention(team)
        for text in ("&" * LIMIT, "<!here>" * (LIMIT // 7), "@here " * (LIMIT // 6)):
            await team.platform.draft(team.turn()).send(Part(key="1.0", text=text, repeated=True))
        assert len(answers(team)) == 3
        assert all("blocks" in call.arguments for call in slack.calls("chat.postMessage"))


async def test_f46_bytes_that_were_not_taken_may_be_sent_again(team: Team) -> None:
    await mention(team)
    team.slack.fail("upload", Fault(status=500))
    draft = team.platform.draft(team.turn())
    with pytest.raises(PlatformError, match="did not take the bytes") as caught:
        await draft.send(Part(key="1.0", attachments=(PNG,)))
    assert not caught.value.permanent
    await draft.send(Part(key="1.0", attachments=(PNG,)))
    assert len(answers(team)) == 1
