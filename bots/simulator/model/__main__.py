"""`python -m bots.simulator.model`: the endless script in a process of its own; prints its base URL and serves."""

import argparse
import asyncio
import contextlib

from aiohttp import web

from bots.simulator.model.endless import Endless, parse_call

_CALLS = (
    ("analyze_text", '{"text": "The quick brown fox jumps over the lazy dog."}'),
    ("analyze_text", '{"text": "Pack my box with five dozen liquor jugs."}'),
)


async def serve(port: int, called: list[tuple[str, str]], pieces: int) -> None:
    """Serve until interrupted."""
    runner = web.AppRunner(Endless(called, pieces=pieces).application(), access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m bots.simulator.model", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--endless", action="store_true", help="the only script there is: two tool calls, then a text")
    parser.add_argument(
        "--call", action="append", type=parse_call, metavar="NAME=JSON", help="a tool call before the text; repeatable"
    )
    parser.add_argument("--pieces", type=int, default=60, help="events in which the text comes")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments.port, arguments.call or list(_CALLS), arguments.pieces))


if __name__ == "__main__":
    main()
