"""Whether anything is lost or answered twice: Steward is killed at random moments while it is asked on both platforms.

    python -m tests.bench.crash [--kills 500] [--seed S] [--round 25]

Each round has a new database and a seed of its own; after its last kill everything must be answered. A failure is
printed with the seed of its round: `pytest tests/test_crash.py -k random --kills 25 --seed S` goes through it again,
up to the timing of this machine. The exit code is 1 where anything was lost, doubled or otherwise wrong.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import get_args

from tests.crash_field import Field
from tests.crash_judge import Fate
from tests.crash_storm import storm
from tests.nursery import Nursery, nursery


async def run(kills: int, size: int, seed: int) -> bool:
    """Go through all rounds and return whether nothing was wrong."""
    begun, counts, done = time.monotonic(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        async with nursery(Path(folder) / "nursery") as lives:
            while done < kills:
                size = min(size, kills - done)
                counts += await _round(Path(folder) / str(done), lives, size, seed + done)
                done += size
                print(f"{done} kills, {time.monotonic() - begun:.0f} s: {_listed(counts)}", flush=True)
    return not any(counts[fate] for fate in ("lost", "doubled", "wrong", "strange"))


async def _round(folder: Path, lives: Nursery, kills: int, seed: int) -> Counter[str]:
    async with Field(folder, lives) as field:
        await storm(field, random.Random(seed), kills)
        verdicts = await field.judged()
        wrong = field.complaints(verdicts)
        if wrong:
            kept = Path(tempfile.gettempdir()) / f"crash-{seed}.log"
            kept.write_text(field.log.read_text())
            print("\n\n".join([f"--kills {kills} --seed {seed}, the log is {kept}", *wrong]), flush=True)
        counts = Counter[str](verdict.fate for verdict in verdicts)
        counts["questions"] = len(verdicts)
        counts["unknown"] = sum(verdict.doubt for verdict in verdicts)
        counts["strange"] = len(wrong) - sum(bool(verdict.reasons) for verdict in verdicts)
        return counts


def _listed(counts: Counter[str]) -> str:
    names = ("questions", *get_args(Fate), "unknown", "strange")
    return ", ".join(f"{counts[name]} {name}" for name in names)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--round", type=int, default=25, help="kills in one round")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # the simulators' clients die in the middle of a word
    return 0 if asyncio.run(run(arguments.kills, arguments.round, arguments.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
