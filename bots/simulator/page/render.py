"""From a transcript to a page: pure."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bots.simulator.page.markdown import rendered
from bots.simulator.page.stage import Blank, Place, Sheet
from bots.simulator.transcript import Shown, ShownControl, ShownFile, ShownTask

_COLOURS: Final = ("#c2577a", "#2f8f6b", "#b5762a", "#6a5acd")
_MARKS: Final = {"pending": "○", "in_progress": "◔", "complete": "✓", "error": "✗"}
_LARGEST: Final = 4_000_000
"""Bytes of a picture that is shown rather than named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What one person sees of a place.

    Attributes:
        platform: its name, in lower case: it chooses the looks.
        names: everybody's, by id.
        bot: the bot's id.
        viewer: who looks; what is shown to another person alone is left out.
        messages: of the place, in the order in which they appeared.
        status: what the platform says the bot is doing, by thread; "" is the key of the place itself.
        usable: controls can be used and one's own messages changed; not in a picture.
    """

    platform: str
    names: Mapping[str, str]
    bot: str
    viewer: str
    messages: Sequence[Shown]
    status: Mapping[str, str]
    usable: bool = True


def conversation(scene: Scene) -> str:
    """Draw a place: messages with their threads below them."""
    seen = [shown for shown in scene.messages if not shown.deleted and shown.to in (None, scene.viewer)]
    roots = {shown.id for shown in scene.messages}
    drawn = []
    for shown in seen:
        if shown.thread is not None and shown.thread in roots and shown.thread != shown.id:
            continue
        replies = [reply for reply in seen if reply.thread == shown.id and reply.id != shown.id]
        drawn.append(_message(shown, scene))
        doing = scene.status.get(shown.id, "")
        if replies or doing:
            inner = "".join(_message(reply, scene) for reply in replies)
            drawn.append(f'<section class="thread">{inner}{_doing(doing, scene)}</section>')
    return "".join(drawn) + _doing(scene.status.get("", ""), scene)


def page(title: str, scene: Scene, style: str) -> str:
    """Draw a place as a document of its own, which needs nothing else."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<style>{style}</style><body class="still {scene.platform}"><header>{html.escape(title)}</header>'
        f"<main>{conversation(scene)}</main></body></html>"
    )


def places(listed: Iterable[Place], current: str) -> str:
    """Draw the list of places."""
    return "".join(
        f'<button class="place{" here" if place.id == current else ""}" data-place="{html.escape(place.id)}">'
        f"{html.escape(place.title)}</button>"
        for place in listed
    )


def form(sheet: Sheet | None) -> str:
    """Draw the form that is open, "" where none is."""
    if sheet is None:
        return ""
    blanks = "".join(map(_blank, sheet.blanks))
    return (
        f'<form class="sheet"><h2>{html.escape(sheet.title)}</h2><p>{html.escape(sheet.text)}</p>{blanks}'
        '<footer><button type="button" data-dismiss>Cancel</button><button>Submit</button></footer></form>'
    )


def _blank(blank: Blank) -> str:
    name, needed = html.escape(blank.key), " required" if blank.required else ""
    value = html.escape(blank.value)
    if blank.choices:
        options = "".join(
            f"<option{' selected' if choice == blank.value else ''}>{html.escape(choice)}</option>"
            for choice in blank.choices
        )
        field = f'<select name="{name}"{needed}><option value=""></option>{options}</select>'
    elif blank.long:
        field = f'<textarea name="{name}" rows="4"{needed}>{value}</textarea>'
    else:
        field = f'<input name="{name}" value="{value}"{needed}>'
    star = '<b class="star">*</b>' if blank.required else ""
    error = f'<em class="warning">{html.escape(blank.error)}</em>' if blank.error else ""
    return f"<label>{html.escape(blank.label)}{star}{field}{error}</label>"


