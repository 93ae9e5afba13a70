"""Makes the README's picture: a conversation with the bot in the simulated Slack, as a person sees it.

    python -m tests.picture            needs Chromium; writes .github/conversation.png

The bot is the real one with its practice model; what is drawn is the simulator's transcript.
"""

import asyncio
import base64
import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from bots.app import open_app
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import Shown
from bots.slack import SlackPlatform
from core.config import Config, SlackConfig
from core.cursors import Cursors
from tests.readme import ROOT

TEXT = (
    "The garden was quiet in the morning. A robin sang in the old apple tree, and the apples were almost ripe. "
    "In the evening the robin sang again, and the garden listened."
)
ASKED = (f"analyze this text and create a visual representation of its statistics: “{TEXT}”", "make it more colourful")

STYLE = """
body { margin: 0; background: #fff; font: 15px/1.45 'DejaVu Sans', sans-serif; color: #1d1c1d; width: 760px }
header { padding: 12px 20px; border-bottom: 1px solid #e4e4e4; font-weight: bold }
article { display: flex; gap: 12px; padding: 10px 20px }
.face { width: 36px; height: 36px; border-radius: 6px; color: #fff; font-weight: bold; text-align: center;
  line-height: 36px; flex: none }
.name { font-weight: bold } .app { background: #e8e8e8; color: #555; border-radius: 3px; font-size: 10px;
  padding: 1px 4px; margin-left: 4px; vertical-align: 1px }
p { margin: 2px 0 } ul { margin: 2px 0; padding-left: 22px } code { background: #f4f4f4; padding: 0 3px }
img { max-width: 460px; border: 1px solid #e4e4e4; border-radius: 8px; margin-top: 6px; display: block }
"""


async def play(folder: Path) -> tuple[list[Shown], dict[str, str]]:
    """Have the conversation, and return what was seen and who is who."""
    async with SlackSimulator() as slack, open_app(Config(data_dir=folder), announced=True) as app:
        settings = SlackConfig.model_validate(
            {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.url}
        )
        platform = SlackPlatform(
            settings,
            commands=app.commands,
            max_bytes=app.files.max_bytes,
            cursors=Cursors(app.store, SlackPlatform.name),
            catch_up=app.config.catch_up,
            companies=app.companies,
            links=app.links,
        )
        serving = asyncio.create_task(app.serve(platform))
        await slack.connected()
        thread: str | None = None
        for number, text in enumerate(ASKED, 1):
            said = await slack.mention("C1", "U1", text, thread=thread)
            thread = thread or said

            def pictures(_: Shown, wanted: int = number) -> bool:
                return sum(len(shown.files) for shown in slack.transcript.messages) >= wanted

            await slack.transcript.wait(pictures)
        await app.turns.idle()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        names = {user.id: user.name for user in slack.world.users.values()} | {slack.world.bot: "Steward"}
        return [shown for shown in slack.transcript.messages if not shown.deleted], names


def page(messages: list[Shown], names: dict[str, str]) -> str:
    """Draw a thread as HTML."""
    articles = "".join(_article(shown, names) for shown in messages)
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><header># general</header>{articles}"


def _article(shown: Shown, names: dict[str, str]) -> str:
    name = names.get(shown.author, shown.author)
    bot = name == "Steward"
    pictures = "".join(
        f'<img alt="{html.escape(file.alt)}" src="data:{file.media_type};base64,'
        f'{base64.b64encode(file.content).decode()}">'
        for file in shown.files
    )
    colour = "#3f6fb5" if bot else "#c2577a"
    badge = "<span class=app>APP</span>" if bot else ""
    return (
        f"<article><div class=face style='background:{colour}'>{name[0]}</div><div>"
        f"<span class=name>{html.escape(name)}</span>{badge}{_markdown(shown.text, names)}{pictures}</div></article>"
    )


def _markdown(text: str, names: dict[str, str]) -> str:
    text = html.escape(html.unescape(text), quote=False)
    text = re.sub(r"@(U\w+)", lambda found: f"<b>@{names.get(found[1], found[1])}</b>", text)
    text = re.sub(r"\*\*(.+?)\*\*|\*(\S.*?)\*", lambda found: f"<b>{found[1] or found[2]}</b>", text)
    text = re.sub(r"`(.+?)`", r"<code>\1</code>", text)
    lines = [f"<ul><li>{line[2:]}</ul>" if line[:2] in ("- ", "• ") else f"<p>{line}</p>" for line in text.split("\n")]
    return "".join(lines).replace("</ul><ul>", "")


def main() -> None:
    """Have the conversation, draw it, and take its picture."""
    browser = shutil.which("chromium")
    assert browser, "Chromium is not installed"
    with tempfile.TemporaryDirectory() as folder:
        messages, names = asyncio.run(play(Path(folder) / "data"))
        source, raw = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(page(messages, names))
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=760,2400"]
        flags += ["--disable-background-networking", "--no-first-run", f"--user-data-dir={folder}/profile"]
        flags += [f"--screenshot={raw}", "--force-device-scale-factor=1.5", source.as_uri()]
        subprocess.run([browser, *flags], check=True, capture_output=True, timeout=60)
        _trim(raw, ROOT / ".github" / "conversation.png")


def _trim(source: Path, target: Path) -> None:
    """Cut the white below the last message off."""
    from PIL import Image, ImageChops

    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    box = ImageChops.difference(picture, Image.new("RGB", picture.size, "#fff")).getbbox()
    assert box, "the page is empty"
    cut = picture.crop((0, 0, picture.width, min(picture.height, box[3] + 24)))
    cut.quantize(128).save(target, optimize=True)


if __name__ == "__main__":
    main()
