"""The skills that crashing Stewards have: each leaves a line in a file, so that what was really done can be counted."""

import os
import struct
import zlib
from pathlib import Path
from time import sleep

from core import Attachment, Context, skill

EFFECTS = "effects.txt"

WHILE = 0.01
"""Seconds before and after what a skill does."""


@skill(effects="outside")
def publish(number: int, context: Context) -> str:
    """Publish a number where everybody can read it.

    Args:
        number: to be published.
    """
    _leave("publish", number, context)
    return f"published {number}"


@skill
def count(number: int, context: Context) -> str:
    """Count up to a number.

    Args:
        number: to count to.
    """
    _leave("count", number, context)
    return f"counted to {number}"


@skill
def picture(number: int, context: Context) -> Attachment:
    """Draw a number.

    Args:
        number: to be drawn.
    """
    _leave("picture", number, context)
    return Attachment(filename=f"picture-{number}.png", media_type="image/png", content=_png(number), alt="A number.")


def _leave(name: str, number: int, context: Context) -> None:
    """Take a while, and write a line in one go, so that a kill leaves a whole one or none."""
    sleep(WHILE)
    path = Path(str(context.settings["folder"])) / EFFECTS
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{name} {number}\n".encode())
    finally:
        os.close(file)
    sleep(WHILE)


def _png(number: int) -> bytes:
    """Return a picture of one grey dot."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    dot = zlib.compress(bytes([0, number % 256]))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", dot) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
