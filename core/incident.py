"""Incidents: what goes wrong inside is logged in full under a short id, and people are told the id alone."""

import logging
import secrets


def incident(log: logging.Logger, happened: str, error: BaseException | None = None) -> str:
    """Log what went wrong, with its traceback, and return the id under which the log has it: "e3f09a"."""
    name = f"e{secrets.token_hex(3)}"
    log.error("[%s] %s", name, happened, exc_info=error)
    return name


def sentence(name: str) -> str:
    """Return what people read of an incident after a kind sentence."""
    return f" (The log has the details under {name}.)"
