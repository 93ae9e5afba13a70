"""The exceptions of Steward, named by whose fault they are.

::

    StewardError
    ├── OperatorError      whoever runs Steward: a wrong key, a missing secret, a data folder that cannot be written
    │   └── SkillDefinitionError   a skill without hints or docstring, or two of one name; names file and line
    ├── UserError          whoever talks to Steward: an unknown sub-command, a file that is not there
    ├── SkillError         a skill: what it was asked cannot be done; the model reads the sentence
    │   ├── SkillAbortedError      it was stopped midway (time, memory, a crash): what it had done by then is unknown
    │   └── UnreadableError        a file cannot be read; lives in core.reading.unreadable
    ├── ModelError         the language model or its server
    │   ├── ContextOverflowError   the conversation is longer than the model can read; a shorter one may fit
    │   └── RequestFailedError     one request of several tries; lives in core.protocols.faults
    ├── PlatformError      Slack, Discord or the way to them
    └── StaleTurnError     nobody: a worker whose turn was taken over by a newer attempt stops

Every message is a sentence for the person it is addressed to, without a traceback and without secrets.
"""


class StewardError(Exception):
    """Anything that Steward itself raises."""


class OperatorError(StewardError):
    """Say in one sentence what the operator has to change; the command ends with exit code 2."""


class SkillDefinitionError(OperatorError):
    """Name the file and line of a skill that cannot be offered to a model."""


class UserError(StewardError):
    """Say in one sentence what the person can do instead."""


class SkillError(StewardError):
    """Tell the model in one sentence why a skill could not do what it was asked.

    The only exception a skill needs: any other one is reported to the model by its type and logged in full.
    """


class SkillAbortedError(SkillError):
    """Tell the model that a skill was stopped before it returned; what it had done by then is not known."""


class ModelError(StewardError):
    """Tell the person in one sentence that no answer could be had from the language model."""


class ContextOverflowError(ModelError):
    """Tell that there is more text than the model can read."""


class PlatformError(StewardError):
    """Report that a platform refused or lost something.

    Attributes:
        permanent: trying the same again cannot succeed (a missing permission, a file over the limit).
        retry_after: seconds the platform asked us to wait, where it did.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


class StaleTurnError(StewardError):
    """Refuse a write: the turn was taken over by a newer attempt, and nothing of this one counts any more."""
