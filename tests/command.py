"""The command `steward`, run as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

FOREIGN = ("STEWARD_", "OPENAI_", "SLACK_", "DISCORD_", "PYTHON", "NO_COLOR", "TERM", "TMUX", "KITTY_", "LC_TERMINAL")


def environment(**variables: str) -> dict[str, str]:
    """The environment without anything that would configure Steward, plus these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "PYTHONUTF8": "1", **variables}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bots", *arguments]


def steward(
    folder: Path, *arguments: str, said: str = "", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, with what is said to it on standard input."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**(variables or {})),
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
