"""How often methods may be called: https://docs.slack.dev/apis/web-api/rate-limits.

Each method has a number of calls a minute for a workspace; posting has one message a second in each channel, with
short bursts. How large a burst may be is not documented: here it is four seconds' worth.
"""

import math
import time
from typing import Final

from bots.simulator.slack.faults import Fault

_TIERS: Final = {1: 1, 2: 20, 3: 50, 4: 100}
_METHODS: Final = {
    "chat.update": 3,
    "chat.delete": 3,
    "chat.startStream": 2,
    "chat.appendStream": 4,
    "chat.stopStream": 2,
    "chat.postEphemeral": 4,
    "chat.getPermalink": 4,
    "conversations.info": 3,
    "conversations.members": 4,
    "conversations.history": 3,
    "conversations.replies": 3,
    "conversations.open": 3,
    "users.info": 4,
    "users.list": 2,
    "users.conversations": 3,
    "reactions.add": 3,
    "reactions.remove": 2,
    "files.getUploadURLExternal": 4,
    "files.completeUploadExternal": 4,
    "files.info": 4,
    "files.delete": 3,
    "assistant.threads.setTitle": 3,
    "assistant.threads.setSuggestedPrompts": 3,
    "agents.sessions.setStatus": 3,
    "views.open": 4,
    "views.push": 4,
    "views.update": 4,
    "views.publish": 4,
}
_POSTS: Final = 60
_POST_BURST: Final = 4
_STATUSES: Final = 600


class Tiers:
    """Counts calls, and refuses those that come too often.

    Args:
        minute: the seconds that a minute lasts here, so that tests need not wait.
    """

    def __init__(self, minute: float) -> None:
        self._minute = minute
        self._spent: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, method: str, channel: str) -> Fault | None:
        """Count a call; return the refusal of one that comes too soon."""
        if method == "chat.postMessage":
            wait = self._wait((method, channel), _POSTS, _POST_BURST)
        elif method == "assistant.threads.setStatus":
            wait = self._wait((method, ""), _STATUSES, _STATUSES)
        elif method in _METHODS:
            calls = _TIERS[_METHODS[method]]
            wait = self._wait((method, ""), calls, calls)
        else:
            return None
        return Fault(retry_after=math.ceil(wait) if self._minute >= 60 else wait) if wait else None

    def _wait(self, key: tuple[str, str], calls: int, burst: int) -> float:
        """Return the seconds until a call is allowed, 0 where it is now, and was counted."""
        now, pause = time.monotonic(), self._minute / calls
        spent, since = self._spent.get(key, (0.0, now))
        spent = max(0.0, spent - (now - since) / pause)
        if spent + 1 > burst:
            return (spent + 1 - burst) * pause
        self._spent[key] = spent + 1, now
        return 0.0
