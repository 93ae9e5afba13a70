"""The process that worker processes are forks of: the fork server of `multiprocessing`, one for the whole bot."""

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from threading import Lock
from types import ModuleType
from typing import Final

CONTEXT: Final = multiprocessing.get_context("forkserver")

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)

_starting: Final = Lock()


def preload(modules: Sequence[str]) -> None:
    """Name what the fork server imports when it is launched; one that runs already keeps what it has."""
    CONTEXT.set_forkserver_preload(["core.workers.process", *modules, "core.workers.quiet"])


def ensure_running() -> None:
    """Launch the fork server with an empty environment, where it does not run; returns at once.

    `multiprocessing` hands on the environment of this process and takes no other. What a process was started with stays
    readable in /proc/PID/environ, and is copied by a fork, so it does not suffice that a worker clears `os.environ`:
    ours has to be empty for this millisecond. Call it on the event loop, where nothing else reads it meanwhile, and
    always right before `start`, which would launch a fork server that has ended with our environment.

    The signals that tell all processes of a service or a terminal to stop are blocked in it: Steward, which gets them
    too, decides what becomes of calls under way.
    """
    tempfile.gettempdir()  # asked for in there, and remembered for good, so not without our TMPDIR
    kept = dict(os.environ)
    os.environ.clear()
    try:
        resource_tracker.ensure_running()  # the fork server would launch it, and it unblocks the signals
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    finally:
        os.environ.update(kept)


def start(process: BaseProcess, connection: socket.socket) -> None:
    """Start a process; blocks until the fork server has imported everything.

    The module that this program was started with is hidden meanwhile, because `multiprocessing` has every new process
    import it, for functions that are defined there: the whole bot, where a skill needs none of it.

    Args:
        process: has the connection among its arguments.
        connection: closed here afterwards; not before, or its number could by then be that of another file.

    Raises:
        OSError, EOFError: the fork server has ended.
    """
    with connection, _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            process.start()
        finally:
            sys.modules["__main__"] = main
