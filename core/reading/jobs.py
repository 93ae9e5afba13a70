"""What worker processes do for `core.reading.reader`: written as skills, but offered to no model."""

from dataclasses import replace

from core.messages import Attachment
from core.reading.excerpt import Excerpt
from core.reading.formats import format_of
from core.reading.pictures import prepare
from core.reading.reading import excerpt_of
from core.skill import skill


@skill(timeout=20)
def read_beginning(file: Attachment, room: int) -> Excerpt:
    """Read the beginning of a file.

    Args:
        file: The file.
        room: Characters to read.
    """
    return excerpt_of(file, start=1, skip=0, sheet="", room=room)


@skill(timeout=20)
def prepare_picture(file: Attachment) -> Attachment:
    """Make a picture fit to be sent to a model.

    Args:
        file: The picture.
    """
    format_of(file)
    content, media_type = prepare(file.content or b"")
    return replace(file, content=content, media_type=media_type, source=None, spec=None)
