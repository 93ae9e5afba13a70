"""The simulated Discord on the page."""

import re
from collections.abc import Mapping, Sequence

from bots.simulator.discord import DiscordSimulator
from bots.simulator.discord.interactions import Interaction
from bots.simulator.discord.usage import OptionValue
from bots.simulator.discord.world import Channel, User
from bots.simulator.page.stage import Blank, MisuseError, Place, Sheet
from bots.simulator.transcript import Shown, ShownFile

ASK = "Ask Steward"
_PEOPLE = ("Ada", "Grace")
_CHANNELS = ("general", "random")
_PATIENCE = 60.0
_OPTION = re.compile(r"(?:^|\s)([-_\w]{1,32}):")


class DiscordStage:
    """Discord as a person uses it; see `Stage`."""

    title = "Discord"

    def __init__(self, discord: DiscordSimulator) -> None:
        self._discord = discord
        self._people = {user.id: user for user in map(discord.person, _PEOPLE)}
        for name in _CHANNELS:
            discord.channel(name)
        self._open: dict[str, Interaction] = {}
        self.bot = discord.bot.id
        self.transcript = discord.transcript

    @property
    def names(self) -> Mapping[str, str]:
        """Everybody's name, by id."""
        return {person.id: person.name for person in self._people.values()} | {self.bot: "Steward"}

    @property
    def people(self) -> Sequence[str]:
        """The people who can be played."""
        return list(self._people)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that connect a Steward to this Discord."""
        return {
            "DISCORD_TOKEN": self._discord.token,
            "STEWARD_DISCORD__API_URL": self._discord.api_url,
            "STEWARD_DISCORD__GATEWAY_URL": self._discord.gateway_url,
        }

    async def connected(self) -> None:
        """Return once a bot listens."""
        await self._discord.connected(timeout=_PATIENCE)

    def places(self, person: str) -> Sequence[Place]:
        """Return where a person can write; threads are places of their own."""
        direct = self._discord.world.direct(self._people[person])
        found = [
            Place(id=channel.id, title=f"{'↳' if channel.is_thread else '#'} {channel.name}")
            for channel in self._discord.world.channels.values()
            if channel.guild_id is not None
        ]
        return [*found, Place(id=direct.id, title="Steward (direct)")]

    async def write(self, person: str, place: str, text: str, thread: str | None, files: Sequence[ShownFile]) -> None:
        """Write a message, as a reply where a thread is named, or use a command."""
        user, channel = self._people[person], self._discord.world.channels[place]
        if text.startswith("/"):
            await self._command(channel, user, text, files)
            return
        words = text.replace("@Steward", self._discord.bot.mention)
        attached = [(file.name, file.content) for file in files]
        await self._discord.say(channel, user, words, reply_to=thread, files=attached)

    async def edit(self, shown: Shown, text: str) -> None:
        """Change a message as its author."""
        words = text.replace("@Steward", self._discord.bot.mention)
        await self._discord.edit(self._discord.world.messages[shown.id], words)

    async def delete(self, shown: Shown) -> None:
        """Delete a message as its author."""
        await self._discord.delete(self._discord.world.messages[shown.id])

    async def cross(self, shown: Shown, person: str) -> None:
        """Refuse: Steward does not listen to reactions in Discord."""
        raise MisuseError("In Discord Steward does not listen to reactions; delete the question instead.")

    async def press(self, shown: Shown, person: str, key: str, choice: str) -> None:
        """Use a button or menu."""
        values = [choice] if choice else []
        try:
            self._note(person, await self._discord.press(shown, key, self._people[person], values=values))
        except ValueError as error:
            raise MisuseError(str(error)) from error

    async def ask_about(self, shown: Shown, person: str) -> None:
        """Use the entry of a message's menu."""
        try:
            self._note(person, await self._discord.context_command(shown, self._people[person], ASK))
        except ValueError as error:
            raise MisuseError(str(error)) from error

    def sheet(self, person: str) -> Sheet | None:
        """Return the form that an interaction has opened."""
        interaction = self._open.get(person)
        if interaction is None or interaction.form is None:
            return None
        blanks = tuple(
            Blank(
                key=field.key,
                label=field.label,
                required=field.required,
                value=field.value,
                long=field.most > 200,
                choices=field.options,
            )
            for field in interaction.form.fields
        )
        return Sheet(title=interaction.form.title, text="", blanks=blanks)

    async def fill(self, person: str, values: Mapping[str, str]) -> None:
        """Send the open form off."""
        interaction = self._open.pop(person)
        given = {key: value for key, value in values.items() if value}
        try:
            await self._discord.submit(interaction, given, self._people[person])
        except ValueError as error:
            self._open[person] = interaction
            raise MisuseError(str(error)) from error

    async def dismiss(self, person: str) -> None:
        """Close the open form."""
        self._open.pop(person, None)

    def _note(self, person: str, interaction: Interaction) -> None:
        self._open[person] = interaction

    async def _command(self, channel: Channel, user: User, text: str, files: Sequence[ShownFile]) -> None:
        """Use a command typed as `/steward ask QUESTION`, or as `/roll dice:2 sides:6` with the options by name."""
        name, _, rest = text[1:].partition(" ")
        sub: str | None = None
        if name == "steward":
            sub, _, rest = rest.partition(" ")
        options: dict[str, OptionValue] = {}
        if sub == "ask":
            options["question"] = rest
        else:
            options |= _options(rest)
        if files:
            options["file"] = (files[0].name, files[0].content)
        try:
            self._note(user.id, await self._discord.command(channel, user, sub or None, options, name=name))
        except ValueError as error:
            raise MisuseError(str(error)) from error


def _options(text: str) -> dict[str, OptionValue]:
    """Read `name:value name:value`; a value goes on until the next name."""
    before, *rest = _OPTION.split(text.strip())
    if before.strip():
        raise MisuseError(f"Options are typed as name:value; {before.strip()!r} is none.")
    return {name: _value(value.strip()) for name, value in zip(rest[::2], rest[1::2], strict=True)}


def _value(text: str) -> OptionValue:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
