"""Pictures inside the terminal, as escape sequences."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from core.messages import Attachment

Protocol: TypeAlias = Literal["kitty", "iterm"]

_CHUNK: Final = 4096


def protocol_of(environment: Mapping[str, str]) -> Protocol | None:
    """Tell from its variables how a terminal takes pictures, None where it does not or a multiplexer is between."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux")):
        return None
    if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    if environment.get("KITTY_WINDOW_ID") or "kitty" in term or "ghostty" in term:
        return "kitty"
    return None


def inline(attachment: Attachment, protocol: Protocol, columns: int) -> str | None:
    """Write a picture as the terminal reads it, at most `columns` wide; None where it is no picture it can show."""
    content = attachment.content or b""
    if not attachment.media_type.startswith("image/") or not content:
        return None
    if protocol == "iterm":
        return _iterm(content, columns)
    return _kitty(content, columns) if attachment.media_type == "image/png" else None


def _kitty(content: bytes, columns: int) -> str:
    """Chunks of base64, silent about success (https://sw.kovidgoyal.net/kitty/graphics-protocol/)."""
    data = b64encode(content).decode()
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    control = [f"a=T,f=100,q=2,c={columns},m={int(len(chunks) > 1)}"]
    control += [f"m={int(number < len(chunks) - 1)}" for number in range(1, len(chunks))]
    return "".join(f"\x1b_G{keys};{chunk}\x1b\\" for keys, chunk in zip(control, chunks, strict=True))


def _iterm(content: bytes, columns: int) -> str:
    """One sequence with the whole file (https://iterm2.com/documentation-images.html)."""
    data = b64encode(content).decode()
    return f"\x1b]1337;File=inline=1;size={len(content)};width={columns};preserveAspectRatio=1:{data}\x07"
