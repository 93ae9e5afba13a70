"""The sub-commands that change what holds for a channel: `settings`, and `follow`, which is short for one of them."""

from collections.abc import Mapping
from types import MappingProxyType

from bots.commands import typed_as
from core.channels import KINDS, Channel, Channels
from core.errors import UserError
from core.messages import Message, Reply
from core.policy import check_member

USUAL = "default"
"""What takes a setting back."""


class ChannelCommands:
    """Answers them.

    Args:
        usual: what holds where nobody has set it, by the setting's name, as far as that is configured.
    """

    def __init__(self, channels: Channels, usual: Mapping[str, str] = MappingProxyType({})) -> None:
        self._channels = channels
        self._usual = {name: usual.get(name, kind.usual) for name, kind in KINDS.items()}

    async def settings(self, used: Message, rest: str) -> Reply:
        """Show what is set for a channel, or set something.

        Raises:
            UserError: there is no such setting, the text is no value for it, or a guest wants to set it.
        """
        name, _, text = rest.strip().partition(" ")
        if not text.strip():
            return Reply(text=self._shown(used, await self._channels.of(used.conversation), name.lower()))
        value = await self._set(used, name.lower(), text.strip())
        return Reply(text=self._now(name.lower(), value))

    async def follow(self, used: Message, rest: str) -> Reply:
        """Switch whether messages are answered without a mention.

        Raises:
            UserError: it is neither on nor off, or a guest wants it.
        """
        if rest.lower() not in ("on", "off"):
            raise UserError("Say `follow on` or `follow off`.")
        await self._set(used, "follow", rest)
        if rest.lower() == "off":
            return Reply(text="From now on I answer in this channel and its threads only when I am mentioned.")
        return Reply(text="From now on I also answer here without being mentioned, where somebody speaks to me.")

    async def _set(self, used: Message, name: str, text: str) -> str:
        check_member(used)
        wanted = "" if text.lower() == USUAL else text
        return await self._channels.set(used.conversation, name, wanted, used.author)

    def _shown(self, used: Message, channel: Channel, only: str) -> str:
        """Write what is set for a channel, with who set it and when.

        Raises:
            UserError: there is no setting named `only`.
        """
        if only and only not in KINDS:
            raise UserError(f"There is no setting {only[:40]!r}; there are {', '.join(KINDS)}.")
        lines = ["**Settings of this channel**"]
        for name in [only] if only else KINDS:
            setting = channel.settings.get(name)
            if setting is None:
                lines.append(f"- `{name}`: {self._usual[name]} – {KINDS[name].help}")
            else:
                by = f"set by {setting.by or 'somebody'} on {setting.at:%Y-%m-%d}"
                lines.append(f"- `{name}`: **{_line(setting.value)}** ({by}) – {KINDS[name].help}")
        lines.append(f"\nChange one with {typed_as(used, 'settings NAME VALUE')}; the value `{USUAL}` takes it back.")
        return "\n".join(lines)

    def _now(self, name: str, value: str) -> str:
        if not value:
            return f"`{name}` is as usual again in this channel: {self._usual[name]}."
        return f"`{name}` of this channel is now **{_line(value)}**."


def _line(text: str) -> str:
    return " ".join(text.replace("*", "∗").split())
