"""Writing, changing and deleting messages, with everything that follows from it: limits, pings, events, transcript."""

import mimetypes
from collections.abc import Sequence

from bots.simulator.discord import payloads
from bots.simulator.discord.bodies import (
    FileDescription,
    MessageBody,
    Reference,
    Upload,
    check_message,
    check_not_empty,
)
from bots.simulator.discord.cdn import Cdn
from bots.simulator.discord.errors import ApiError, invalid, unknown_channel, unknown_message
from bots.simulator.discord.gateway import Gateway, intent_of, visible
from bots.simulator.discord.mentions import mentioned_roles, mentioned_users, pings
from bots.simulator.discord.world import (
    DEFAULT_TYPE,
    DIRECT,
    LOADING,
    REPLY_TYPE,
    Channel,
    File,
    Message,
    User,
    World,
)
from bots.simulator.transcript import Shown, ShownFile, Transcript
from core.messages import JsonObject

NONCE_SECONDS = 300


class Board:
    """The messages of all channels.

    Args:
        file_limit: bytes of the largest file.
    """

    def __init__(self, world: World, gateway: Gateway, cdn: Cdn, transcript: Transcript, *, file_limit: int) -> None:
        self._world = world
        self._gateway = gateway
        self._cdn = cdn
        self._transcript = transcript
        self._file_limit = file_limit
        self._nonces: dict[tuple[str, str, str], Message] = {}

    def channel(self, channel_id: str) -> Channel:
        """Return a channel that the bot can see.

        Raises:
            ApiError: there is none (10003), or the bot may not see it (50001).
        """
        found = self._world.channels.get(channel_id)
        if found is None:
            raise unknown_channel()
        if found.hidden:
            raise ApiError(403, 50001, "Missing Access")
        return found

    def writable(self, channel_id: str) -> Channel:
        """Return a channel that the bot can write in.

        Raises:
            ApiError: as `channel`, or the bot may not write there (50013, 50007).
        """
        found = self.channel(channel_id)
        if found.muted and found.type == DIRECT:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        if found.muted:
            raise ApiError(403, 50013, "Missing Permissions")
        return found

    def message(self, channel_id: str, message_id: str) -> Message:
        """Return a message in a channel that the bot can see.

        Raises:
            ApiError: there is none, or not any more (10008).
        """
        found = self._world.messages.get(message_id)
        if found is None or found.deleted or found.channel is not self.channel(channel_id):
            raise unknown_message()
        return found

    def show(self, message: Message) -> JsonObject:
        """Show a message as the bot gets it from the API."""
        return visible(payloads.message(message, self._world, self._cdn.sign), message, self._world.bot.id)

    async def create(
        self, channel: Channel, author: User, body: MessageBody, uploads: Sequence[Upload] = ()
    ) -> Message:
        """Write a message; one with a nonce that was enforced before is not written again.

        Raises:
            ApiError: it is over a limit, empty, or a reply to a message that is not there.
        """
        check_message(body, uploads, file_limit=self._file_limit)
        check_not_empty(body, uploads)
        known = self._known(channel, author, body)
        if known is not None:
            return known
        message = self._new(channel, author, body.message_reference)
        message.nonce = body.nonce
        if body.nonce is not None:
            self._nonces[channel.id, author.id, body.nonce] = message
        message.flags = body.flags or 0
        self._fill(message, body, uploads)
        return await self.publish(message)

    async def publish(self, message: Message) -> Message:
        """Let everybody see a message that was prepared."""
        self._world.messages[message.id] = message
        place = message.channel
        if message.to is None:
            place.last_message_id = max(message.id, place.last_message_id or message.id, key=int)
        await self._transcript.add(_shown(message))
        await self._gateway.message("MESSAGE_CREATE", self._event(message), message)
        return message

    async def edit(self, message: Message, body: MessageBody, uploads: Sequence[Upload] = ()) -> Message:
        """Change a message; the fields that are not in the request stay as they are.

        Raises:
            ApiError: it would be over a limit.
        """
        check_message(body, uploads, file_limit=self._file_limit)
        fresh = message.loading
        message.flags &= ~LOADING
        self._fill(message, body, uploads)
        if fresh:
            return await self.publish(message)
        message.edited = self._world.clock.now()
        shown = self._transcript.find(message.id)
        if shown is not None:
            shown.text, shown.files, shown.edits = message.content, _files(message), shown.edits + 1
            await self._transcript.changed()
        await self._gateway.message("MESSAGE_UPDATE", self._event(message), message)
        return message

    async def delete(self, message: Message) -> None:
        """Delete a message."""
        message.deleted = True
        shown = self._transcript.find(message.id)
        if shown is not None:
            shown.deleted = True
            await self._transcript.changed()
        gone: JsonObject = {"id": message.id, "channel_id": message.channel.id}
        if message.channel.guild_id:
            gone["guild_id"] = message.channel.guild_id
        await self._gateway.dispatch("MESSAGE_DELETE", gone, intent_of(message.channel))

    def _event(self, message: Message) -> JsonObject:
        return payloads.message_event(message, self._world, self._cdn.sign)

    def _known(self, channel: Channel, author: User, body: MessageBody) -> Message | None:
        if not body.enforce_nonce or body.nonce is None:
            return None
        found = self._nonces.get((channel.id, author.id, body.nonce))
        recent = found is not None and found.created > self._world.clock.now() - NONCE_SECONDS
        return found if recent else None

    def _new(self, channel: Channel, author: User, reference: Reference | None) -> Message:
        message = Message(
            id=self._world.new_id(), channel=channel, author=author, content="", created=self._world.clock.now()
        )
        if reference is None:
            return message
        target = self._world.messages.get(reference.message_id)
        if target is not None and not target.deleted and target.channel is channel:
            message.type, message.reply_to = REPLY_TYPE, target.id
        elif reference.fail_if_not_exists:
            raise invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        else:
            message.type = DEFAULT_TYPE
        return message

    def _fill(self, message: Message, body: MessageBody, uploads: Sequence[Upload]) -> None:
        given = body.model_fields_set
        if "content" in given:
            message.content = body.content or ""
        if "embeds" in given:
            message.embeds = len(body.embeds or ())
        if uploads or "attachments" in given:
            kept = {each.id for each in body.attachments or ()}
            message.files = [file for file in message.files if file.id in kept]
            message.files += [self._file(upload, body.attachments or ()) for upload in uploads]
        replied = self._world.messages.get(message.reply_to or "")
        message.pings = pings(message.content, body.allowed_mentions, replied.author if replied else None)
        message.mentions = mentioned_users(message.content, self._world.users)
        message.role_mentions = mentioned_roles(message.content)
        if replied is not None and replied.author.id in message.pings and replied.author not in message.mentions:
            message.mentions.append(replied.author)

    def _file(self, upload: Upload, described: Sequence[FileDescription]) -> File:
        about = next((each for each in described if each.id == upload.number), None)
        name = (about and about.filename) or upload.name
        guessed = mimetypes.guess_type(name)[0]
        return File(
            id=self._world.new_id(),
            name=name,
            media_type=guessed or upload.media_type,
            content=upload.content,
            description=about.description if about else None,
        )


def _shown(message: Message) -> Shown:
    place = message.channel
    return Shown(
        id=message.id,
        channel=place.parent_id if place.is_thread and place.parent_id else place.id,
        thread=place.id if place.is_thread else None,
        author=message.author.id,
        text=message.content,
        files=_files(message),
        to=message.to,
    )


def _files(message: Message) -> list[ShownFile]:
    return [
        ShownFile(name=file.name, media_type=file.media_type, content=file.content, alt=file.description or "")
        for file in message.files
    ]
