"""Files that people sent, fetched from the simulated Slack."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from bots.simulator.slack import SCOPES, Fault, SlackSimulator
from bots.simulator.transcript import ShownFile
from core.errors import PlatformError
from core.messages import Attachment
from tests.slack_team import Team, listening, settings


@pytest.fixture
async def team() -> AsyncIterator[Team]:
    async with SlackSimulator() as slack, listening(slack) as team:
        yield team


async def sent(team: Team, content: bytes = b"1,2", media_type: str = "text/csv") -> Attachment:
    await team.slack.mention(
        "C1", "U1", "read", files=[ShownFile(name="a.csv", media_type=media_type, content=content)]
    )
    await team.slack.settled()
    [attachment] = team.accepted[-1].attachments
    return attachment


async def test_a_file_is_fetched(team: Team) -> None:
    attachment = await sent(team)
    assert (attachment.filename, attachment.media_type) == ("a.csv", "text/csv")
    assert await team.platform.download(attachment) == b"1,2"


async def test_a_file_is_fetched_without_listening(team: Team) -> None:
    attachment = await sent(team)
    restarted = Team(team.slack, settings(team.slack))
    assert await restarted.platform.download(attachment) == b"1,2"


async def test_a_file_of_another_workspace_is_asked_for_first(team: Team) -> None:
    file = ShownFile(name="a.csv", media_type="text/csv", content=b"1,2")
    await team.slack.mention("C1", "U1", "read", files=[file], foreign=True)
    await team.slack.settled()
    [attachment] = team.accepted[-1].attachments
    assert (attachment.source or "").startswith("file:")
    assert await team.platform.download(attachment) == b"1,2"


async def test_f47_a_login_page_is_not_a_file() -> None:
    scopes = [scope for scope in SCOPES if scope != "files:read"]
    async with SlackSimulator(scopes=scopes) as slack, listening(slack) as team:
        attachment = await sent(team)
        with pytest.raises(PlatformError, match=r"login page instead of a\.csv: .*files:read") as caught:
            await team.platform.download(attachment)
        assert caught.value.permanent


async def test_f47_html_that_claims_to_be_a_picture_is_refused(team: Team) -> None:
    attachment = await sent(team, b"<!DOCTYPE html><html>", "image/png")
    with pytest.raises(PlatformError, match="login page"):
        await team.platform.download(attachment)


async def test_an_html_file_is_fetched(team: Team) -> None:
    attachment = await sent(team, b"<html>mine</html>", "text/html")
    assert await team.platform.download(attachment) == b"<html>mine</html>"


async def test_a_file_on_this_machine_is_fetched_by_any_of_its_names(team: Team) -> None:
    attachment = await sent(team)
    elsewhere = replace(attachment, source=(attachment.source or "").replace("127.0.0.1", "localhost"))
    assert elsewhere != attachment
    assert await team.platform.download(elsewhere) == await team.platform.download(attachment)


async def test_a_large_file_is_refused(team: Team) -> None:
    attachment = await sent(team, b"x" * 1001)
    with pytest.raises(PlatformError, match=r"a\.csv is larger than 0\.001 MB") as caught:
        await team.platform.download(attachment)
    assert caught.value.permanent


@pytest.mark.parametrize(("fault", "permanent"), [(Fault(status=500), False), (Fault(status=404), True)])
async def test_a_failed_download_says_so(team: Team, fault: Fault, permanent: bool) -> None:
    attachment = await sent(team)
    team.slack.fail("download", fault)
    with pytest.raises(PlatformError, match=r"a\.csv") as caught:
        await team.platform.download(attachment)
    assert caught.value.permanent == permanent


async def test_a_rate_limited_download_says_when(team: Team) -> None:
    attachment = await sent(team)
    team.slack.fail("download", Fault(retry_after=7))
    with pytest.raises(PlatformError) as caught:
        await team.platform.download(attachment)
    assert (caught.value.retry_after, caught.value.permanent) == (7.0, False)


async def test_the_token_goes_to_nobody_else(team: Team) -> None:
    seen: list[str] = []

    async def foreign(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(body=b"1,2")

    app = web.Application()
    app.router.add_get("/{path:.*}", foreign)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        attachment = replace(await sent(team), source=f"http://127.0.0.1:{runner.addresses[0][1]}/a.csv")
        with pytest.raises(PlatformError, match="not kept at Slack") as caught:
            await team.platform.download(attachment)
    finally:
        await runner.cleanup()
    assert caught.value.permanent
    assert seen == []


@pytest.mark.parametrize(
    "source",
    [
        "http://files.slack.com/a",
        "https://files.slack.com.evil.org/a",
        "https://files.slack.com:8443/a",
        "https://files.slack.com@evil.org/a",
        "//files.slack.com/a",
        "https://[bad/a",
        "",
    ],
)
async def test_addresses_that_only_look_like_slack_are_refused(team: Team, source: str) -> None:
    attachment = Attachment(filename="a.csv", media_type="text/csv", source=source)
    with pytest.raises(PlatformError, match="not kept at Slack"):
        await team.platform.download(attachment)


async def test_f48_a_file_that_is_gone_is_refused_for_good(team: Team) -> None:
    attachment = await sent(team)
    team.slack.world.files.clear()
    with pytest.raises(PlatformError, match=r"did not give me a\.csv \(status 404\)") as caught:
        await team.platform.download(attachment)
    assert caught.value.permanent
