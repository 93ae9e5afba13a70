"""A local model server for tests and for trying things: OpenAI's two protocols, scripted."""

from bots.simulator.model.audio import Clip, Heard
from bots.simulator.model.request import Request
from bots.simulator.model.script import Failed, Raw, Rule, Said, Step, calls, cuts, fails, hangs, raw, says, streams
from bots.simulator.model.server import ModelSimulator

__all__ = [
    "Clip",
    "Failed",
    "Heard",
    "ModelSimulator",
    "Raw",
    "Request",
    "Rule",
    "Said",
    "Step",
    "calls",
    "cuts",
    "fails",
    "hangs",
    "raw",
    "says",
    "streams",
]
