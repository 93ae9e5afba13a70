"""The command `steward`. Everything heavy is imported by the command that needs it, so that `--help` is instant."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.config import Config

FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 when all went well; 1 when it failed; 2 when the configuration or the command line is wrong, said in one
    sentence; 130 after Ctrl-C.
    """
    _open_streams()
    try:
        return _flushed(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        from bots.terminal.screen import silence

        silence(sys.stdout)
        return FAILED
    except Exception as error:
        return _report(error)


def _flushed(argv: Sequence[str] | None) -> int:
    """Run a command, and notice here rather than at exit that nobody reads what it printed."""
    try:
        arguments = _parser().parse_args(argv)
        command: Callable[[argparse.Namespace], int] = arguments.command
        return command(arguments)
    finally:
        sys.stdout.flush()


def _open_streams() -> None:
    """Open what the program was started without (`2>&-`): Python has None in its place, and files take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def _parser() -> argparse.ArgumentParser:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument(
        "--config",
        metavar="PATH",
        type=Path,
        default=argparse.SUPPRESS,
        help="the settings; by default config.yaml in the current folder",
    )
    parser = argparse.ArgumentParser(
        prog="steward",
        description="One assistant that a whole team shares in Slack, Discord and the terminal.",
        epilog="Without a command: `run` where a platform is configured, else `chat`.",
        parents=[everywhere],
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    parser.set_defaults(command=_default, once=None, file=[])
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    chat = commands.add_parser("chat", parents=[everywhere], help="talk to Steward in this terminal")
    chat.add_argument("--once", metavar="TEXT", help="answer this one message and end; - reads it from standard input")
    chat.add_argument("--file", metavar="PATH", action="append", default=[], help="send a file with the first message")
    chat.set_defaults(command=_chat)

    call = commands.add_parser(
        "call", parents=[everywhere], add_help=False, help="run a skill, without the language model"
    )
    call.add_argument("--help", "-h", action="store_true")
    call.add_argument("name", nargs="?", default="")
    call.add_argument("words", nargs=argparse.REMAINDER)
    call.set_defaults(command=_call)

    run = commands.add_parser("run", parents=[everywhere], help="answer on every configured platform")
    run.set_defaults(command=_run)

    skills = commands.add_parser("skills", parents=[everywhere], help="list the skills")
    skills.add_argument("--json", action="store_true", help="as JSON, with the schema of the arguments")
    skills.set_defaults(command=_skills)

    turns = commands.add_parser(
        "turns",
        parents=[everywhere],
        help="list turns that are stuck or failed",
        description="Without a command: list the turns that are unanswered, stuck, failed or undelivered.",
    )
    turns.set_defaults(command=_turns)
    retry = turns.add_subparsers(title="commands", metavar="COMMAND").add_parser(
        "retry", parents=[everywhere], help="have a turn tried again"
    )
    retry.add_argument("turn", metavar="ID", type=int, help="the turn's number")
    retry.set_defaults(command=_retry)

    feedback = commands.add_parser("feedback", parents=[everywhere], help="list what people thought of answers")
    feedback.set_defaults(command=_feedback)

    backup = commands.add_parser(
        "backup",
        parents=[everywhere],
        help="back up the data folder, also while Steward runs",
        description="Write a copy of the data folder that can be put in its place, also while Steward runs.",
    )
    backup.add_argument(
        "folder", metavar="FOLDER", type=Path, nargs="?", help="a new folder; by default one named by the time"
    )
    backup.set_defaults(command=_backup)

    export = commands.add_parser(
        "export",
        parents=[everywhere],
        help="write everything that is stored as JSON Lines, also while Steward runs",
        description="Write everything that is stored as JSON Lines, also while Steward runs.",
    )
    export.add_argument("file", metavar="FILE", nargs="?", default="-", help="where to; by default standard output")
    export.set_defaults(command=_export)

    taking = commands.add_parser(
        "import",
        parents=[everywhere],
        help="take in what `export` wrote",
        description="Take in what `export` wrote; what is there already stays as it is.",
    )
    taking.add_argument("file", metavar="FILE", type=Path)
    taking.set_defaults(command=_import)

    simulate = commands.add_parser(
        "simulate",
        parents=[everywhere],
        help="try Steward in a local Slack or Discord, without an account",
        description="Start a local Slack or Discord with a page to type into, and Steward connected to it.",
    )
    simulate.add_argument("platform", choices=["slack", "discord"])
    simulate.add_argument(
        "--port", metavar="NUMBER", type=int, default=8765, help="port of the page; 0 for any free one"
    )
    simulate.add_argument(
        "--server-only", action="store_true", help="run no Steward; print the variables that connect one"
    )
    simulate.add_argument("--save", metavar="PATH", type=Path, help="write the conversation as HTML at the end")
    simulate.set_defaults(command=_simulate)

    manifest = commands.add_parser("manifest", parents=[everywhere], help="print the manifest of a platform's app")
    manifest.add_argument("platform", choices=["slack"])
    manifest.set_defaults(command=_manifest)
    return parser


class _Version(argparse.Action):
    """`--version`; the metadata is only looked up when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"steward {version('steward')}")
        parser.exit()


