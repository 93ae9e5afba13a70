"""Answers in the simulated Slack: what people see of them, whatever goes wrong on the way."""

import asyncio
from dataclasses import replace

import pytest

from bots.simulator.slack import SCOPES, Fault, SlackSimulator
from bots.simulator.transcript import ShownFile
from bots.slack.api import web_client
from bots.slack.pieces import LIMIT, split
from bots.slack.status import PROCESSING, Sessions, Statuses
from core.errors import PlatformError
from core.events import SkillFinished, SkillStarted, TextDelta
from core.items import Call, Result
from core.messages import Attachment, Reply
from core.outlet import Part
from tests.slack_team import Team, answers, listening, mention, settings
from tests.waiting import until

PNG = Attachment(filename="chart.png", media_type="image/png", content=b"\x89PNG", alt="Words by length")


async def shown_status(team: Team, text: str) -> None:
    """Wait until a status is shown."""
    async with asyncio.timeout(2):
        while text not in team.slack.world.statuses.values():  # noqa: ASYNC110  # the world is plain values
            await asyncio.sleep(0.005)


async def test_an_answer_is_posted_in_the_mentions_thread(team: Team) -> None:
    message = await mention(team)
    ts = await team.platform.draft(team.turn()).send(Part(key="1.0", text="**Hi**, 1 < 2"))
    [shown] = answers(team)
    assert (shown.id, shown.thread, shown.text) == (ts, message.conversation.thread, "**Hi**, 1 < 2")
    [call] = team.slack.calls("chat.postMessage")
    assert call.arguments["text"] == "**Hi**, 1 &lt; 2"
    assert (call.arguments["unfurl_links"], call.arguments["unfurl_media"]) == (False, False)
    assert call.arguments["metadata"] == {
        "event_type": "steward_part",
        "event_payload": {"key": "1.0", "question": message.id},
    }


async def test_a_direct_message_is_answered_without_a_thread(team: Team) -> None:
    await team.slack.say("U1", "hello")
    await team.slack.settled()
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert [(shown.channel, shown.thread) for shown in answers(team)] == [("DU1", None)]


async def test_a_picture_lands_in_the_thread_with_its_alt_text(team: Team) -> None:
    message = await mention(team)
    await team.platform.draft(team.turn()).send(Part(key="1.1", attachments=(PNG,)))
    [shown] = answers(team)
    assert shown.thread == message.conversation.thread
    assert shown.files == [
        ShownFile(name="chart.png", media_type="image/png", content=b"\x89PNG", alt="Words by length")
    ]


async def test_several_files_are_one_message(team: Team) -> None:
    await mention(team)
    csv = Attachment(filename="data.csv", media_type="text/csv", content=b"1,2")
    named, piece = split(Reply(attachments=(PNG, csv)))
    assert named == Reply(text="Here are `chart.png` and `data.csv`.")
    await team.platform.draft(team.turn()).send(Part(key="1.0", attachments=piece.attachments))
    [shown] = answers(team)
    assert [file.name for file in shown.files] == ["chart.png", "data.csv"]


async def test_f20_a_long_answer_arrives_whole(team: Team) -> None:
    await mention(team)
    words = [f"word{number}" for number in range(6000)]
    pieces = split(Reply(text=" ".join(words), attachments=(PNG,)))
    draft = team.platform.draft(team.turn())
    for number, piece in enumerate(pieces):
        await draft.send(Part(key=f"1.{number}", text=piece.text, attachments=piece.attachments))
    texts = [shown.text for shown in answers(team) if not shown.files]
    assert len(texts) > 1
    assert " ".join(texts).split() == words
    assert answers(team)[-1].files


async def test_f20_the_worst_piece_is_within_slacks_limits(team: Team) -> None:
    await mention(team)
    for text in ("&" * LIMIT, "<!here>" * (LIMIT // 7), "@here " * (LIMIT // 6)):
        await team.platform.draft(team.turn()).send(Part(key="1.0", text=text))
    assert len(answers(team)) == 3
    assert all("blocks" in call.arguments for call in team.slack.calls("chat.postMessage"))


async def test_text_of_the_model_pings_nobody(team: Team) -> None:
    await mention(team)
    text = "<!channel> <!here> <!everyone> <@U2> <!subteam^S1|@team>"
    await team.platform.draft(team.turn()).send(Part(key="1.0", text=text))
    assert team.slack.world.pings == []
    [shown] = answers(team)
    assert shown.text.replace("\u2060", "") == text


async def test_a_server_without_markdown_blocks_gets_the_text(team: Team) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", Fault(error="invalid_blocks"))
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="**hi** & bye"))
    assert [shown.text for shown in answers(team)] == ["**hi** & bye"]


