"""The addresses at which people find channels and messages; pure.

They are made as https://docs.slack.dev/reference/methods/chat.getPermalink returns them, so that no call is needed.
"""

import re


def archives(workspace: str) -> str:
    """Return what the addresses of a workspace's channels begin with; "" where its own address is not known."""
    return f"{workspace.rstrip('/')}/archives/" if workspace.startswith("https://") else ""


def permalinks(workspace: str) -> re.Pattern[str]:
    """Return the pattern of the addresses of a workspace's channels and messages; it matches none without its own."""
    start = archives(workspace)
    place = r"[A-Z0-9]+(?:/p[0-9]+(?:\?thread_ts=[0-9.]+&cid=[A-Z0-9]+)?)?"
    return re.compile(re.escape(start) + place if start else r"(?!)")


def permalink(workspace: str, channel: str, ts: str = "", *, thread: str = "") -> str:
    """Return the address of a message, or without `ts` of its channel; "" where there is none.

    Args:
        workspace: its address, such as "https://team.slack.com/".
        channel: the channel's id.
        ts: the message's id.
        thread: the id of the thread's first message, for a reply.
    """
    start = archives(workspace)
    if not start or not channel:
        return ""
    if not ts:
        return f"{start}{channel}"
    place = f"?thread_ts={thread}&cid={channel}" if thread not in ("", ts) else ""
    return f"{start}{channel}/p{ts.replace('.', '')}{place}"
