"""Why a file is not read."""

from core.errors import SkillError


class UnreadableError(SkillError):
    """Say in a clause why a file cannot be read: "it is protected by a password".

    It is a `SkillError` so that a worker process hands it on as what a function said, and not as a failure.
    """