async def test_f17_a_rate_limit_is_waited_for(team: Team) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", Fault(retry_after=1))
    began = asyncio.get_running_loop().time()
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert asyncio.get_running_loop().time() - began >= 1.0
    assert len(answers(team)) == 1


async def test_f17_a_long_rate_limit_is_handed_on(team: Team) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", Fault(retry_after=90))
    with pytest.raises(PlatformError) as caught:
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert (caught.value.retry_after, caught.value.permanent) == (90.0, False)


async def test_a_refused_connection_is_tried_again_by_whoever_sends(team: Team) -> None:
    await mention(team)
    await team.slack.stop()
    with pytest.raises(PlatformError, match="could not be reached") as caught:
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert not caught.value.permanent


async def test_a_permanent_refusal_says_why(team: Team) -> None:
    await mention(team)
    team.slack.world.channels["C1"].members.discard("UBOT")
    with pytest.raises(PlatformError, match="invite me with /invite") as caught:
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert caught.value.permanent


async def test_a_missing_permission_for_files_is_named() -> None:
    scopes = [scope for scope in SCOPES if scope != "files:write"]
    async with SlackSimulator(scopes=scopes) as slack, listening(slack) as team:
        await mention(team)
        with pytest.raises(PlatformError, match=r"lacks a permission.*missing_scope") as caught:
            await team.platform.draft(team.turn()).send(Part(key="1.0", attachments=(PNG,)))
        assert caught.value.permanent


async def test_a_command_is_answered_in_its_channel(team: Team) -> None:
    await team.slack.command("C1", "U1", "ask why")
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="because"))
    assert [(shown.channel, shown.thread, shown.text) for shown in answers(team)] == [("C1", None, "because")]
    assert len(team.slack.calls("chat.postMessage")) == 1


async def test_a_command_where_the_bot_is_not_is_answered_without_files(team: Team) -> None:
    await team.slack.command("C2", "U1", "ask why")
    draft = team.platform.draft(team.turn())
    await draft.send(Part(key="1.0", text="because <!here>"))
    with pytest.raises(PlatformError, match="add files to a channel I am invited to") as caught:
        await draft.send(Part(key="1.1", attachments=(PNG,)))
    assert caught.value.permanent
    [shown] = answers(team)
    assert (shown.channel, shown.to, shown.text.replace("\u2060", "")) == ("C2", None, "because <!here>")
    assert team.slack.world.pings == []


async def test_a_file_alone_where_the_bot_is_not_asks_for_an_invitation(team: Team) -> None:
    await team.slack.command("C2", "U1", "ask why")
    with pytest.raises(PlatformError, match="invite me with /invite") as caught:
        await team.platform.draft(team.turn()).send(Part(key="1.0", attachments=(PNG,)))
    assert caught.value.permanent


async def test_a_used_up_command_cannot_be_answered(team: Team) -> None:
    await team.slack.command("C2", "U1", "ask why")
    team.slack.expire_response_urls()
    with pytest.raises(PlatformError, match="no longer takes my answer") as caught:
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="because"))
    assert caught.value.permanent


async def test_progress_shows_in_the_status_line_where_no_message_can_show_it(team: Team) -> None:
    message = await mention(team)
    for method in ("chat.startStream", "chat.postMessage"):
        team.slack.fail(method, Fault(error="restricted_action"))
    draft = team.platform.draft(team.turn())
    call = Call(id="1", name="draw_chart", arguments="{}")
    await shown_status(team, "is thinking…")
    await draft.show(SkillStarted(call=call))
    await until(lambda: draft.silent)
    await draft.show(SkillFinished(call=call, result=Result(call_id="1", name="draw_chart", text="done"), seconds=1.0))
    await draft.show(SkillStarted(call=replace(call, id="2")))
    await shown_status(team, "is running draw chart…")
    assert set(team.slack.world.statuses) == {("C1", message.conversation.thread)}
    await draft.show(TextDelta(text="a"))
    await shown_status(team, "is writing…")
    await draft.close()
    assert team.slack.world.status_history == ["is thinking…", "is running draw chart…", "is writing…", ""]
    assert answers(team) == []


