"""Running blocking code beside the event loop."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, name: str) -> T:
    """Run a function in a thread of its own and return what it returns.

    Unlike `asyncio.to_thread` there is no pool that a few hanging functions would fill up, nor does a hanging one keep
    the program from ending. A cancelled wait leaves the thread running.

    Args:
        work: what to run; should it hang, its thread ends with the program.
        name: of the thread.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # so that a cancelled wait does not cancel what the thread will set

    def run() -> None:
        try:
            future.set_result(work())
        except StopIteration as error:
            # A future of asyncio refuses this one and would never be done.
            future.set_exception(RuntimeError(f"StopIteration: {error}"))
        except BaseException as error:
            future.set_exception(error)

    Thread(target=contextvars.copy_context().run, args=(run,), name=name, daemon=True).start()
    return await asyncio.wrap_future(future)
