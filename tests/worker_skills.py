"""Skills for worker processes, which find them here by module and name: helpful, failing and hostile ones."""

import base64
import ctypes
import enum
import functools
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypedDict, TypeVar

from pydantic import BaseModel, JsonValue

from core import Attachment, Context, Reply, SkillError, skill
from core.errors import SkillAbortedError

R = TypeVar("R")


class Colour(enum.Enum):
    RED = "red"


class Place(BaseModel):
    name: str
    at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Step:
    day: date
    cost: Decimal


class Parcel(TypedDict):
    files: list[Attachment]


def renamed(function: Callable[[], R]) -> Callable[[], R]:
    """Wrap without a trace of what was wrapped, as hasty decorators do."""

    @functools.wraps(function)
    def wrapper() -> R:
        return function()

    wrapper.__qualname__ = "renamed.<locals>.wrapper"
    return wrapper


@skill
def where() -> list[int]:
    """Say in which process this runs, and whose child that is."""
    return [os.getpid(), os.getppid()]


@skill
async def here() -> int:
    """Say in which process an async skill runs."""
    return os.getpid()


@skill(blocking=True)
async def there() -> int:
    """Say in which process a blocking async skill runs."""
    return os.getpid()


@skill
@renamed
def disguised() -> str:
    """Say that the function was found."""
    return "found"


@skill
def values(
    colour: Colour,
    place: Place,
    steps: list[Step],
    either: int | str,
    one: Attachment,
    named: dict[str, list[Attachment]],
    parcel: Parcel,
    day: date = date(2026, 11, 22),
) -> str:
    """Show the values that were received."""
    files = [one, *named["a"], *parcel["files"]]
    shown = [(file.id, file.filename, file.media_type, file.content) for file in files]
    return repr((colour, place, steps, either, day, shown))


@skill
def surroundings(context: Context) -> str:
    """Show the context."""
    return repr((context.conversation, context.person, context.attachments, dict(context.settings)))


@skill(blocking=True)
async def look(context: Context, file_id: str, kind: str) -> str:
    """Look for files on the shelf."""
    return repr((await context.files.get(file_id), await context.files.latest(kind)))


@skill
def measure(file: Attachment) -> int:
    """Say how large a file is."""
    return len(file.content or b"")


@skill
def make(size: int, text: str = "", spec: JsonValue = None) -> Reply:
    """Make a file."""
    made = Attachment(filename="größe.bin", media_type="a/b", content=b"x" * size, alt="x", spec={"kind": spec})
    return Reply(text=text, attachments=(made,))


@skill
def make_odd() -> Attachment:
    """Make a file of something that is no JSON."""
    return Attachment(filename="odd.bin", media_type="a/b", content=b"", spec={"kind": object()})  # type: ignore[dict-item]  # that is the point


@skill
def half() -> str:
    """Return half a character."""
    return "a\ud83d"


@skill
def odd() -> object:
    """Return what cannot be written."""
    return object()


@skill
def refuse() -> None:
    """Refuse."""
    raise SkillError("The moon is not visible.")


@skill
def abort() -> None:
    """Give up midway."""
    raise SkillAbortedError("The moon is gone.")


@skill
def fail() -> None:
    """Fail."""
    raise ValueError("the flux is low")


@skill
def leave() -> None:
    """Leave the program."""
    sys.exit(3)


@skill
def leave_at_once() -> None:
    """Leave the program without a word."""
    os._exit(7)


@skill
def crash() -> None:
    """Read where there is nothing."""
    ctypes.string_at(0)


@skill
def hoard() -> None:
    """Take much memory."""
    bytearray(300_000_000)


@skill(timeout=50)
def spin() -> None:
    """Use the processor for ever."""
    while True:
        pass


@skill(timeout=0.3)
def linger() -> None:
    """Hang beyond the time limit."""
    time.sleep(60)


@skill
def hang(pid_file: str) -> None:
    """Hang."""
    _hang(pid_file)


