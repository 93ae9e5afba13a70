"""`steward simulate`: a local Slack or Discord with a page to type into, and Steward connected to it."""

import asyncio
import contextlib
import shlex
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from bots.app import open_app
from bots.simulator.discord import DiscordSimulator
from bots.simulator.page import DiscordStage, PageServer, SlackStage, Stage
from bots.simulator.page.render import page
from bots.simulator.page.server import STYLE
from bots.simulator.slack import SlackSimulator
from bots.slack.manifest import SCOPES
from core.config import Config, DiscordConfig, SlackConfig
from core.errors import OperatorError
from core.practice import NOTICE

PlatformName: TypeAlias = Literal["slack", "discord"]


async def simulate(
    config: Config, platform: PlatformName, *, port: int, server_only: bool = False, save: Path | None = None
) -> None:
    """Serve the page, and run Steward with it, until SIGTERM or Ctrl-C.

    Args:
        config: the settings; those of the platforms and the data folder are put aside: what is tried leaves nothing.
        platform: which one is simulated.
        port: of the page; 0 for any free one.
        server_only: run no Steward, and print what connects one.
        save: where the conversation is written to at the end, as HTML.

    Raises:
        OperatorError: the port is taken, or the conversation cannot be written.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        async with contextlib.AsyncExitStack() as stack:
            stage = await stack.enter_async_context(opened(platform))
            shown = await stack.enter_async_context(_page(stage, port))
            print(f"{stage.title} as a person sees it: {shown.url}", flush=True)
            if server_only:
                print(exported(stage.environment), flush=True)
                await stopped.wait()
            else:
                await _run(config, stage, stopped)
            if save is not None:
                _save(stage, shown, save)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def opened(platform: PlatformName) -> AsyncIterator[Stage]:
    """Start a simulated platform in which the app is installed as Steward's manifest asks for it."""
    if platform == "slack":
        async with SlackSimulator(scopes=SCOPES, message_events=True) as slack:
            yield SlackStage(slack)
    else:
        async with DiscordSimulator() as discord:
            yield DiscordStage(discord)


def connected(config: Config, environment: Mapping[str, str], folder: Path) -> Config:
    """Return the settings that connect Steward to a simulated platform and to no other one."""
    slack, discord = SlackConfig(), DiscordConfig()
    if "SLACK_BOT_TOKEN" in environment:
        slack = SlackConfig.model_validate(
            {
                "bot_token": environment["SLACK_BOT_TOKEN"],
                "app_token": environment["SLACK_APP_TOKEN"],
                "api_url": environment["STEWARD_SLACK__API_URL"],
                "follow": config.slack.follow,
            }
        )
    else:
        discord = DiscordConfig.model_validate(
            {
                "token": environment["DISCORD_TOKEN"],
                "api_url": environment["STEWARD_DISCORD__API_URL"],
                "gateway_url": environment["STEWARD_DISCORD__GATEWAY_URL"],
                "thread_after": config.discord.thread_after,
            }
        )
    return config.model_copy(update={"slack": slack, "discord": discord, "data_dir": folder})


def exported(environment: Mapping[str, str]) -> str:
    """Write variables as a shell takes them."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())


@contextlib.asynccontextmanager
async def _page(stage: Stage, port: int) -> AsyncIterator[PageServer]:
    try:
        server = await PageServer(stage, port=port).__aenter__()
    except OSError as error:
        raise OperatorError(f"Port {port} cannot be used ({error.strerror}): name another one with --port.") from error
    try:
        yield server
    finally:
        await server.__aexit__()


async def _run(config: Config, stage: Stage, stopped: asyncio.Event) -> None:
    """Run Steward until it is told to stop."""
    with tempfile.TemporaryDirectory(prefix="steward-") as folder:
        async with open_app(connected(config, stage.environment, Path(folder)), announced=True) as app:
            if app.practice:
                print(NOTICE, flush=True)
            serving = asyncio.create_task(app.serve(*app.platforms()))
            stopping = asyncio.create_task(stopped.wait())
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            for task in (serving, stopping):
                task.cancel()
            await asyncio.gather(serving, stopping, return_exceptions=True)


def _save(stage: Stage, server: PageServer, path: Path) -> None:
    """Write the conversation in which something was said last."""
    person = stage.people[0]
    known = {place.id: place.title for place in stage.places(person)}
    said = [shown.channel for shown in stage.transcript.messages if shown.channel in known]
    place = said[-1] if said else next(iter(known))
    try:
        path.write_text(page(known[place], server.scene(person, place, usable=False), STYLE), encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"The conversation cannot be written to {path}: {error.strerror}.") from error
