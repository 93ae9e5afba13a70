"""How a turn ends that has no answer of the model's own: it failed, or somebody stopped it."""

from collections.abc import Sequence

from core import doubts
from core.events import Finished
from core.items import Answer, Item, Step
from core.messages import Attachment, Reply
from core.reports import Report


def failed(
    items: Sequence[Item], steps: Sequence[Step], text: str, report: Report, attachments: tuple[Attachment, ...] = ()
) -> Finished:
    """Return what ends a turn that has no answer: why, what was done all the same, and that to be remembered.

    Args:
        items: the turn's, question first.
        steps: the stored ones.
        text: why there is no answer.
        report: how far it came.
        attachments: files that were made.
    """
    text = doubts.told_failed(text, steps)
    known = (*items, Answer(text=text)) if doubts.worth_remembering(steps) else ()
    return Finished(reply=Reply(text=text, attachments=attachments), items=known, ok=False, report=report)


def stopped(
    items: Sequence[Item],
    steps: Sequence[Step],
    said: str,
    by: str,
    report: Report,
    attachments: tuple[Attachment, ...] = (),
) -> Finished:
    """Return what ends a turn that somebody stopped: what was said until then is the answer.

    Args:
        items: the turn's, question first.
        steps: the stored ones.
        said: what the model had said since its last call.
        by: the name of who stopped it; "" where it is not known.
        report: how far it came.
        attachments: files that were made.
    """
    note = f"(Stopped by {by}.)" if by else "(Stopped.)"
    text = doubts.told_failed("\n\n".join(filter(None, (said.strip(), note))), steps)
    reply = Reply(text=text, attachments=attachments)
    return Finished(reply=reply, items=(*items, Answer(text=text)), report=report)
