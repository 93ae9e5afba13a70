"""People as Slack describes them; pure: https://docs.slack.dev/reference/objects/user-object."""

from typing import Final

from bots.slack.fields import part, text
from core.messages import ADMIN, GUEST, JsonObject, Person

_ADMINS: Final = ("is_admin", "is_owner", "is_primary_owner")
_GUESTS: Final = ("is_restricted", "is_ultra_restricted")


def described_person(user: JsonObject, team: str) -> Person:
    """Return a person with their name and roles, as seen from a workspace; who runs another one is a guest here."""
    profile = part(user, "profile")
    name = text(profile, "display_name") or text(profile, "real_name") or text(user, "real_name") or text(user, "name")
    roles = {GUEST} if is_guest(user, team) else {ADMIN} if any(user.get(flag) for flag in _ADMINS) else set()
    return Person(id=text(user, "id"), name=name or text(user, "id"), roles=frozenset(roles))


def is_guest(user: JsonObject, team: str) -> bool:
    """Tell whether somebody is let into parts of a workspace only: as its guest, or from another workspace."""
    return is_stranger(user, team) or any(user.get(flag) for flag in _GUESTS)


def is_stranger(user: JsonObject, team: str) -> bool:
    """Tell whether somebody belongs to another workspace, or to one that is not told.

    In an organization with several workspaces `enterprise_user` lists all those that a person is a member of.
    """
    teams = part(user, "enterprise_user").get("teams")
    belongs = text(user, "team_id") == team or (isinstance(teams, list) and team in teams)
    return not belongs or user.get("is_stranger") is True
