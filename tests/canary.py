"""Canaries: words that stand in everything somebody said or was told, and the search for them in all that is kept."""

import random
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

import regex

from core import Attachment, skill
from core.channels import Channels
from core.clerk import Clerk
from core.company import Companies
from core.config import AgentConfig
from core.errors import ModelError, PlatformError
from core.folding import Folding
from core.forgetting import SMALL
from core.items import Answer, Item, Question, Result
from core.messages import Audience, Conversation, JsonObject, Message, Person
from core.model import NO_PICTURES, Delta, Pictures, Tool
from core.store import Store, open_store
from skills.memory import remember
from tests.house import House, house
from tests.scripted import KeptOutlet, ScriptedModel, calls

ANA: Final = Person(id="UANAKIND", name="Anastasia Q.")
BEN: Final = Person(id="UBENEDIC", name="Benedict Z.")
PEOPLE: Final = (ANA, BEN)
PLACES: Final = ("C1", "C2", "direct")
"""Two public channels, and the direct messages of whoever asks."""

Act: TypeAlias = Literal["ask", "remember", "fail", "refused", "edit", "set", "press"]
ACTS: Final[tuple[Act, ...]] = ("ask", "remember", "fail", "refused", "edit", "set", "press")

DAY: Final = 86_400.0

CANARY: Final = regex.compile(r"canary\w+")


def files_with(folder: Path, words: Collection[str]) -> list[str]:
    """Return where in a folder's files some words stand, in any case and in UTF-8 or UTF-16."""
    found: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes().lower() + path.name.lower().encode()
        found += [
            f"{word} in {path.name} as {encoding}"
            for word in words
            for encoding in ("utf-8", "utf-16-le", "utf-16-be")
            if word.lower().encode(encoding) in content
        ]
    return found + [f"{term} among the words of the index" for term in _terms(folder) if term in _lower(words)]


def _lower(words: Collection[str]) -> set[str]:
    return {word.lower() for word in words}


def _terms(folder: Path) -> list[str]:
    """Return the words of the index, which in the file are cut where they begin as the one before.

    https://www.sqlite.org/fts5.html#the_fts5vocab_virtual_table_module
    """
    with closing(sqlite3.connect(folder / "steward.db")) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, found, 'row')")
        return [row[0] for row in connection.execute("SELECT term FROM temp.terms")]


async def kept_words(store: Store) -> set[str]:
    """Return the canaries in all tables and kept files."""
    tables = await store.fetch("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'found%'")
    rows = [tuple(row) for each in tables for row in await store.fetch(f"SELECT * FROM {each['name']}")]
    files = [path.read_text() for path in (store.path.parent / "files").iterdir()]
    return set(CANARY.findall(str([*rows, *files])))


class Obliging(ScriptedModel):
    """A model that does what it is asked for and repeats the canaries of the question; `read` are all it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    async def stream(
        self, instructions: str, items: Sequence[Item], tools: Sequence[Tool], pictures: Pictures = NO_PICTURES
    ) -> AsyncGenerator[Delta, None]:
        self.read |= {word for item in items for word in CANARY.findall(item.text)}
        self.busy += 1
        await self.hold.wait()
        self.busy -= 1
        question = next(item for item in reversed(items) if isinstance(item, Question))
        words = " ".join(dict.fromkeys(CANARY.findall(question.text)))
        if not tools:
            yield Answer(text=f"Minutes: {words}")
        elif isinstance(items[-1], Result):
            if "fail" in question.text:
                raise ModelError(f"I cannot speak of {words}.")
            yield Answer(text=f"Done: {words}")
        else:
            name = next((name for name in ("remember", "fail") if name in question.text), "draw")
            skills = {"remember": "remember", "fail": "pay", "draw": "draw"}
            argument = {"remember": "fact", "fail": "note", "draw": "title"}[name]
            yield calls((skills[name], f'{{"{argument}": "{words}"}}'), text=f"I look at {words}.")


@skill
def draw(title: str) -> Attachment:
    """Draw a chart."""
    spec: JsonObject = {"kind": "chart", "title": title}
    return Attachment(filename=f"{title}.png", media_type="image/png", content=title.encode(), alt=title, spec=spec)


@skill(effects="outside")
async def pay(note: str) -> str:
    """Pay."""
    return f"paid for {note}"


SKILLS: Final = (draw, pay, remember)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A canary: who said it where, and in which message; `replaced` by an edit."""

    word: str
    author: Person
    place: str
    message: Message
    replaced: bool = False


