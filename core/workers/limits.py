"""What a worker process may take of the machine, set by the process itself as it starts."""

import contextlib
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MB: Final = 1_000_000
_LARGEST_FILE: Final = 256 * _MB
_MOST_OPEN_FILES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What skills may take.

    Attributes:
        memory_mb: beyond what the process has when it starts; kept on Linux.
        cpu_seconds: of each call.
    """

    memory_mb: float
    cpu_seconds: float


def apply(limits: Limits) -> None:
    """Limit this process for good: memory, files, priority; and let the kernel end it first when memory runs out."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    _lower(resource.RLIMIT_NOFILE, _MOST_OPEN_FILES)
    if sys.platform == "linux":
        _lower(resource.RLIMIT_DATA, _data_bytes() + int(limits.memory_mb * _MB))
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    os.nice(10)


def allow_cpu(seconds: float) -> None:
    """Let this process use so much more processor time before the kernel ends it by SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    wanted = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _lower(what: int, wanted: int) -> None:
    hard = resource.getrlimit(what)[1]
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(what, (limit, limit))


def _data_bytes() -> int:
    """Return what counts for RLIMIT_DATA now: private writable memory, see proc_pid_status(5) and getrlimit(2)."""
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
