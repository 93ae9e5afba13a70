"""Writing, changing and deleting messages, with everything that follows from it: limits, pings, events, transcript."""

import mimetypes
from collections.abc import Sequence

from bots.simulator.discord import appearance, payloads
from bots.simulator.discord.bodies import MAX_FILES, FileDescription, MessageBody, Reference, Upload, check_message
from bots.simulator.discord.cdn import Cdn
from bots.simulator.discord.errors import (
    ApiError,
    invalid,
    not_permitted,
    too_long,
    unknown_channel,
    unknown_message,
)
from bots.simulator.discord.gateway import Gateway, Intent, intent_of, visible
from bots.simulator.discord.mentions import mentioned_roles, mentioned_users, pings
from bots.simulator.discord.world import (
    DIRECT,
    IS_VOICE,
    LOADING,
    REPLY_TYPE,
    SUPPRESS_EMBEDS,
    THREAD_CREATED_TYPE,
    THREAD_STARTER_TYPE,
    Channel,
    File,
    Message,
    User,
    World,
)
from bots.simulator.transcript import Transcript
from core.messages import JsonObject

NONCE_SECONDS = 300
_SETTABLE = SUPPRESS_EMBEDS | 1 << 12 | IS_VOICE
"""The flags of a new message that are heeded: https://discord.com/developers/docs/resources/message#create-message."""
_SYSTEM_TYPES = (THREAD_CREATED_TYPE, THREAD_STARTER_TYPE)


