"""Keeps README.md true: its tables are generated and its recorded runs are executed.

    python -m tests.readme        write README.md anew

`tests/test_readme.py` fails where that would change anything. A region begins with a comment such as `<!-- run -->`
and ends with `<!-- end -->`.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bots.app import skills
from core.channels import KINDS
from core.config import Config, reference

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def render(text: str) -> str:
    """Return the README's text with every region made anew."""
    regions: dict[str, Callable[[str], str]] = {
        "configuration": lambda _: f"\n{reference()}\n",
        "settings": lambda _: f"\n{settings_table()}\n",
        "skills": lambda _: f"\n{skill_table()}\n",
        "run": run,
    }
    return re.sub(
        r"(?ms)^<!-- (configuration|settings|skills|run) -->\n(.*?)^<!-- end -->$",
        lambda found: f"<!-- {found[1]} -->\n{regions[found[1]](found[2])}<!-- end -->",
        text,
    )


def settings_table() -> str:
    """List what can be set for a channel."""
    rows = ["| Name | What it is | Usually |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | {kind.help} | {kind.usual} |" for name, kind in KINDS.items()]
    return "\n".join(rows) + "\n"


def carry_out(region: str, folder: Path) -> list[str]:
    """Carry out the commands of a region in a folder, `steward` being this one; return the lines that they print."""
    found = re.search(rf"^<!-- {region} -->\n```sh\n(.*?)^```$", README.read_text(), re.M | re.S)
    assert found, f"the README has no commands of {region!r}"
    with tempfile.TemporaryDirectory() as programs:
        program = Path(programs, "steward")
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bots "$@"\n')
        program.chmod(0o700)
        done = subprocess.run(
            ["sh", "-ec", found[1]],
            cwd=folder,
            env=_environment() | {"PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, f"the commands of {region!r} ended with {done.returncode}: {done.stderr}"
    return done.stdout.splitlines()


def skill_table() -> str:
    """List the skills that come with Steward, with something to say for each."""
    rows = ["| Skill | What it does | Say |", "| --- | --- | --- |"]
    for tool in skills(Config()).tools:
        example = f"“{tool.examples[0]}”" if tool.examples else ""
        rows.append(f"| `{tool.name}` | {tool.description.splitlines()[0]} | {example} |")
    return "\n".join(rows) + "\n"


def run(block: str) -> str:
    """Carry out the commands of a console block, in one folder, and write down what they print on standard output."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for command in re.findall(r"^\$ (.*)$", block, re.M):
            lines += [f"$ {command}", *_output(command, Path(folder))]
    return "```console\n" + "\n".join(lines) + "\n```\n"


def _output(command: str, folder: Path) -> list[str]:
    words = shlex.split(command)
    assert words[0] == "steward", f"only `steward` is run: {command}"
    done = subprocess.run(
        [sys.executable, "-m", "bots", *words[1:]],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
    return done.stdout.rstrip().splitlines()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STEWARD_", "OPENAI_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def main() -> None:
    """Write README.md anew."""
    README.write_text(render(README.read_text()))


if __name__ == "__main__":
    main()