def _default(arguments: argparse.Namespace) -> int:
    config = _config(arguments)
    return _run(arguments) if config.slack.configured or config.discord.configured else _chat(arguments)


def _chat(arguments: argparse.Namespace) -> int:
    from core import telemetry

    config = _config(arguments)
    telemetry.configure(config.log, config.secrets(), file=config.data_dir / "chat.log")
    from bots.terminal.chat import chat

    return chat(config, once=arguments.once, paths=arguments.file)


def _call(arguments: argparse.Namespace) -> int:
    from core import telemetry

    config = _config(arguments)
    telemetry.configure(config.log, config.secrets(), file=config.data_dir / "chat.log")
    from bots.terminal.call import call

    return call(config, arguments.name, ["--help"] if arguments.help else arguments.words)


def _run(arguments: argparse.Namespace) -> int:
    import asyncio
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until `App.run` stops what is under way by then
    config = _logged(arguments)
    from bots.app import open_app

    async def run() -> None:
        async with open_app(config) as app:
            await app.run()

    asyncio.run(run())
    return 0


def _skills(arguments: argparse.Namespace) -> int:
    import json

    config = _logged(arguments)
    from bots.app import skills

    tools = skills(config).tools
    if arguments.json:
        fields = ("name", "description", "parameters", "examples")
        print(
            json.dumps([{name: getattr(tool, name) for name in fields} for tool in tools], indent=2, ensure_ascii=False)
        )
    else:
        width = max((len(tool.name) for tool in tools), default=0)
        for tool in tools:
            print(f"{tool.name:<{width}}  {tool.description.splitlines()[0]}")
    return 0


def _turns(arguments: argparse.Namespace) -> int:
    from bots.turns import listed

    return _print(listed(_logged(arguments)))


def _retry(arguments: argparse.Namespace) -> int:
    from bots.turns import retried

    return _print(retried(_logged(arguments), arguments.turn))


def _feedback(arguments: argparse.Namespace) -> int:
    from bots.feedback import listed

    return _print(listed(_logged(arguments)))


def _backup(arguments: argparse.Namespace) -> int:
    from bots.archive import backed_up

    print(backed_up(_logged(arguments), arguments.folder))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from bots.archive import exported

    if said := exported(_logged(arguments), None if arguments.file == "-" else Path(arguments.file)):
        print(said)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from bots.archive import imported

    print(imported(_logged(arguments), arguments.file))
    return 0


def _print(text: Coroutine[None, None, str]) -> int:
    import asyncio

    print(asyncio.run(text))
    return 0


def _simulate(arguments: argparse.Namespace) -> int:
    import asyncio

    config = _logged(arguments)
    from bots.simulate import simulate

    asyncio.run(
        simulate(
            config,
            arguments.platform,
            port=arguments.port,
            server_only=arguments.server_only,
            save=arguments.save,
        )
    )
    return 0


def _manifest(arguments: argparse.Namespace) -> int:
    import json

    config = _config(arguments)
    from bots.slack.manifest import manifest

    print(json.dumps(manifest(config), indent=2, ensure_ascii=False))
    return 0


def _config(arguments: argparse.Namespace) -> "Config":
    from core.config import load

    return load(getattr(arguments, "config", None))


def _logged(arguments: argparse.Namespace) -> "Config":
    """Load the configuration and begin to log on standard error."""
    from core import telemetry

    config = _config(arguments)
    telemetry.configure(config.log, config.secrets())
    return config


def _report(error: BaseException) -> int:
    """Say in one sentence what went wrong, and return the exit code."""
    from bots.terminal.screen import complain, harmless
    from core.errors import OperatorError, StewardError, UserError
    from core.incident import incident
    from core.incident import sentence as in_log
    from core.telemetry import redact

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, StewardError):
        sentence = " ".join(redact(str(error)).split())
    else:
        name = incident(logging.getLogger("steward"), "stopped by an unexpected error", error)
        sentence = f"Something went wrong inside Steward ({type(error).__name__}).{in_log(name)}"
    complain(f"steward: {harmless(sentence)}")
    return MISUSED if isinstance(error, OperatorError | UserError) else FAILED