async def test_a_posted_answer_needs_no_other_end_of_its_status(team: Team) -> None:
    await mention(team)
    draft = team.platform.draft(team.turn())
    await shown_status(team, "is thinking…")
    await draft.send(Part(key="1.0", text="a"))
    await draft.close()
    assert team.slack.world.status_history == ["is thinking…"]


async def test_a_status_never_comes_after_the_answer(team: Team) -> None:
    await mention(team)
    team.slack.fail("assistant.threads.setStatus", Fault(delay=0.1))
    draft = team.platform.draft(team.turn())
    await asyncio.sleep(0.02)
    await draft.show(TextDelta(text="a"))
    await draft.send(Part(key="1.0", text="a"))
    await draft.close()
    assert team.slack.world.statuses == {}


async def test_a_refused_status_is_not_tried_again(team: Team) -> None:
    await mention(team)
    team.slack.fail("assistant.threads.setStatus", Fault(error="unknown_method", times=1))
    for _ in range(2):
        draft = team.platform.draft(team.turn())
        await draft.show(TextDelta(text="a"))
        await draft.close()
    assert team.slack.world.status_history == []
    assert team.slack.calls("assistant.threads.setStatus") == [], "tried after it was refused"


async def test_a_thread_that_is_gone_does_not_end_the_status_of_others(team: Team) -> None:
    thread = (await mention(team)).conversation.thread or ""
    client = web_client(settings(team.slack), patient=False)
    for statuses in (Statuses(client), Sessions(client)):
        await statuses.set("C1", "1.000001", PROCESSING)
        await statuses.set("C1", thread, PROCESSING)
    assert team.slack.world.statuses == team.slack.world.sessions == {("C1", thread): PROCESSING}


async def test_the_native_stop_button_is_there_while_an_answer_is_made(team: Team) -> None:
    message = await mention(team)
    place = ("C1", message.conversation.thread or "")
    draft = team.platform.draft(team.turn())
    await until(lambda: team.slack.world.sessions.get(place) == "processing")
    await draft.send(Part(key="1.0", text="a"))
    await draft.close()
    assert team.slack.world.sessions == {place: "active"}


async def test_an_app_that_is_no_agent_has_no_sessions_and_asks_once(team: Team) -> None:
    await mention(team)
    team.slack.fail("agents.sessions.setStatus", Fault(error="unknown_method", times=1))
    for _ in range(2):
        draft = team.platform.draft(team.turn())
        await draft.send(Part(key="1.0", text="a"))
        await draft.close()
    assert team.slack.world.sessions == {}


async def test_a_rate_limit_does_not_hold_progress_up(team: Team) -> None:
    await mention(team)
    team.slack.fail("assistant.threads.setStatus", Fault(retry_after=20))
    draft = team.platform.draft(team.turn())
    async with asyncio.timeout(1):
        await draft.show(TextDelta(text="a"))


async def test_the_names_and_descriptions_of_files_mention_nobody(team: Team) -> None:
    await mention(team)
    hostile = replace(PNG, filename="<!channel>.png", alt="@everyone <!here>")
    await team.platform.draft(team.turn()).send(Part(key="1.0", attachments=(hostile,)))
    [asked], [completed] = (
        team.slack.calls(f"files.{method}External") for method in ("getUploadURL", "completeUpload")
    )
    assert asked.arguments["alt_txt"] == "@\u2060everyone <\u2060!here>"
    assert "<!channel>" not in str(completed.arguments)


async def test_an_empty_reply_has_no_pieces() -> None:
    assert split(Reply()) == []


async def test_f22_a_thread_that_is_gone_is_not_answered_elsewhere(team: Team) -> None:
    message = await mention(team)
    gone = replace(message, conversation=replace(message.conversation, thread="1.000001"))
    with pytest.raises(PlatformError) as caught:
        await team.platform.draft(team.turn(gone)).send(Part(key="1.0", text="hi"))
    assert caught.value.permanent
    assert answers(team) == []


