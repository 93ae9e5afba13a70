"""What the planner says when it calls no skill."""

import re
from collections.abc import Sequence
from operator import or_
from typing import Final

from core.model import Tool
from core.practice.schema import Parameter

NOTICE: Final = (
    "No language model is connected: I only understand plain requests for my skills. To connect one, set "
    "`model.api_key` or `model.base_url` in config.yaml, or STEWARD_MODEL__API_KEY or STEWARD_MODEL__BASE_URL "
    "in the environment."
)
REMINDER: Final = (
    "More than that needs a language model: set `model.api_key` or `model.base_url` in config.yaml to connect one."
)
STILL_NEEDED: Final = "For that I still need"
_MOST_SHOWN: Final = 8
_LONGEST_TALK: Final = 200

_GREETING: Final = re.compile(
    r"(?:hi|hello|hey|hallo|good (?:morning|afternoon|evening|day)|greetings|help(?: me)?|thanks?(?: you)?|cheers"
    r"|(?:what|which things) can (?:you|i) (?:do|ask)(?: (?:here|for me|you))?|who are you|what are you"
    r"|what (?:are your skills|skills do you have)|how (?:do|can) (?:i|we) use you|how are you"
    r"|bye|goodbye|see you(?: later| soon)?|good night"
    r"|never ?mind|cancel(?: that| it)?|forget (?:it|that)|no|yes|ok(?:ay)?)"
    r"(?:[\s,]+(?:there|all|everyone|everybody|steward|please|very much|a lot|you))*",
    re.IGNORECASE,
)


def is_small_talk(text: str) -> bool:
    """Whether somebody greets, thanks, or asks what can be done here."""
    parts = [part for part in re.split(r"[.!?,;\n]+", text[:_LONGEST_TALK]) if part.strip()]
    greets = [bool(_GREETING.fullmatch(part.strip())) for part in parts]
    names = [part.strip().isalpha() and part.strip().istitle() for part in parts]
    return len(text) < _LONGEST_TALK and any(greets) and all(map(or_, greets, names))


def abilities(tools: Sequence[Tool]) -> str:
    """Say what can be done."""
    if not tools:
        return "There are no skills here yet."
    lines = ["I can do these things; say it like the example:", *map(_offer, tools[:_MOST_SHOWN])]
    if len(tools) > _MOST_SHOWN:
        lines.append(f"- and {len(tools) - _MOST_SHOWN} more: {', '.join(tool.name for tool in tools[_MOST_SHOWN:])}")
    return "\n".join(lines)


def offers(tools: Sequence[Tool]) -> str:
    """Offer the skills that are closest to what was asked."""
    if not tools:
        return "I cannot do that: there are no skills here yet."
    return "\n".join(["I am not sure what to do with that. The closest I can do:", *map(_offer, tools)])


def question(tool: Tool, missing: Sequence[Parameter]) -> str:
    """Ask for what a skill cannot do without."""
    wanted = " and ".join(_wanted(parameter) for parameter in missing)
    return f"{STILL_NEEDED} {wanted}. For example: “{_full_example(tool, missing[0])}”"


def _full_example(tool: Tool, missing: Parameter) -> str:
    """Return an example that gives what is missing."""
    if missing.shape("text"):
        full = (example for example in tool.examples if re.search(r"[\d\"“'‘]", example))
        return next(full, f"{_example(tool)}: '…'")
    return next((example for example in tool.examples if re.search(r"\d", example)), _example(tool))


def _wanted(parameter: Parameter) -> str:
    name = parameter.name.replace("_", " ")
    choices = [choice for shape in parameter.shapes for choice in shape.choices]
    if choices:
        return f"**{name}** (one of {', '.join(choices)})"
    details = re.sub(r"\.?\s*$", "", parameter.description.partition("\n")[0])
    return f"**{name}** ({details[0].lower()}{details[1:]})" if details else f"**{name}**"


def _offer(tool: Tool) -> str:
    return f"- {tool.description.partition(chr(10))[0]} E.g. “{_example(tool)}”"


def _example(tool: Tool) -> str:
    return tool.examples[0] if tool.examples else tool.name.replace("_", " ")