class Board:
    """The messages of all channels.

    Args:
        file_limit: bytes of the largest file.
    """

    def __init__(self, world: World, gateway: Gateway, cdn: Cdn, transcript: Transcript, *, file_limit: int) -> None:
        self.file_limit = file_limit
        self._world = world
        self._gateway = gateway
        self._cdn = cdn
        self._transcript = transcript
        self._nonces: dict[tuple[str, str, str], Message] = {}

    def channel(self, channel_id: str) -> Channel:
        """Return a channel that the bot can see.

        Raises:
            ApiError: there is none (10003), or the bot may not see it (50001).
        """
        found = self._world.channels.get(channel_id)
        if found is None:
            raise unknown_channel()
        if found.hidden or found.foreign:
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
            raise not_permitted()
        return found

    def message(self, channel_id: str, message_id: str) -> Message:
        """Return a message in a channel that the bot can see; one for a single person is not in a channel.

        Raises:
            ApiError: there is none, or not any more (10008).
        """
        place = self.channel(channel_id)
        found = self._world.messages.get(message_id)
        if found is None or found.deleted or found.channel is not place or found.to is not None:
            raise unknown_message()
        return found

    def editable(self, message: Message) -> Message:
        """Return a message that can be edited.

        Raises:
            ApiError: it is one of Discord's own (50021), or in a thread that was put away (50083).
        """
        if message.type in _SYSTEM_TYPES:
            raise ApiError(403, 50021, "Cannot execute action on a system message")
        if message.channel.archived:
            raise ApiError(400, 50083, "Thread is archived")
        return message

    def show(self, message: Message) -> JsonObject:
        """Show a message as the bot gets it from the API."""
        return visible(self.show_whole(message), message, self._world.bot.id)

    def show_whole(self, message: Message) -> JsonObject:
        """Show a message with all its content, as with an interaction for which a person chose it."""
        return payloads.message(message, self._world, self._cdn.sign)

    def keep(self, channel: Channel, name: str, content: bytes) -> JsonObject:
        """Keep a file that came with a command or form, and show it.

        Raises:
            ValueError: it is too large for the client to send.
        """
        if len(content) > self.file_limit:
            raise ValueError(f"{name} is larger than {self.file_limit} bytes")
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = File(id=self._world.new_id(), name=name, media_type=media_type, content=content, ephemeral=True)
        return payloads.attachment(file, self._cdn.sign(channel, file))

    async def create(
        self, channel: Channel, author: User, body: MessageBody, uploads: Sequence[Upload] = ()
    ) -> Message:
        """Write a message; one with a nonce that was enforced before is not written again.

        Raises:
            ApiError: it is over a limit, empty, or a reply to a message that is not there.
        """
        check_message(body, uploads, file_limit=self.file_limit)
        known = self._known(channel, author, body)
        if known is not None:
            return known
        message = self._new(channel, author, body.message_reference)
        message.nonce = body.nonce
        message.flags = (body.flags or 0) & _SETTABLE
        self._fill(message, body, uploads, fresh=True)
        if body.nonce is not None:
            self._nonces[channel.id, author.id, body.nonce] = message
        return await self.publish(message)

    async def publish(self, message: Message) -> Message:
        """Let everybody see a message that was prepared; a thread that was put away opens again with it."""
        self._world.messages[message.id] = message
        place = message.channel
        if message.to is None:
            place.last_message_id = max(message.id, place.last_message_id or message.id, key=int)
            await self._reopen(place)
        await self._transcript.add(appearance.shown(message))
        await self._gateway.message("MESSAGE_CREATE", self._event(message), message)
        return message

    async def edit(
        self, message: Message, body: MessageBody, uploads: Sequence[Upload] = (), *, at: str = ""
    ) -> Message:
        """Change a message; the fields that are not in the request stay as they are.

        Only SUPPRESS_EMBEDS of the flags can be changed: https://discord.com/developers/docs/resources/message#edit-message

        Raises:
            ApiError: it would be over a limit, or empty.
        """
        check_message(body, uploads, file_limit=self.file_limit, at=at)
        fresh = message.loading
        self._fill(message, body, uploads, fresh=fresh)
        message.flags &= ~LOADING
        if body.flags is not None:
            message.flags = message.flags & ~SUPPRESS_EMBEDS | body.flags & SUPPRESS_EMBEDS
        if fresh:
            return await self.publish(message)
        message.edited = self._world.clock.now()
        seen = self._transcript.find(message.id)
        if seen is not None:
            seen.edits += 1
            seen.earlier.append(seen.text)
        await self.updated(message)
        return message

    async def updated(self, message: Message, *, partial: bool = False) -> None:
        """Tell everybody that a message has changed; `partial` as Discord did before it sent whole messages.

        https://discord.com/developers/docs/events/gateway-events#message-update
        """
        seen = self._transcript.find(message.id)
        if seen is not None:
            appearance.refresh(seen, message)
            await self._transcript.changed()
        event = self._event(message)
        if partial:
            event = {key: event[key] for key in ("id", "channel_id", "guild_id", "embeds") if key in event}
        await self._gateway.message("MESSAGE_UPDATE", event, message)

    async def delete(self, *messages: Message) -> None:
        """Delete a message, or several of one channel at once."""
        for message in messages:
            message.deleted = True
            seen = self._transcript.find(message.id)
            if seen is not None:
                seen.deleted = True
        await self._transcript.changed()
        place = messages[0].channel
        gone: JsonObject = {"channel_id": place.id}
        if place.guild_id:
            gone["guild_id"] = place.guild_id
        if place.foreign or place.hidden or messages[0].to is not None:
            return
        if len(messages) == 1:
            await self._gateway.dispatch("MESSAGE_DELETE", {"id": messages[0].id, **gone}, intent_of(place))
        else:
            ids: JsonObject = {"ids": [message.id for message in messages]}
            await self._gateway.dispatch("MESSAGE_DELETE_BULK", ids | gone, intent_of(place))

    async def typed(self, place: Channel) -> None:
        """Let everybody see that the bot types."""
        self._transcript.typing.append(place.id)
        await self._transcript.changed()

    async def _reopen(self, place: Channel) -> None:
        if place.archived:
            place.archived = False
            await self._gateway.dispatch("THREAD_UPDATE", payloads.channel(place, self._world), Intent.GUILDS)

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
            if channel.unreadable and author is self._world.bot:
                raise ApiError(400, 160002, "Cannot reply without permission to read message history")
            if target.type in _SYSTEM_TYPES:
                refusal = "Cannot reply to a system message"
                raise invalid("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", refusal)
            message.type, message.reply_to = REPLY_TYPE, target.id
        elif reference.fail_if_not_exists:
            raise invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return message

    def _fill(self, message: Message, body: MessageBody, uploads: Sequence[Upload], *, fresh: bool) -> None:
        """Put what the request says into a message; without any content it is refused, and stays as it was."""
        given = body.model_fields_set
        content = (body.content or "") if "content" in given else message.content
        embeds = (body.embeds or []) if "embeds" in given else message.embeds
        components = (body.components or []) if "components" in given else message.components
        files = self._files(message, body, uploads, fresh=fresh)
        if not (content.strip() or embeds or components or files):
            raise ApiError(400, 50006, "Cannot send an empty message")
        message.content, message.embeds, message.components, message.files = content, embeds, components, files
        if fresh or "content" in given:
            self._mention(message, body)

    def _mention(self, message: Message, body: MessageBody) -> None:
        replied = self._world.messages.get(message.reply_to or "") if message.interaction is None else None
        message.pings = pings(message.content, body.allowed_mentions, replied.author if replied else None)
        message.mentions = mentioned_users(message.content, self._world.users)
        message.role_mentions = mentioned_roles(message.content)
        if replied is not None and replied.author.id in message.pings and replied.author not in message.mentions:
            message.mentions.append(replied.author)

    def _files(self, message: Message, body: MessageBody, uploads: Sequence[Upload], *, fresh: bool) -> list[File]:
        """Return the files of a message after a request.

        Without a list of attachments the uploads are added; an edit with one keeps what it names, uploads too:
        https://discord.com/developers/docs/resources/message#edit-message
        """
        listed = {each.id: each for each in body.attachments or ()}
        numbers = {upload.number for upload in uploads}
        for place, name in enumerate(listed):
            if name not in numbers and all(file.id != name for file in message.files):
                raise invalid(f"attachments.{place}.id", "ATTACHMENT_NOT_FOUND", "The attachment was not found")
        every = body.attachments is None
        added = [upload for upload in uploads if every or fresh or upload.number in listed]
        kept = [file for file in message.files if every or file.id in listed]
        if len(kept) + len(added) > MAX_FILES:
            raise too_long("attachments", MAX_FILES)
        for file in kept:
            if file.id in listed and "description" in listed[file.id].model_fields_set:
                file.description = listed[file.id].description
        alone = message.to is not None
        return kept + [self._file(upload, listed.get(upload.number), ephemeral=alone) for upload in added]

    def _file(self, upload: Upload, about: FileDescription | None, *, ephemeral: bool) -> File:
        name = (about and about.filename) or upload.name
        guessed = mimetypes.guess_type(name)[0]
        return File(
            id=self._world.new_id(),
            name=name,
            media_type=guessed or upload.media_type,
            content=upload.content,
            description=about.description if about else None,
            seconds=upload.seconds,
            ephemeral=ephemeral,
        )