def _message(shown: Shown, scene: Scene) -> str:
    name = scene.names.get(shown.author, shown.author)
    bot = shown.author == scene.bot
    colour = "#3f6fb5" if bot else _COLOURS[sum(map(ord, shown.author)) % len(_COLOURS)]
    badges = '<span class="app">APP</span>' if bot else ""
    badges += '<span class="only">Only you can see this</span>' if shown.to else ""
    badges += '<span class="edited">(edited)</span>' if shown.edits and not bot else ""
    body = "".join(
        [
            _tasks(shown),
            rendered(shown.text, scene.names) if shown.text else "",
            "".join(map(_table, shown.tables)),
            '<span class="caret">▍</span>' if shown.streaming else "",
            "".join(map(_file, shown.files)),
            _controls(shown, scene),
            "".join(_reaction(name, who) for name, who in shown.reactions.items() if who),
            "".join(f'<em class="warning">{html.escape(each)}</em>' for each in shown.warnings),
        ]
    )
    return (
        f'<article data-id="{html.escape(shown.id)}"><div class="face" style="background:{colour}">'
        f'{html.escape(name[:1])}</div><div class="said"><span class="name">{html.escape(name)}</span>{badges}'
        f"{_menu(shown, scene)}<div class='text'>{body}</div></div></article>"
    )


def _menu(shown: Shown, scene: Scene) -> str:
    """Draw what can be done with a message."""
    if not scene.usable or shown.to:
        return ""
    own = [("edit", "Edit"), ("delete", "Delete")] if shown.author == scene.viewer else []
    bots = [("cross", "❌")] if shown.author == scene.bot else []
    acts = [("reply", "Reply"), *own, *bots, ("about", "Ask about it")]
    buttons = "".join(f'<button data-act="{act}">{label}</button>' for act, label in acts)
    return f'<span class="menu">{buttons}</span>'


def _controls(shown: Shown, scene: Scene) -> str:
    drawn = "".join(_control(control, scene.usable) for control in shown.controls)
    return f'<div class="controls">{drawn}</div>' if drawn else ""


def _control(control: ShownControl, usable: bool) -> str:
    key, help = html.escape(control.key), html.escape(control.help or control.label)
    off = "" if usable and control.enabled else " disabled"
    if control.kind == "button" and not control.choices:
        return f'<button data-key="{key}" title="{help}"{off}>{html.escape(control.label)}</button>'
    entries = [(html.escape(choice.value), html.escape(choice.label)) for choice in control.choices]
    if control.kind == "button":
        buttons = (f'<button data-key="{key}" data-choice="{value}"{off}>{label}</button>' for value, label in entries)
        return "".join(buttons)
    options = "".join(f'<option value="{value}">{label}</option>' for value, label in [("", control.label), *entries])
    return f'<select data-key="{key}" aria-label="{help}"{off}>{options}</select>'


def _reaction(name: str, who: Sequence[str]) -> str:
    return f'<span class="reaction">:{html.escape(name)}: {len(who)}</span>'


def _tasks(shown: Shown) -> str:
    plan = f"<b>{html.escape(shown.plan)}</b>" if shown.plan else ""
    drawn = "".join(map(_task, shown.tasks))
    return f'<div class="tasks">{plan}{drawn}</div>' if plan or drawn else ""


def _task(task: ShownTask) -> str:
    more = " · ".join(filter(None, (task.details, task.output)))
    extra = f' <span class="details">{html.escape(more)}</span>' if more else ""
    return f'<div class="task {task.status}"><i>{_MARKS[task.status]}</i> {html.escape(task.title)}{extra}</div>'


def _table(rows: list[list[str]]) -> str:
    head, *body = rows or [[]]
    cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table><tr>{cells}</tr>{lines}</table>"


def _file(file: ShownFile) -> str:
    name, alt = html.escape(file.name), html.escape(file.alt or file.name)
    if file.media_type.startswith("image/") and "svg" not in file.media_type and len(file.content) <= _LARGEST:
        content = base64.b64encode(file.content).decode()
        return f'<img alt="{alt}" title="{alt}" src="data:{html.escape(file.media_type)};base64,{content}">'
    return f'<div class="file">📄 {name} <span class="details">{len(file.content):,} bytes</span></div>'


def _doing(status: str, scene: Scene) -> str:
    name = html.escape(scene.names.get(scene.bot, "Steward"))
    return f'<p class="status">{name} {html.escape(status)}</p>' if status else ""