async def test_f17_an_answer_that_is_refused_again_and_again_lands_whole(team: Team) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", Fault(retry_after=0, times=3))
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert [shown.text for shown in answers(team)] == ["hi"]


async def test_f21_a_question_that_is_gone_is_answered_in_its_thread(team: Team) -> None:
    root = await team.slack.say("U2", "look at this", channel="C1")
    question = await team.slack.mention("C1", "U1", "what do you say?", thread=root)
    await team.slack.settled()
    team.slack.delete("C1", question)
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi", opens=True))
    await team.platform.draft(team.turn()).send(Part(key="1.1", attachments=(PNG,)))
    assert [(shown.thread, len(shown.files)) for shown in answers(team)] == [(root, 0), (root, 1)]


async def test_f22_an_answer_that_is_sent_another_way_stays_in_its_thread(team: Team) -> None:
    message = await mention(team)
    team.slack.fail("chat.postMessage", Fault(error="invalid_blocks"))
    draft = team.platform.draft(team.turn())
    await draft.send(Part(key="1.0", text="hi"))
    team.slack.fail("conversations.replies", Fault(error="missing_scope", times=2))
    await draft.send(Part(key="1.1", text="ho", repeated=True))
    await draft.send(Part(key="1.2", attachments=(PNG,), repeated=True))
    assert [shown.thread for shown in answers(team)] == [message.conversation.thread] * 3


async def test_f46_files_that_are_refused_are_refused_in_a_sentence_and_the_text_lands(team: Team) -> None:
    await mention(team)
    team.slack.fail("files.getUploadURLExternal", Fault(error="storage_limit_reached"))
    draft = team.platform.draft(team.turn())
    with pytest.raises(PlatformError, match="no room for more files") as caught:
        await draft.send(Part(key="1.0", attachments=(PNG,)))
    assert caught.value.permanent
    await draft.send(Part(key="1.0", text=f"(I could not upload chart.png: {caught.value})"))
    assert ["no room for more files" in shown.text for shown in answers(team)] == [True]


async def test_f46_code_that_cannot_be_uploaded_for_good_is_written_out(team: Team) -> None:
    message = await mention(team)
    team.slack.fail("files.getUploadURLExternal", Fault(error="missing_scope"))
    code = "\n".join(f"print({number}, '```')" for number in range(900))
    *_, files = split(Reply(text=f"````py\n{code}\n````"))
    with pytest.raises(PlatformError, match="missing_scope") as caught:
        await team.platform.draft(team.turn()).send(Part(key="1.1", attachments=tuple(files.attachments)))
    assert caught.value.permanent
    shown = answers(team)
    assert [each.thread for each in shown] == [message.conversation.thread] * len(shown)
    assert [line for each in shown for line in each.text.split("\n") if line.startswith("print")] == code.split("\n")
    assert shown[0].text.startswith("`code.py`:\n\n````\nprint(0, '```')\n")


async def test_f46_code_that_was_written_out_before_a_restart_is_not_written_again(team: Team) -> None:
    await mention(team)
    team.slack.fail("files.getUploadURLExternal", Fault(error="missing_scope", times=2))
    code = Attachment(filename="code.py", media_type="text/plain", content=b"print(1)\n" * 1000)
    for repeated in (False, True):
        with pytest.raises(PlatformError):
            await team.platform.draft(team.turn()).send(Part(key="1.1", attachments=(code,), repeated=repeated))
    assert "\n".join(each.text for each in answers(team)).count("print(1)") == 1000


async def test_f46_a_pause_while_code_is_written_out_doubles_none_of_it(team: Team) -> None:
    await mention(team)
    team.slack.fail("files.getUploadURLExternal", Fault(error="missing_scope", times=2))
    code = Attachment(filename="code.py", media_type="text/plain", content=b"print(1)\n" * 2000)
    draft, part = team.platform.draft(team.turn()), Part(key="1.1", attachments=(code,))
    await draft.send(Part(key="1.0", text="(see file `code.py`)"))
    team.slack.fail("chat.postMessage", Fault(retry_after=60))
    with pytest.raises(PlatformError) as paused:
        await draft.send(part)
    assert not paused.value.permanent
    with pytest.raises(PlatformError, match="missing_scope"):
        await draft.send(part)
    assert "\n".join(each.text for each in answers(team)).count("print(1)") == 2000
