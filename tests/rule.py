"""The rule of who may see what, said once more and in another way than the queries say it; see `core.audience`."""

from core.audience import Readers


def may_use(readers: Readers, *, channel: str, audience: str) -> bool:
    """Tell whether something may be used for an answer.

    Args:
        readers: of the answer.
        channel: the key of the channel it comes from.
        audience: the key of the audience that could see it there.
    """
    return (channel == readers.channel and audience in readers.here) or audience in readers.beyond
