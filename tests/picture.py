"""Makes the README's pictures: a conversation with the bot in each simulated platform, as a person sees it.

    python -m tests.picture            needs Chromium; writes .github/slack.png and .github/discord.png

The bot is the real one with its practice model; what is drawn is the transcript, as `steward simulate` draws it.
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bots.app import App, open_app
from bots.simulate import PlatformName, connected, opened
from bots.simulator.page import PageServer, Stage
from bots.simulator.page.render import page
from bots.simulator.page.server import STYLE
from core.config import Config
from tests.readme import ROOT

_TEXT: Final = (
    "The garden was quiet in the morning. A robin sang in the old apple tree, and the apples were almost ripe. "
    "In the evening the robin sang again, and the garden listened."
)
ASKED: Final[dict[PlatformName, Sequence[str]]] = {
    "slack": (
        f"@Steward analyze this text and create a visual representation of its statistics: “{_TEXT}”",
        "make it more colourful",
    ),
    "discord": (
        "@Steward draw a line chart of Mon 12, Tue 18, Wed 15, Thu 24, Fri 31",
        "@Steward What is 17% of 340?",
    ),
}
WIDTH: Final = 760


async def play(platform: PlatformName, folder: Path) -> str:
    """Have a conversation in a channel's thread, and return it as HTML."""
    async with opened(platform) as stage:
        config = connected(Config(), stage.environment, folder)
        async with open_app(config, announced=True) as app, PageServer(stage) as server:
            serving = asyncio.create_task(app.serve(*app.platforms()))
            await stage.connected()
            person = stage.people[0]
            place = stage.places(person)[0]
            thread: str | None = None
            for text in ASKED[platform]:
                await _say(stage, person, place.id, text, thread)
                await _answered(app, stage)
                thread = stage.transcript.messages[0].id if platform == "slack" else None
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        return page(place.title, server.scene(person, place.id, usable=False), STYLE)


async def _say(stage: Stage, person: str, place: str, text: str, thread: str | None) -> None:
    """Write something; a command once it is registered."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await stage.write(person, place, text, thread, ())
            except Exception:
                await asyncio.sleep(0.1)


async def _answered(app: App, stage: Stage) -> None:
    """Wait until the bot has answered what was said last and is done."""
    said = len(stage.transcript.messages)
    await stage.transcript.until(lambda: len(stage.transcript.messages) > said, timeout=30)
    await asyncio.sleep(0.5)
    await app.turns.idle()
    await asyncio.sleep(0.5)


def shoot(browser: str, html: str, target: Path) -> None:
    """Take the picture of a page."""
    with tempfile.TemporaryDirectory() as folder:
        source, raw = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(html, encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},2600"]
        flags += ["--disable-background-networking", "--no-first-run", f"--user-data-dir={folder}/profile"]
        flags += [f"--screenshot={raw}", "--force-device-scale-factor=1.5", source.as_uri()]
        subprocess.run([browser, *flags], check=True, capture_output=True, timeout=60)
        _trim(raw, target)


def _trim(source: Path, target: Path) -> None:
    """Cut off what is empty below the last message."""
    from PIL import Image, ImageChops

    with Image.open(source) as opened_picture:
        picture = opened_picture.convert("RGB")
    ground = Image.new("RGB", picture.size, picture.getpixel((picture.width - 1, picture.height - 1)))
    box = ImageChops.difference(picture, ground).getbbox()
    assert box, "the page is empty"
    cut = picture.crop((0, 0, picture.width, min(picture.height, box[3] + 24)))
    cut.quantize(128).save(target, optimize=True)


def main() -> None:
    """Have the conversations, draw them, and take their pictures."""
    browser = shutil.which("chromium")
    assert browser, "Chromium is not installed"
    for platform in ASKED:
        with tempfile.TemporaryDirectory() as folder:
            shoot(browser, asyncio.run(play(platform, Path(folder))), ROOT / ".github" / f"{platform}.png")


if __name__ == "__main__":
    main()
