"""What people are told when something they asked for could not be taken in."""

import logging

from core.errors import PlatformError, UserError
from core.incident import incident, sentence

log = logging.getLogger("steward.slack")


def apology(error: Exception, happened: str) -> str:
    """Return one sentence for the person; what they cannot help is logged, with its traceback, under a short id.

    `happened` says for the log what could not be done.
    """
    if isinstance(error, UserError):
        return str(error)
    refused = isinstance(error, PlatformError)
    told = str(error) if refused else "Sorry, that did not work: something is wrong inside me."
    return f"{told}{sentence(incident(log, happened, error))}"