@dataclass(slots=True, kw_only=True)
class Nest:
    """A house in which people say things with canaries in them."""

    steward: House
    model: Obliging
    outlet: KeptOutlet
    chance: random.Random
    said: list[Said] = field(default_factory=list)

    async def live(self, acts: int) -> None:
        """Have people do things at random."""
        for _ in range(acts):
            await self.do(self.chance.choice(ACTS), self.chance.choice(PEOPLE), self.chance.choice(PLACES))

    async def do(self, act: Act, author: Person, place: str) -> Message:
        """Have a person do something; return the message."""
        asked = self._message(act, author, place)
        match act:
            case "refused":
                self.outlet.failures = [PlatformError("too long", permanent=True)] * 3
            case "set":
                self.said = [replace(each, replaced=each.replaced or _sets(each, asked)) for each in self.said]
                word = self._word(asked, author, place)
                await Channels(self.steward.store).set(asked.conversation, "instructions", f"Say {word}.", author)
                return asked
        await self.steward.answer(asked)
        await Companies(self.steward.store).heard(replace(asked.conversation, thread="T1"), author.id)
        if act == "edit":
            self.said = [replace(each, replaced=each.replaced or each.message is asked) for each in self.said]
            edited = self._message("ask", author, place, edits=asked)
            assert await self.steward.desk.edited(edited), "the edit changes nothing"
            await self.steward.turns.idle()
        if act == "press":
            await self.steward.desk.press(self.key("good"), replace(asked, text=""))
        await self.steward.afterwards.idle()
        return asked

    def words(self, *, author: Person | None = None, place: str = "", replaced: bool | None = None) -> set[str]:
        """Return the canaries of a person, or of a place."""
        return {
            each.word
            for each in self.said
            if (author is None or each.author == author)
            and (not place or each.place == place)
            and (replaced is None or each.replaced == replaced)
        }

    def key(self, action: str) -> str:
        """Return the key of a control under the latest answer that has it."""
        return next(
            control.key
            for _, part in reversed(self.outlet.sent)
            for control in part.controls
            if control.action == action
        )

    def _message(self, act: Act, author: Person, place: str, *, edits: Message | None = None) -> Message:
        channel = f"D{len(author.name)}" if place == "direct" else place
        scope: Literal["person", "workspace"] = "person" if place == "direct" else "workspace"
        thread = self.chance.choice([None, "T1"])
        conversation = Conversation(platform="test", workspace="W", channel=channel, thread=thread)
        asked = Message(
            id=edits.id if edits else f"test/{channel}/{len(self.said)}",
            conversation=edits.conversation if edits else conversation,
            audience=Audience(scope=scope, id=f"test/{author.id}" if scope == "person" else "test/W"),
            author=author,
            text="",
            link=f"https://chat.example/{channel}/{len(self.said)}",
        )
        if act == "set":
            return asked
        said, name, content = (self._word(edits or asked, author, place) for _ in range(3))
        file = Attachment(filename=f"{name}.txt", media_type="text/plain", source=f"at {content}")
        self.outlet.downloads[f"at {content}"] = content.encode()
        kept = replace(asked, text=f"{act} {said}", attachments=(file,))
        self.said = [replace(each, message=kept) if each.message is asked else each for each in self.said]
        return kept

    def _word(self, asked: Message, author: Person, place: str) -> str:
        word = "canary" + "".join(self.chance.choices("bcdfghjklmnpqrstvwxz", k=12))
        self.said.append(Said(word=word, author=author, place=place, message=asked))
        return word


def _sets(said: Said, asked: Message) -> bool:
    """Tell whether something was said by setting the instructions of the same channel."""
    same = said.message.conversation.channel_key == asked.conversation.channel_key
    return same and not said.message.text


async def age(store: Store, seconds: float) -> None:
    """Make everything that is kept older."""
    for table, column in (
        ("turns", "received_at"),
        ("turns", "closed_at"),
        ("files", "created_at"),
        ("facts", "changed_at"),
    ):
        await store.write(f"UPDATE {table} SET {column} = {column} - ?", (seconds,))


@asynccontextmanager
async def nest(
    folder: Path,
    seed: int,
    *,
    keep_days: float = 0.0,
    first_pause: float = 60.0,
    small: int = SMALL,
    opening: Callable[[Path], Awaitable[Store]] = open_store,
    config: AgentConfig | None = None,
) -> AsyncIterator[Nest]:
    """Open a house in which long conversations are summarized."""
    model, outlet = Obliging(), KeptOutlet()
    async with house(
        folder,
        model,
        *SKILLS,
        outlet=outlet,
        first_pause=first_pause,
        folding=lambda store: Folding(store, Clerk(store, model), turns=4, tokens=12_000),
        keep_days=keep_days,
        small=small,
        opening=opening,
        config=config,
    ) as steward:
        yield Nest(steward=steward, model=model, outlet=outlet, chance=random.Random(seed))
