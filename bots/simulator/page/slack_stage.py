"""The simulated Slack on the page."""

from collections.abc import Mapping, Sequence

from bots.simulator.page.stage import Blank, MisuseError, Place, Sheet
from bots.simulator.slack import SlackSimulator
from bots.simulator.slack.json_parts import object_of, objects_of, text_of
from bots.simulator.slack.views import View
from bots.simulator.transcript import Shown, ShownFile
from core.messages import JsonObject

SHORTCUT = "steward.ask_about"
_PATIENCE = 60.0


class SlackStage:
    """Slack as a person uses it; see `Stage`."""

    title = "Slack"

    def __init__(self, slack: SlackSimulator) -> None:
        self._slack = slack
        self.bot = slack.world.bot
        self.transcript = slack.transcript

    @property
    def names(self) -> Mapping[str, str]:
        """Everybody's name, by id."""
        return {user.id: user.name for user in self._slack.world.users.values()} | {self.bot: "Steward"}

    @property
    def people(self) -> Sequence[str]:
        """The people who can be played."""
        return [user.id for user in self._slack.world.users.values() if not user.is_bot and user.id != self.bot]

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that connect a Steward to this Slack."""
        return {
            "SLACK_BOT_TOKEN": self._slack.bot_token,
            "SLACK_APP_TOKEN": self._slack.app_token,
            "STEWARD_SLACK__API_URL": self._slack.url,
        }

    async def connected(self) -> None:
        """Return once a bot listens."""
        await self._slack.connected(timeout=_PATIENCE)

    def places(self, person: str) -> Sequence[Place]:
        """Return where a person can write."""
        channels = [
            Place(id=channel.id, title=f"# {channel.name}")
            for channel in self._slack.world.channels.values()
            if person in channel.members and channel.kind != "im"
        ]
        return [*channels, Place(id=self._slack.world.direct(person).id, title="Steward (direct)")]

    async def write(self, person: str, place: str, text: str, thread: str | None, files: Sequence[ShownFile]) -> None:
        """Write a message, or use the slash command."""
        if text.startswith("/"):
            command, _, rest = text.partition(" ")
            if thread:
                raise MisuseError("Slack knows no slash commands in threads.")
            if command != "/steward":
                raise MisuseError(f"{command} is not a valid command.")
            await self._slack.command(place, person, rest)
            return
        if "@Steward" in text and place != self._slack.world.direct(person).id:
            before, _, after = text.partition("@Steward")
            words = f"{before}{after.lstrip()}" if not before.strip() else f"{before}<@{self.bot}>{after}"
            await self._slack.mention(place, person, words, thread=thread, files=files)
        else:
            channel = None if place == self._slack.world.direct(person).id else place
            await self._slack.say(person, text, channel=channel, thread=thread, files=files)

    async def edit(self, shown: Shown, text: str) -> None:
        """Change a message as its author."""
        await self._slack.edit(shown.channel, shown.id, text.replace("@Steward", f"<@{self.bot}>"))

    async def delete(self, shown: Shown) -> None:
        """Delete a message as its author."""
        self._slack.delete(shown.channel, shown.id)

    async def cross(self, shown: Shown, person: str) -> None:
        """React to a message with :x:."""
        await self._slack.react(shown.channel, shown.id, person, "x")

    async def press(self, shown: Shown, person: str, key: str, choice: str) -> None:
        """Use a button or menu."""
        await self._slack.press(shown.id, key, person, choice=choice)

    async def ask_about(self, shown: Shown, person: str) -> None:
        """Use the message shortcut."""
        await self._slack.shortcut(shown.id, person, SHORTCUT)

    def sheet(self, person: str) -> Sheet | None:
        """Return the modal that is open before a person."""
        view = self._slack.world.modal(person)
        if view is None:
            return None
        blanks = tuple(_blank(view, key, block) for key, block in view.fields.items())
        return Sheet(title=view.title, text=" ".join([view.text, *view.warnings]), blanks=blanks)

    async def fill(self, person: str, values: Mapping[str, str]) -> None:
        """Send the open modal off."""
        if view := self._slack.world.modal(person):
            await self._slack.submit(view, {key: _filled(view, key, value) for key, value in values.items() if value})

    async def dismiss(self, person: str) -> None:
        """Close the open modal."""
        if view := self._slack.world.modal(person):
            await self._slack.close(view)


def _blank(view: View, key: str, block: JsonObject) -> Blank:
    element = object_of(block, "element")
    options = objects_of(element, "options")
    initial = object_of(object_of(element, "initial_option"), "text")
    return Blank(
        key=key,
        label=text_of(object_of(block, "label"), "text"),
        required=not block.get("optional"),
        value=str(element.get("initial_value") or text_of(initial, "text")),
        long=bool(element.get("multiline")),
        choices=tuple(text_of(object_of(option, "text"), "text") for option in options),
        error=view.errors.get(key, ""),
    )


def _filled(view: View, key: str, value: str) -> str | list[str]:
    many = object_of(view.fields[key], "element").get("type") in ("checkboxes", "multi_static_select")
    return [value] if many else value