@skill
def hang_hard(pid_file: str) -> None:
    """Hang in code that lets no other thread run."""
    _note(pid_file)
    re.match(r"(a+)+$", "a" * 60 + "b")


@skill
def hang_with_child(pid_file: str) -> None:
    """Hang with a child process, which holds on to everything this one has open."""
    if os.fork() == 0:
        _hang(pid_file)
    time.sleep(60)


@skill
def go_on_as_two(path: str) -> int:
    """Fork, and let the child return as well, as soon as there is a file."""
    if child := os.fork():
        return child
    while not Path(path).exists():
        time.sleep(0.005)
    return 0


@skill
def desert_child(pid_file: str) -> None:
    """Crash and leave a child process behind, which holds on to everything this one had open."""
    if os.fork() == 0:
        _hang(pid_file)
    while not Path(pid_file).exists():
        time.sleep(0.005)
    os._exit(9)


@skill(timeout=5)
def wait_for(path: str) -> str:
    """Wait until there is a file."""
    while not Path(path).exists():
        time.sleep(0.005)
    return "there"


@skill(timeout=0.3)
def hurry() -> str:
    """Be done soon."""
    return "done"


@skill
def environment() -> list[str]:
    """Show the environment as Python and as the kernel know it, and that of the process this is a fork of."""
    started = Path("/proc/self/environ").read_bytes()
    server = Path(f"/proc/{os.getppid()}/environ").read_bytes()
    return [repr(dict(os.environ)), repr(started), repr(server)]


@skill
def scratch(leave: bool = True) -> list[str]:
    """Write files into the current directory and where temporary files go."""
    if leave:
        Path("note.txt").write_text("x")
        Path("deep").mkdir()
    with tempfile.NamedTemporaryFile(delete=False) as file:
        return [str(Path.cwd()), str(Path(file.name).parent), *sorted(os.listdir())]


@skill
def hang_untidily(note: str) -> None:
    """Write into the current directory, tell where that is, and hang."""
    Path("note.txt").write_text("x")
    _hang(note, str(Path.cwd()))


@skill
def say(lines: int) -> None:
    """Print, also past Python."""
    print("from Python\n" * lines)
    os.write(1, b"past Python\n")
    subprocess.run(["echo", "from a child"], env={"PATH": "/usr/bin:/bin"}, check=True)
    print("an error", file=sys.stderr)


@skill
def limits() -> dict[str, JsonValue]:
    """Show the limits of this process."""
    soft = {name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CORE", "RLIMIT_NOFILE")}
    data = Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]
    return {
        **soft,
        "files": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
        "room": round((resource.getrlimit(resource.RLIMIT_DATA)[0] - int(data) * 1024) / 1e6, -1),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "oom": int(Path("/proc/self/oom_score_adj").read_text()),
    }


@skill
def modules(names: list[str]) -> list[str]:
    """Say which of these modules are imported here."""
    return [name for name in names if name in sys.modules]


@skill
def say_raw(content: str) -> None:
    """Write to Steward past the protocol."""
    for name in os.listdir("/proc/self/fd"):
        try:
            is_connection = os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
        if is_connection:
            os.write(int(name), base64.b64decode(content))
    time.sleep(60)


@skill
def hang_up() -> None:
    """Close the connection to Steward, and stay."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with open(os.devnull) as nothing:
                os.dup2(nothing.fileno(), int(name))
    time.sleep(60)


_shelves: list[Context] = []


@skill(blocking=True)
async def keep_shelf(context: Context) -> None:
    """Keep the context beyond the call."""
    _shelves.append(context)


@skill(blocking=True)
async def use_kept_shelf() -> None:
    """Ask the shelf of an earlier call."""
    await _shelves[0].files.get("f1")


def _note(path: str, text: str = "") -> None:
    if path:
        partial = Path(f"{path}.partial")
        partial.write_text(text or str(os.getpid()))
        partial.rename(path)


def _hang(path: str, text: str = "") -> None:
    _note(path, text)
    time.sleep(60)
