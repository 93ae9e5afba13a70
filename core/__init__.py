"""Steward's core. These six names are what a skill may import."""

from core.context import Context
from core.errors import SkillError
from core.messages import Attachment, Reply
from core.reading.reading import read
from core.skill import skill

__all__ = ["Attachment", "Context", "Reply", "SkillError", "read", "skill"]
