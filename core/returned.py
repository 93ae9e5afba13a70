"""What a skill returned, made into a `Reply`: the only place where that is done."""

from pydantic_core import PydanticSerializationError, to_json

from core.errors import SkillAbortedError
from core.messages import Attachment, Reply


def as_reply(value: object) -> Reply:
    """Make a `Reply` of what a skill returned: text, anything JSON, an `Attachment`, a `Reply`, or a list with some.

    Raises:
        SkillAbortedError: it is none of these; whatever the skill was to do it has done.
    """
    match value:
        case Reply():
            return value
        case Attachment():
            return Reply(attachments=(value,))
        case str():
            return Reply(text=value)
        case None:
            return Reply(text="Done.")
        case list() | tuple() if any(isinstance(element, Attachment | Reply) for element in value):
            replies = [as_reply(element) for element in value]
            text = "\n".join(reply.text for reply in replies if reply.text)
            return Reply(text=text, attachments=tuple(file for reply in replies for file in reply.attachments))
        case bytes() | bytearray():
            raise SkillAbortedError("The skill returned bytes; only an Attachment says what kind of file they are.")
    try:
        return Reply(text=to_json(value, inf_nan_mode="strings").decode())
    except PydanticSerializationError as error:
        raise SkillAbortedError(
            f"The skill returned a {type(value).__name__}, which is neither text, JSON nor a file."
        ) from error
