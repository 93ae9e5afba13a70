"""Who may see what: the one rule by which something remembered is used for an answer.

Whatever is remembered carries the channel it comes from and the audience that could see it there. It is used for an
answer only if everybody who will read the answer could see it:

- what comes from the same channel, where it was said to these readers or to the whole workspace;
- what comes from elsewhere, where the platform says that all these readers can see that place: see `Outlet.sees`.

So nothing goes from a direct message to a channel, from a private place to a public one, or from one workspace to
another. Whatever an answer is made of is read through `visible`, and through nothing else.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from core.messages import Audience, Conversation

Table: TypeAlias = Literal["memory", "summaries", "facts", "files", "passages", "cache"]
"""The tables of what is remembered; each has the columns `channel` and `audience`."""

_RULE: Final = (
    "((channel = ? AND audience IN (SELECT value FROM json_each(?))) OR audience IN (SELECT value FROM json_each(?)))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Everybody who will read an answer.

    Attributes:
        channel: the key of the channel it will stand in.
        here: the keys of the audiences who can see that channel.
        beyond: the keys of other audiences that all the readers belong to.
    """

    channel: str
    here: frozenset[str]
    beyond: frozenset[str] = frozenset()

    def seeing(self, beyond: Iterable[Audience]) -> "Readers":
        """Return the same readers, of whom it is known that they can see more than this channel."""
        return replace(self, beyond=self.beyond | {audience.key for audience in beyond})


def readers_of(conversation: Conversation, audience: Audience) -> Readers:
    """Return the readers of an answer in a conversation; nothing is known of them but that they are here."""
    return Readers(
        channel=conversation.channel_key, here=frozenset({audience.key, conversation.workspace_audience.key})
    )


def visible(table: Table, readers: Readers) -> tuple[str, tuple[str, str, str]]:
    """Return what to select from in place of a table, so that only what these readers may see is there, and its values.

    The values belong to the first three of the question marks that follow.
    """
    return (
        f"(SELECT * FROM {table} WHERE {_RULE})",  # noqa: S608  # the names above
        (readers.channel, json.dumps(sorted(readers.here)), json.dumps(sorted(readers.beyond))),
    )
