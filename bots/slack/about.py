"""The message shortcut: a message is quoted in a form, and asked about; pure.

https://docs.slack.dev/interactivity/implementing-shortcuts and
https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
"""

import time
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from bots.slack.attachments import FILE_PREFIX
from bots.slack.events import Lookup, audience, message_id
from bots.slack.fields import part, parts, text
from bots.slack.markup import plain
from bots.slack.views import LONGEST_SECTION, LONGEST_TITLE, LONGEST_VALUE, noted, read_note, words
from core.messages import Attachment, Conversation, JsonObject, Message

SHORTCUT: Final = "steward.ask_about"
"""The callback id of the shortcut in the manifest."""

QUESTION: Final = "steward.about"
"""The callback id of its form."""

USUAL: Final = "Explain this."

_QUOTE: Final = "quote"
_ASKED: Final = "question"
_MOST_PIECES: Final = 5
_MOST_FILES: Final = 10


def question_form(payload: JsonObject, name: str, lookup: Lookup) -> JsonObject:
    """Return the form in which a message is asked about.

    It keeps the quoted text itself: what is asked about may stand in a channel the bot cannot read.
    """
    message = part(payload, "message")
    author = text(message, "user")
    note: dict[str, JsonValue] = {
        "channel": text(part(payload, "channel"), "id"),
        "ts": text(message, "ts"),
        "thread": text(message, "thread_ts"),
        "author": lookup.names.get(author) or text(message, "username") or author,
        "response_url": text(payload, "response_url"),
        "files": [_file(file) for file in parts(message, "files")[:_MOST_FILES] if file.get("id")],
    }
    quoted = plain(text(message, "text"), bot="", names=lookup.names)
    return {
        "type": "modal",
        "callback_id": QUESTION,
        "title": words(f"Ask {name}", LONGEST_TITLE),
        "submit": words("Ask"),
        "close": words("Cancel"),
        "private_metadata": noted(note),
        "blocks": [
            *_quote(quoted),
            {
                "type": "input",
                "block_id": _ASKED,
                "label": words("What do you want to know?", LONGEST_VALUE),
                "element": {
                    "type": "plain_text_input",
                    "action_id": _ASKED,
                    "multiline": True,
                    "initial_value": USUAL,
                    "max_length": LONGEST_VALUE,
                },
            },
        ],
    }


def channel_asked_in(view: JsonObject) -> str:
    """Return the channel of the message that is asked about."""
    return text(read_note(view), "channel")


def asked_in(view: JsonObject) -> str:
    """Return what is asked; the usual question where nothing was typed."""
    return text(part(part(part(part(view, "state"), "values"), _ASKED), _ASKED), "value").strip() or USUAL


def read_asked(payload: JsonObject, lookup: Lookup) -> Message:
    """Return the question about a message, said in its thread; the message is quoted in it."""
    view, person = part(payload, "view"), part(payload, "user")
    note = read_note(view)
    user, channel = text(person, "id"), text(note, "channel")
    direct = lookup.place == "direct"
    return Message(
        id=message_id(lookup.team, channel, text(view, "id")),
        conversation=Conversation(
            platform="slack",
            workspace=lookup.team,
            channel=channel,
            thread=text(note, "thread") or (None if direct else text(note, "ts")) or None,
        ),
        audience=audience(lookup.place, team=lookup.team, channel=channel, user=user),
        author=lookup.person(user, text(person, "name")),
        text=_about(asked_in(view), _quoted(parts(view, "blocks")), text(note, "author")),
        attachments=tuple(_attachment(file) for file in parts(note, "files")),
        sent_at=time.time(),
        origin={"response_url": text(note, "response_url")},
        link=lookup.link(channel, text(note, "ts"), thread=text(note, "thread")),
    )


def _about(question: str, quoted: str, author: str) -> str:
    by = f" by {author}" if author else ""
    if not quoted:
        return f"{question}\n\nThis is about a message{by} without text."
    lines = "\n".join(f"> {line}" for line in quoted.split("\n"))
    return f"{question}\n\nThis is about a message{by}:\n{lines}"


def _quote(quoted: str) -> list[JsonValue]:
    """Return the blocks that show a text; what is beyond their room is left out, and that is said."""
    if not quoted:
        return [{"type": "section", "text": words("(a message without text)", LONGEST_SECTION)}]
    room = LONGEST_SECTION * _MOST_PIECES
    pieces = [quoted[start : start + LONGEST_SECTION] for start in range(0, min(len(quoted), room), LONGEST_SECTION)]
    blocks: list[JsonValue] = [
        {"type": "section", "block_id": f"{_QUOTE}.{place}", "text": words(piece, LONGEST_SECTION)}
        for place, piece in enumerate(pieces)
    ]
    if len(quoted) > room:
        blocks.append({"type": "section", "text": words("(The rest is left out.)", LONGEST_SECTION)})
    return blocks


def _quoted(blocks: Sequence[JsonObject]) -> str:
    return "".join(
        text(part(block, "text"), "text") for block in blocks if text(block, "block_id").startswith(f"{_QUOTE}.")
    )


def _file(file: JsonObject) -> JsonObject:
    return {"id": text(file, "id"), "name": text(file, "name")[:80], "type": text(file, "mimetype")[:80]}


def _attachment(file: JsonObject) -> Attachment:
    """Return a file whose address `files.info` tells."""
    known = text(file, "id")
    return Attachment(
        filename=text(file, "name") or known,
        media_type=text(file, "type") or "application/octet-stream",
        source=f"{FILE_PREFIX}{known}",
    )
