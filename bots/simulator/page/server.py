"""The page's server: on this machine only, for one browser at a time."""

import asyncio
import html
import json
import secrets
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final, Self, TypeAlias

from aiohttp import web

from bots.simulator.page import render
from bots.simulator.page.render import Scene
from bots.simulator.page.stage import MisuseError, Stage
from bots.simulator.transcript import Shown, ShownFile

STYLE: Final = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
_SCRIPT: Final = files(__package__).joinpath("script.js").read_text(encoding="utf-8")

_PATIENCE: Final = 20.0
"""Seconds that a request for changes waits for one."""

_MOST_BYTES: Final = 64 << 20

Deed: TypeAlias = Callable[[web.Request, "_Fields"], Awaitable[None]]


class PageServer:
    """Shows a stage to a browser.

    ::

        async with PageServer(stage) as page:
            print(page.url)

    Args:
        port: 0 for any free one.
    """

    def __init__(self, stage: Stage, *, port: int = 0) -> None:
        self.url = ""
        self._stage = stage
        self._port = port
        self._runner: web.AppRunner | None = None
        self._version = 0
        self._watching: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._deeds = {
            "write": self._write,
            "edit": self._edit,
            "delete": self._delete,
            "cross": self._cross,
            "about": self._about,
            "press": self._press,
            "fill": self._fill,
            "dismiss": self._dismiss,
        }

    async def __aenter__(self) -> Self:
        """Start to listen on 127.0.0.1."""
        app = web.Application(client_max_size=_MOST_BYTES, middlewares=[_own_pages_only])
        app.add_routes([web.get("/", self._page), web.get("/view", self._view), web.post("/do/{deed}", self._do)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        async with self._changed:
            self._changed.notify_all()
        if self._runner is not None:
            await self._runner.cleanup()

    def scene(self, person: str, place: str, *, usable: bool = True) -> Scene:
        """Return what a person sees of a place."""
        transcript = self._stage.transcript
        return Scene(
            platform=self._stage.title.lower(),
            names=self._stage.names,
            bot=self._stage.bot,
            viewer=person,
            messages=[shown for shown in transcript.messages if shown.channel == place],
            status={thread: text for (channel, thread), text in transcript.statuses.items() if channel == place},
            usable=usable,
        )

    async def _watch(self) -> None:
        """Count the changes."""
        while True:
            before = self._state()
            await asyncio.sleep(0.1)
            if self._state() != before:
                await self._bump()

    def _state(self) -> str:
        stage = self._stage
        sheets = [stage.sheet(person) for person in stage.people]
        listed = [stage.places(person) for person in stage.people]
        return repr((stage.transcript.messages, stage.transcript.statuses, sheets, listed))

    async def _bump(self) -> None:
        async with self._changed:
            self._version += 1
            self._changed.notify_all()

    async def _page(self, _: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        people = "".join(
            f'<option value="{html.escape(each)}">{html.escape(self._stage.names[each])}</option>'
            for each in self._stage.people
        )
        body = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated {self._stage.title}</title>'
            f'<style nonce="{nonce}">{STYLE}</style><body class="live {self._stage.title.lower()}">'
            f'<header>Simulated {self._stage.title}<span class="grow"></span><label>You are '
            f'<select id="person">{people}</select></label></header><nav id="places"></nav>'
            '<main id="conversation"></main><form class="write"><span class="to" id="to"></span>'
            '<textarea id="text" rows="2" placeholder="@Steward …, or /steward help" autofocus></textarea>'
            '<input type="file" id="files" multiple aria-label="Files"><button>Send</button>'
            '<span id="trouble"></span></form><div id="form"></div>'
            f'<script nonce="{nonce}">{_SCRIPT}</script></body></html>'
        )
        # the faces are coloured by a style attribute, and pictures come as data
        allowed = "style-src 'unsafe-inline'; img-src data:; connect-src 'self'"
        policy = f"default-src 'none'; script-src 'nonce-{nonce}'; {allowed}"
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _view(self, request: web.Request) -> web.Response:
        person = request.query.get("person") or self._stage.people[0]
        if person not in self._stage.people:
            raise web.HTTPBadRequest(text="There is no such person.")
        listed = self._stage.places(person)
        place = request.query.get("place") or listed[0].id
        if request.query.get("since") == str(self._version):
            try:
                async with asyncio.timeout(_PATIENCE), self._changed:
                    await self._changed.wait()
            except TimeoutError:
                pass
        return web.json_response(
            {
                "version": self._version,
                "place": place,
                "places": render.places(self._stage.places(person), place),
                "conversation": render.conversation(self.scene(person, place)),
                "form": render.form(self._stage.sheet(person)),
            }
        )

    async def _do(self, request: web.Request) -> web.Response:
        deed = self._deeds.get(request.match_info["deed"])
        fields = await _Fields.read(request)
        if deed is None or fields.text("person") not in self._stage.people:
            raise web.HTTPBadRequest(text="That cannot be done here.")
        try:
            await deed(request, fields)
        except MisuseError as error:
            raise web.HTTPConflict(text=str(error)) from error
        await self._bump()
        return web.Response(text="done")

    async def _write(self, _: web.Request, fields: "_Fields") -> None:
        person, place, text = (fields.text(name) for name in ("person", "place", "text"))
        if place not in {each.id for each in self._stage.places(person)}:
            raise MisuseError("You cannot write there.")
        # a command waits for its answer, a browser need not
        await self._stage.write(person, place, text, fields.text("thread") or None, fields.files)

    async def _edit(self, _: web.Request, fields: "_Fields") -> None:
        await self._stage.edit(self._own(fields), fields.text("text"))

    async def _delete(self, _: web.Request, fields: "_Fields") -> None:
        await self._stage.delete(self._own(fields))

    async def _cross(self, _: web.Request, fields: "_Fields") -> None:
        await self._stage.cross(self._shown(fields), fields.text("person"))

    async def _about(self, _: web.Request, fields: "_Fields") -> None:
        await self._stage.ask_about(self._shown(fields), fields.text("person"))

    async def _press(self, _: web.Request, fields: "_Fields") -> None:
        shown = self._shown(fields)
        await self._stage.press(shown, fields.text("person"), fields.text("key"), fields.text("choice"))

    async def _fill(self, _: web.Request, fields: "_Fields") -> None:
        try:
            values = json.loads(fields.text("values"))
        except ValueError as error:
            raise MisuseError("The form could not be read.") from error
        if self._stage.sheet(fields.text("person")) is None or not isinstance(values, dict):
            raise MisuseError("The form is closed.")
        await self._stage.fill(fields.text("person"), {str(key): str(value) for key, value in values.items()})

    async def _dismiss(self, _: web.Request, fields: "_Fields") -> None:
        await self._stage.dismiss(fields.text("person"))

    def _shown(self, fields: "_Fields") -> Shown:
        found = self._stage.transcript.find(fields.text("id"))
        if found is None or found.deleted or found.to not in (None, fields.text("person")):
            raise MisuseError("This message is gone.")
        return found

    def _own(self, fields: "_Fields") -> Shown:
        found = self._shown(fields)
        if found.author != fields.text("person"):
            raise MisuseError("Only its author can change a message.")
        return found


class _Fields:
    """What a form of the page sent."""

    def __init__(self, texts: dict[str, str], files: list[ShownFile]) -> None:
        self._texts = texts
        self.files = files

    @classmethod
    async def read(cls, request: web.Request) -> Self:
        """Read a request's body."""
        texts: dict[str, str] = {}
        kept: list[ShownFile] = []
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                kept.append(ShownFile(name=value.filename, media_type=value.content_type, content=value.file.read()))
            elif isinstance(value, str):
                texts[name] = value
        return cls(texts, kept)

    def text(self, name: str) -> str:
        """Return a field, "" where it was not sent."""
        return self._texts.get(name, "")


@web.middleware
async def _own_pages_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what comes from the page of another site, or was sent to another name than this machine's."""
    origin = request.headers.get("Origin")
    if request.url.host not in ("127.0.0.1", "localhost") or (origin and origin != str(request.url.origin())):
        raise web.HTTPForbidden(text="Only the page itself may ask here.")
    return await handler(request)
