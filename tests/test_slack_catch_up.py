"""What was said in Slack while nobody listened is found afterwards, and answered once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bots.simulator.slack import SCOPES, Fault, SlackSimulator
from bots.simulator.slack.world import Post
from bots.simulator.transcript import ShownFile
from bots.slack.catch_up import ATTEMPTS
from core.config import CatchUpConfig
from core.cursors import Cursors
from core.errors import OperatorError
from core.messages import Audience, Conversation, Message
from core.outlet import Part
from core.store import Store
from tests.slack_team import Team, listening
from tests.waiting import until

ON = CatchUpConfig()


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    """A Slack that gives an event up at once when nobody takes it."""
    async with SlackSimulator(retry_scale=0, deadline=0.1) as simulator:
        yield simulator


async def cursors_of(store: Store) -> dict[str, str]:
    rows = await store.fetch("SELECT channel, position FROM cursors WHERE platform = 'slack'")
    return {row["channel"]: row["position"] for row in rows}


async def stored(store: Store, *channels: str, past: str = "0") -> None:
    """Wait until the cursors of these channels are stored, and past a message."""
    async with asyncio.timeout(15):
        while True:
            known = await cursors_of(store)
            if all(float(known.get(channel, "-1")) >= float(past) for channel in channels):
                return
            await asyncio.sleep(0.01)


async def begin(store: Store, **positions: str) -> None:
    """Store cursors, as an earlier run would have."""
    cursors = Cursors(store, "slack")
    for channel, position in positions.items():
        cursors.passed(channel, position)
    await cursors.flush()


async def begin_now(store: Store) -> None:
    """Store that every channel was read up to now."""
    await begin(store, C1=ago(0), G1=ago(0), DU1=ago(0))


def texts(team: Team) -> list[str]:
    return [message.text for message in team.accepted]


def ago(seconds: float) -> str:
    return f"{time.time() - seconds:.6f}"


def written(slack: SlackSimulator, text: str, *, ts: str = "", channel: str = "C1", user: str = "U1") -> Post:
    """Put a message into a channel without an event."""
    post = Post(ts=ts or slack.world.timestamp(), channel=channel, user=user, text=f"<@UBOT> {text}")
    slack.world.channels[channel].posts.append(post)
    return post


@pytest.mark.parametrize("http", [False, True])
async def test_f9_what_was_said_while_offline_is_accepted_afterwards(
    slack: SlackSimulator, store: Store, http: bool
) -> None:
    slack.world.direct("U1")
    root = await slack.say("U2", "look at this", channel="C1")
    await begin_now(store)
    first = await slack.mention("C1", "U1", "first")
    await slack.say("U2", "not for you", channel="C1")
    await slack.mention("C1", "U2", "in a thread", thread=root)
    file = ShownFile(name="a.csv", media_type="text/csv", content=b"1,2")
    await slack.mention("C1", "U1", "last", files=[file])
    await slack.mention("G1", "U1", "in private")
    await slack.say("U1", "to you alone")
    await slack.settled()
    slack.webhook.url = None
    async with listening(slack, http=http, store=store, catch_up=ON) as team:
        await until(lambda: len(team.accepted) == 5)
    assert texts(team) == ["first", "in a thread", "last", "in private", "to you alone"]
    assert team.accepted[0].id == f"slack/T1/C1/{first}"
    assert [message.conversation for message in team.accepted[:2]] == [
        Conversation(platform="slack", workspace="T1", channel="C1", thread=thread) for thread in (first, root)
    ]
    assert [message.author.name for message in team.accepted[:2]] == ["Ada", "Grace"]
    assert await team.platform.download(team.accepted[2].attachments[0]) == b"1,2"
    scopes = [message.audience.scope for message in team.accepted]
    assert scopes == ["workspace", "workspace", "workspace", "channel", "person"]
    assert team.accepted[4].conversation.thread is None


@pytest.mark.parametrize("direct", [False, True])
async def test_f9_a_message_that_was_found_is_the_same_as_one_that_came(
    slack: SlackSimulator, store: Store, direct: bool
) -> None:
    text = "hello <@U2>, see https://x.org & 1 < 2"
    async with listening(slack) as live:
        ts = await (slack.say("U1", text) if direct else slack.mention("C1", "U1", text))
        await slack.settled()
        [message] = live.accepted
        await live.platform.draft(live.turn()).send(Part(key="1.0", text="hi"))
    channel = slack.world.channels[message.conversation.channel]
    channel.posts[-1].thread = ts  # in a direct message too, as an answer to a reply would be
    await begin(store, **{channel.id: ago(60)})
    async with listening(slack, store=store, catch_up=ON) as late:
        await until(lambda: late.accepted)
    assert late.accepted == [message]


async def test_f9_the_first_start_answers_nothing_old_then_or_later(slack: SlackSimulator, store: Store) -> None:
    await slack.mention("C1", "U1", "long before you came")
    await slack.settled()
    async with listening(slack, store=store, catch_up=ON):
        await stored(store, "C1", "G1")
    await slack.mention("G1", "U1", "welcome")
    await slack.settled()
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: team.accepted)
    assert texts(team) == ["welcome"]


async def test_f10_looking_back_again_accepts_nothing_twice(slack: SlackSimulator, store: Store) -> None:
    await begin_now(store)
    await slack.mention("C1", "U1", "hello")
    ts = await slack.mention("G1", "U1", "hello again")
    await slack.settled()
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: len(team.accepted) == 2)
        await stored(store, "G1", past=ts)
    await slack.mention("G1", "U1", "something new")
    await slack.settled()
    async with listening(slack, store=store, catch_up=ON) as again:
        await until(lambda: again.accepted)
    assert texts(again) == ["something new"]


async def test_f9_what_is_too_old_stays_unanswered_and_is_counted(
    slack: SlackSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(store, C1=ago(300_000))
    for seconds in (200_000, 100_000, 90_000, 80_000, 100):
        written(slack, f"{seconds} seconds ago", ts=ago(seconds))
    async with listening(slack, store=store, catch_up=CatchUpConfig(hours=24)) as team:
        await until(lambda: "stay unanswered" in caplog.text)
    assert texts(team) == ["80000 seconds ago", "100 seconds ago"]
    assert "3 messages stay unanswered: they are older than catch_up.hours, 24" in caplog.text


async def test_f9_what_is_too_much_stays_unanswered_and_is_counted(
    slack: SlackSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await begin_now(store)
    for number in range(5):
        written(slack, f"question {number}")
    async with listening(slack, store=store, catch_up=CatchUpConfig(messages=2)) as team:
        await until(lambda: "stay unanswered" in caplog.text)
        await stored(store, "C1", past=slack.world.channels["C1"].posts[-1].ts)
    assert texts(team) == ["question 0", "question 1"]
    assert "3 messages stay unanswered: they are more than catch_up.messages, 2" in caplog.text
    written(slack, "later")
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: team.accepted)
    assert texts(team) == ["later"], "what was too much is answered after all"


async def test_f9_with_no_hours_nothing_is_looked_for(slack: SlackSimulator, store: Store) -> None:
    await begin(store, C1=ago(60))
    written(slack, "missed")
    async with listening(slack, store=store, catch_up=CatchUpConfig(hours=0)) as team:
        ts = await slack.mention("C1", "U1", "live")
        await stored(store, "C1", past=ts)
    assert texts(team) == ["live"]
    assert slack.calls("users.conversations") == []


async def test_f9_a_channel_that_is_new_is_read_from_the_newest_cursor_on(slack: SlackSimulator, store: Store) -> None:
    await begin(store, C1=ago(100))
    slack.add_channel("C3", "new", members=["U1", "UBOT"])
    written(slack, "before the last cursor", channel="C3", ts=ago(200))
    written(slack, "after it", channel="C3", ts=ago(50))
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: team.accepted)
        await stored(store, "C3")
    assert texts(team) == ["after it"]


async def test_f9_long_histories_and_threads_are_read_page_by_page(slack: SlackSimulator, store: Store) -> None:
    await begin_now(store)
    root = written(slack, "question 0")
    for number in range(1, 8):
        written(slack, f"question {number}").thread = root.ts if number % 2 else None
    slack.world.page = 2
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: len(team.accepted) == 8)
    assert texts(team) == [f"question {number}" for number in range(8)]


async def test_f9_a_new_reply_in_a_thread_from_before_is_found(slack: SlackSimulator, store: Store) -> None:
    root = written(slack, "an old question", ts=ago(3600))
    written(slack, "an old reply", ts=ago(1800)).thread = root.ts
    await begin(store, C1=ago(60))
    written(slack, "a new reply").thread = root.ts
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: team.accepted)
    assert texts(team) == ["a new reply"]
    assert team.accepted[0].conversation.thread == root.ts


async def test_f40_found_messages_of_bots_and_of_our_own_are_nothing_to_answer(
    slack: SlackSimulator, store: Store
) -> None:
    async with listening(slack) as live:
        await slack.mention("C1", "U1", "hello")
        await slack.settled()
        await live.platform.draft(live.turn()).send(Part(key="1.0", text="<@UBOT> hi"))
    slack.add_user("UOTHER", "Helper", is_bot=True)
    await begin(store, C1=ago(60))
    written(slack, "I am a bot", user="UOTHER")
    written(slack, "I am a person")
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: len(team.accepted) == 2)
    assert texts(team) == ["hello", "I am a person"]


async def test_f9_without_permission_to_read_history_it_is_said_once_and_the_bot_works_on(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(store, C1=ago(60), G1=ago(60))
    scopes = [scope for scope in SCOPES if not scope.endswith(":history")]
    async with SlackSimulator(scopes=scopes) as slack:
        written(slack, "missed")
        async with listening(slack, store=store, catch_up=ON) as team:
            await until(lambda: "missing_scope" in caplog.text)
            slack.sockets.cut()
            await slack.called("users.conversations", 2)
            await slack.connected()
            ts = await slack.mention("G1", "U1", "live")
            await stored(store, "G1", past=ts)
        assert texts(team) == ["live"]
        said = [line for line in caplog.messages if "missing_scope" in line]
        assert len(said) == 1
        assert "update it with `steward manifest slack`" in said[0]


async def test_f9_where_channels_cannot_be_listed_those_that_are_known_are_read(store: Store) -> None:
    await begin(store, C1=ago(60), DU1=ago(60))
    async with SlackSimulator(scopes=[scope for scope in SCOPES if scope != "mpim:read"]) as slack:
        slack.world.direct("U1")
        written(slack, "missed")
        written(slack, "in private", channel="DU1")
        async with listening(slack, store=store, catch_up=ON) as team:
            await until(lambda: len(team.accepted) == 2)
        assert {message.audience.scope for message in team.accepted} == {"workspace", "person"}


@pytest.mark.parametrize("fault", [Fault(retry_after=1), Fault(status=500), Fault(drop="before")])
async def test_f9_a_fault_that_passes_only_delays(slack: SlackSimulator, store: Store, fault: Fault) -> None:
    await begin_now(store)
    written(slack, "missed")
    slack.fail("conversations.history", fault)
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: team.accepted)
    assert texts(team) == ["missed"]


async def test_f9_a_message_that_could_not_be_stored_is_tried_again(slack: SlackSimulator, store: Store) -> None:
    await begin_now(store)
    for number in range(3):
        written(slack, f"question {number}")
    team: Team
    async with listening(slack, store=store, catch_up=ON) as team:
        team.failures.append(OperatorError("The disk is full."))
        await until(lambda: len(team.accepted) == 3)
    assert texts(team) == ["question 0", "question 1", "question 2"]


async def test_f9_looking_back_holds_up_neither_the_connection_nor_what_comes_in(
    slack: SlackSimulator, store: Store
) -> None:
    await begin_now(store)
    written(slack, "missed")
    slack.fail("conversations.history", Fault(delay=60))
    async with listening(slack, store=store, catch_up=ON) as team:
        await slack.mention("C1", "U1", "live")
        await slack.settled()
        assert texts(team) == ["live"]


async def test_f9_a_stop_while_looking_back_loses_nothing(slack: SlackSimulator, store: Store) -> None:
    await begin_now(store)
    before = await cursors_of(store)
    written(slack, "missed")
    slack.fail("conversations.history", Fault(delay=60))
    async with listening(slack, store=store, catch_up=ON) as team:
        await slack.mention("C1", "U1", "live")
        await slack.settled()
        await asyncio.sleep(0.5)  # the time of two signs of life, at which cursors are stored
    assert texts(team) == ["live"]
    assert await cursors_of(store) == before
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: len(team.accepted) == 2)
    assert texts(team) == ["missed", "live"]


async def test_f9_what_was_said_while_the_socket_was_lost_is_found(slack: SlackSimulator, store: Store) -> None:
    async with listening(slack, store=store, catch_up=ON) as team:
        await stored(store, "C1")
        slack.sockets.cut()
        written(slack, "missed")
        await slack.called("apps.connections.open", 2)
        await slack.connected()
        await slack.mention("C1", "U1", "live")
        await until(lambda: {"missed", "live"} <= set(texts(team)))


async def test_f9_a_cursor_is_not_stored_past_what_was_missed_before_a_live_message(
    slack: SlackSimulator, store: Store
) -> None:
    async with listening(slack, store=store, catch_up=ON):
        await stored(store, "C1")
        slack.fail("conversations.history", Fault(delay=60, times=5))
        slack.sockets.cut()
        missed = written(slack, "missed")
        await slack.called("apps.connections.open", 2)
        await slack.connected()
        await slack.mention("C1", "U1", "live")
        await slack.settled()
        await asyncio.sleep(0.5)  # the time of two signs of life, at which cursors are stored
    assert float((await cursors_of(store))["C1"]) < float(missed.ts)


async def test_f9_a_message_that_was_given_up_is_found_at_the_next_start(slack: SlackSimulator, store: Store) -> None:
    await begin_now(store)
    async with listening(slack, store=store, catch_up=CatchUpConfig(hours=0)) as team:
        team.failures += [OperatorError("The disk is full.")] * 4
        await slack.mention("C1", "U1", "refused")
        await slack.settled()
        ts = await slack.mention("G1", "U1", "accepted")
        await stored(store, "G1", past=ts)
        await slack.mention("C1", "U1", "accepted too")
        await slack.settled()
    assert texts(team) == ["accepted", "accepted too"]
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: len(team.accepted) == 2)
    assert texts(team) == ["refused", "accepted too"]


async def test_f9_the_first_message_of_a_channel_is_found_too_where_it_was_given_up(
    slack: SlackSimulator, store: Store
) -> None:
    async def refuse(message: Message) -> None:
        if message.conversation.channel == "G1":
            raise OperatorError("The disk is full.")

    await begin(store, C1=ago(60))
    async with listening(slack, store=store, catch_up=CatchUpConfig(hours=0)) as team:
        team.before = refuse
        await slack.mention("G1", "U1", "refused")
        await slack.settled()
        ts = await slack.mention("C1", "U1", "accepted")
        await stored(store, "C1", past=ts)
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: team.accepted)
    assert texts(team) == ["refused"]


async def test_f9_a_channel_that_could_not_be_read_for_long_is_read_after_the_next_gap(
    slack: SlackSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(store, G1=ago(60))
    written(slack, "missed")
    slack.fail("conversations.history", Fault(retry_after=0, times=4 * ATTEMPTS))
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: "again in some minutes" in caplog.text)
        ts = await slack.mention("C1", "U1", "live")
        await slack.settled()
        await asyncio.sleep(0.5)  # the time of two signs of life, at which cursors are stored
    assert texts(team) == ["live"]
    assert float((await cursors_of(store))["C1"]) < float(ts), "the cursor left behind what was missed"
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: len(team.accepted) == 2)
        await stored(store, "C1", past=ts)
    assert texts(team) == ["missed", "live"]


async def test_f12_a_deaf_socket_is_replaced_and_what_it_missed_is_found(
    slack: SlackSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "steward")
    async with listening(slack, store=store, catch_up=ON, quiet_after=0.5) as team:
        await stored(store, "C1")
        slack.sockets.deafen()
        await slack.mention("C1", "U1", "do you hear me?")
        await until(lambda: texts(team) == ["do you hear me?"])
        await until(lambda: len(slack.sockets.open) == 1)
        await slack.mention("C1", "U1", "and now?")
        await until(lambda: "and now?" in texts(team))
    assert "nothing came from Slack for 0.5 s" in caplog.text
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


async def test_f12_a_socket_over_which_something_comes_is_left_alone(slack: SlackSimulator) -> None:
    async with listening(slack, quiet_after=1.0):
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            await slack.mention("C1", "U1", "hello")
            await slack.settled()
            await asyncio.sleep(0.02)
        assert len(slack.calls("apps.connections.open")) == 1


async def test_f12_the_new_socket_is_open_before_the_deaf_one_is_closed(slack: SlackSimulator) -> None:
    most: list[int] = []
    async with listening(slack, quiet_after=0.3):

        async def count() -> None:
            while True:
                most.append(len(slack.sockets.open))
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        await slack.called("apps.connections.open", 3)
        counting.cancel()
        with suppress(asyncio.CancelledError):
            await counting
    assert (min(most), max(most)) == (1, 2)


async def test_a_channel_that_was_made_private_while_offline_is_known_to_be(
    slack: SlackSimulator, store: Store
) -> None:
    await begin_now(store)
    await slack.make_private("C1", "U1")
    last = await slack.mention("C1", "U1", "among us")
    await slack.settled()
    async with listening(slack, store=store, catch_up=ON) as team:
        await until(lambda: team.accepted)
    members = Audience(scope="channel", id="slack/C1")
    assert team.closings == [(Conversation(platform="slack", workspace="T1", channel="C1"), members)]
    assert [(message.id, message.audience) for message in team.accepted] == [(f"slack/T1/C1/{last}", members)]
