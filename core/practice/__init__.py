"""A small deterministic planner in place of a language model, so that Steward can be tried without one."""

from core.practice.model import PracticeModel, respond
from core.practice.plan import Plan, Step, plan
from core.practice.replies import NOTICE

__all__ = ["NOTICE", "Plan", "PracticeModel", "Step", "plan", "respond"]
