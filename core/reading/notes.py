"""What people are told of pictures that nobody looked at."""

from collections.abc import Sequence

from core.items import Answer, Item
from core.messages import Attachment
from core.reading.formats import named


def unseen_note(items: Sequence[Item], files: Sequence[Attachment]) -> str:
    """Name the pictures among a message's files that the model was not shown; "" where there are none.

    Args:
        items: the turn's.
        files: the message's, with their ids.
    """
    unseen = {name for item in items if isinstance(item, Answer) for name in item.unseen}
    names = [named(file) for file in files if file.id in unseen]
    if not names:
        return ""
    *others, last = names
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"This model cannot see pictures, so I have not looked at {listed}."
