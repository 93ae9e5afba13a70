"""Whom a message names and whom it pings."""

import re
from collections.abc import Mapping

from bots.simulator.discord.bodies import AllowedMentions
from bots.simulator.discord.world import User

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_ANYBODY = AllowedMentions(parse=["everyone", "users", "roles"], replied_user=True)


def mentioned_users(text: str, users: Mapping[str, User]) -> list[User]:
    """Return the users that a text mentions, each once."""
    return [users[found] for found in dict.fromkeys(_USER.findall(text)) if found in users]


def mentioned_roles(text: str) -> list[str]:
    """Return the ids of the roles that a text mentions, each once."""
    return list(dict.fromkeys(_ROLE.findall(text)))


def pings(text: str, allowed: AllowedMentions | None, replied: User | None) -> list[str]:
    """Return whom a message notifies: "everyone", and ids of users and roles.

    `allowed` is the request's `allowed_mentions`; without them everything that is mentioned is notified. `replied` is
    the author of the message replied to.
    """
    allow = allowed or _ANYBODY
    found = ["everyone"] if _EVERYONE.search(text) and "everyone" in allow.parse else []
    found += [each for each in _USER.findall(text) if "users" in allow.parse or each in allow.users]
    found += [each for each in _ROLE.findall(text) if "roles" in allow.parse or each in allow.roles]
    if replied is not None and allow.replied_user:
        found.append(replied.id)
    return list(dict.fromkeys(found))
