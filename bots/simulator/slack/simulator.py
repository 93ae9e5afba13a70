"""A local Slack: Web API, Socket Mode, HTTP events, slash commands and files, for tests and for trying things.

It speaks the documented protocol, so that slack-bolt and slack-sdk connect to it unchanged. Where Slack's
behaviour is not documented (the error for a thread that does not exist, whether a markdown block reads mentions)
the code says so; nothing here was compared with the real service.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from bots.simulator.slack import streams
from bots.simulator.slack.agent_events import agent_session_stopped, app_home_opened, assistant_thread
from bots.simulator.slack.delivery import Delivery
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.filled import Filled
from bots.simulator.slack.payloads import app_mention, file_object, message, slash_command, typed
from bots.simulator.slack.server import SlackServer
from bots.simulator.slack.views import View
from bots.simulator.slack.world import Channel, Kind, Post, StoredFile, User, World
from bots.simulator.transcript import Shown, ShownFile


class SlackSimulator(SlackServer):
    """A workspace with Ada (U1), Grace (U2) and the bot.

    Its channels are C1 (general), C2 (random, without the bot) and G1 (private, Ada and the bot).

    ::

        async with SlackSimulator() as slack:
            ...  # connect the bot to slack.url with slack.bot_token and slack.app_token
            await slack.mention("C1", "U1", "hello")
            answer = await slack.transcript.wait(lambda shown: shown.author == slack.world.bot)
    """

    def add_channel(
        self, channel_id: str, name: str, *, kind: Kind = "channel", members: Collection[str] = ()
    ) -> Channel:
        """Make a channel, with the bot where it is among the members."""
        self.world.channels[channel_id] = Channel(id=channel_id, name=name, kind=kind, members=set(members))
        return self.world.channels[channel_id]

    def add_user(
        self,
        user_id: str,
        name: str,
        *,
        is_bot: bool = False,
        team: str = World.team,
        restricted: bool = False,
        admin: bool = False,
    ) -> User:
        """Make a person, a guest where restricted, or another bot; one of another team comes through Slack Connect."""
        self.world.users[user_id] = User(
            id=user_id, name=name, is_bot=is_bot, team=team, restricted=restricted, admin=admin
        )
        return self.world.users[user_id]

    async def expire_streams(self, *, error: str = "message_not_in_streaming_state") -> None:
        """End every message that is being written, as Slack does when nothing was added for some minutes."""
        for post in [post for channel in self.world.channels.values() for post in channel.posts if post.streaming]:
            await streams.end(self.world, post, error)

    async def mention(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        thread: str | None = None,
        files: Sequence[ShownFile] = (),
        foreign: bool = False,
    ) -> str:
        """Mention the bot in a channel, as a person does, and return the message's id.

        `foreign` files are those of another workspace (Slack Connect).
        """
        stored = [self._store(user, file, foreign=foreign) for file in files]
        post = await self._write(channel, user, f"<@{self.world.bot}> {text}", thread=thread, files=stored)
        if self.world.bot in self.world.channels[channel].members:
            self._subscribed("app_mention", app_mention(self.world, post, self.base_url))
        if self._hears(channel):
            self.event(message(self.world, post, self.base_url))
        return post.ts

    async def say(
        self,
        user: str,
        text: str,
        *,
        channel: str | None = None,
        thread: str | None = None,
        files: Sequence[ShownFile] = (),
    ) -> str:
        """Write to the bot directly, or into a channel without a mention, and return the message's id."""
        place = channel or self.world.direct(user).id
        stored = [self._store(user, file) for file in files]
        post = await self._write(place, user, text, thread=thread, files=stored)
        if self._hears(place):
            self.event(message(self.world, post, self.base_url))
        return post.ts

    async def command(self, channel: str, user: str, text: str, *, command: str = "/steward") -> Delivery:
        """Use a slash command and return its delivery with what the app answered."""
        place = self.world.channels.get(channel) or self.world.direct(user)
        payload = slash_command(
            self.world,
            channel=place,
            user=user,
            command=command,
            text=typed(text),
            response_url=self._answers.address(self.base_url, place.id, user),
        )
        delivery = await self._courier.deliver("slash_commands", dict(payload))
        await self._show_command(delivery, place.id, user, f"{command} {text}".strip())
        return delivery

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """Change a person's message; with the text it has, add a preview of a link as Slack does."""
        post = self._post(channel, ts)
        previous = self.world.snapshot(post)
        post.text = typed(text)
        if post.text != previous.text:
            post.edited = self.world.timestamp()
        await self.world.changed(post, previous)

    def delete(self, channel: str, ts: str) -> None:
        """Delete a person's message; one that has replies leaves a tombstone."""
        self.world.remove(self._post(channel, ts))

    async def make_private(self, channel: str, user: str) -> str:
        """Turn a public channel into a private one, and return the id of the message in which Slack says so.

        It has the id that it had: https://docs.slack.dev/reference/events/message/channel_convert_to_private.
        """
        self.world.channels[channel].kind = "group"
        text = "made this channel *private*. Now, it can only be viewed or joined by invitation."
        post = await self._write(channel, user, text, thread=None, files=[], subtype="channel_convert_to_private")
        if self._hears(channel):
            self.event(message(self.world, post, self.base_url))
        return post.ts

    async def react(self, channel: str, ts: str, user: str, reaction: str, *, take_back: bool = False) -> None:
        """React to a message, or take the reaction back."""
        await self.world.react(self._post(channel, ts), user, reaction, take_back=take_back)

    async def press(self, where: str | View, key: str, user: str, *, choice: str = "") -> Delivery:
        """Use a button or menu, and return the delivery with what the app answered.

        Args:
            where: the message's id, a modal, or a home tab.
            key: the control's action_id, or a button's value.
            user: who uses it.
            choice: the entry of a menu, by value or label; of two buttons with one key, the value or label of one.
        """
        place = where if isinstance(where, View) else self._message(where)
        return await self._interactions.press(place, key, user, choice, self.base_url)

    async def shortcut(self, ts: str, user: str, callback_id: str) -> Delivery:
        """Use a shortcut on a message."""
        return await self._interactions.shortcut(self._message(ts), user, callback_id, self.base_url)

    async def modal(self, user: str, *, title: str = "", timeout: float = 10.0) -> View:
        """Return the modal that a person has before them, now or once it opens."""

        def found() -> View | None:
            view = self.world.modal(user)
            return view if view is not None and title in ("", view.title) else None

        await self.transcript.until(found, timeout=timeout)
        view = found()
        assert view is not None
        return view

    async def submit(
        self, view: View, values: Mapping[str, Filled], *, files: Sequence[ShownFile] = ()
    ) -> Delivery | None:
        """Send off a modal with its fields filled in, by block id or action id; what is left out stays as it is.

        Files go into its first field for files. None where Slack finds a mistake itself: see the view's `errors`.
        """
        stored = [file_object(self.world, self._store(view.user, file), self.base_url) for file in files]
        fields = [name for name, block in view.fields.items() if "file_input" in str(block["element"])]
        assert bool(fields) >= bool(stored), "the modal takes no files"
        filled = {**values, fields[0]: stored} if stored else values
        return await self._interactions.submit(view, filled)

    async def close(self, view: View, values: Mapping[str, Filled] | None = None) -> Delivery | None:
        """Close a modal; None where the app did not want to know."""
        return await self._interactions.close(view, values or {})

    def open_home(self, user: str, *, tab: Literal["home", "messages"] = "home") -> None:
        """Look at one of the two tabs of the app: its home, or the direct messages with the bot."""
        self._subscribed("app_home_opened", app_home_opened(self.world, user, tab))

    def open_assistant(self, user: str, *, channel: str | None = None) -> str:
        """Begin a thread with the bot beside a channel, and return its id; not with an app that has an agent view."""
        direct = self.world.direct(user)
        root = Post(ts=self.world.timestamp(), channel=direct.id, user=self.world.bot, text="New Assistant Thread")
        root.thread = root.ts
        direct.posts.append(root)
        started = assistant_thread(self.world, "assistant_thread_started", user, root.ts, channel)
        self._subscribed("assistant_thread_started", started)
        return root.ts

    def change_context(self, user: str, thread: str, channel: str) -> None:
        """Look at another channel beside a thread with the bot."""
        changed = assistant_thread(self.world, "assistant_thread_context_changed", user, thread, channel)
        self._subscribed("assistant_thread_context_changed", changed)

    async def stop_session(self, channel: str, thread: str, user: str) -> None:
        """Use the stop button of a thread in which the bot is at work; Slack ends what is being written there."""
        posts = [post for post in self.world.channels[channel].posts if post.streaming and post.thread == thread]
        for post in posts:
            await streams.end(self.world, post, "stopped_by_user")
        stopped = agent_session_stopped(self.world, channel, thread, user, [post.ts for post in posts])
        self._subscribed("agent_session_stopped", stopped)

    async def _write(
        self, channel: str, user: str, text: str, *, thread: str | None, files: list[StoredFile], subtype: str = ""
    ) -> Post:
        post = Post(
            ts=self.world.timestamp(),
            channel=channel,
            user=user,
            text=typed(text),
            thread=thread,
            files=files,
            subtype=subtype,
        )
        return await self.world.add(post)

    def _message(self, ts: str) -> Post:
        post = self.world.find(ts)
        assert post is not None, "there is no such message"
        return post

    def _post(self, channel: str, ts: str) -> Post:
        post = self.world.channels[channel].find(ts)
        assert post is not None, "there is no such message"
        return post

    def _store(self, user: str, file: ShownFile, *, foreign: bool = False) -> StoredFile:
        stored = StoredFile(
            id=f"F{self.world.number()}",
            name=file.name,
            media_type=file.media_type,
            user=user,
            content=file.content,
            alt=file.alt,
            check_info=foreign,
        )
        self.world.files[stored.id] = stored
        return stored

    async def _show_command(self, delivery: Delivery, channel: str, user: str, typed_text: str) -> None:
        """Show what a person sees of a command: themselves only, unless it was answered "in_channel"."""
        if not delivery.acknowledged:
            reason = "operation_timeout" if delivery.failures == ["timeout"] else "dispatch_failed"
            text = f"{typed_text.split()[0]} failed with the error “{reason}”"
            await self.world.whisper(channel=channel, to=user, author="USLACKBOT", text=text, blocks=[])
            return
        if delivery.response.get("response_type") == "in_channel":
            await self.transcript.add(Shown(id=self.world.timestamp(), channel=channel, author=user, text=typed_text))
        try:
            await self._answers.show(channel, user, delivery.response)
        except ApiError as error:
            delivery.failures.append(error.code)
