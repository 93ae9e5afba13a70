"""The pieces of a reply on their way from the platform that divides it into the outbox."""

from collections.abc import Sequence
from pathlib import Path

from core.messages import Attachment, Reply
from tests.house import house
from tests.scripted import KeptOutlet, ScriptedModel, message, says


class Snipping(KeptOutlet):
    """A platform on which every text is too long, and becomes a file."""

    def split(self, reply: Reply) -> Sequence[Reply]:
        snippet = Attachment(filename="code.py", media_type="text/plain", content=reply.text.encode())
        return [Reply(text="(see file)"), Reply(attachments=(snippet,))]


async def test_f20_a_file_that_a_platform_makes_of_a_text_is_kept_and_sent(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("print(1)")), outlet=Snipping()) as steward:
        await steward.answer(message("write some code"))
        [_, (_, part)] = steward.outlet.sent
        assert [(file.filename, file.content) for file in part.attachments] == [("code.py", b"print(1)")]
