"""Finding skills: a walk through a package, and the packages that others installed."""

import importlib
import logging
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final

from pydantic import JsonValue

from core.errors import SkillDefinitionError
from core.skill import Runner, Skill, Skillset, options_of

log = logging.getLogger("steward.skill")

ENTRY_POINTS: Final = "steward.skills"
"""Installed packages offer their skills in this group: the entry point names a module or a package."""


def discover(
    package: ModuleType, settings: Mapping[str, Mapping[str, JsonValue]] | None = None, runner: Runner | None = None
) -> Skillset:
    """Collect the skills of a package, at any depth, and of installed packages.

    A skill's topic is the name of its module in the package, or of the entry point. A module that cannot be imported is
    reported in the log and left out.

    Raises:
        SkillDefinitionError: a skill lacks hints or docstring, or two have one name.
    """
    topics = {module: _topic(module) for module in _walk(package)}
    points = entry_points(group=ENTRY_POINTS)
    _warn_of_settings(settings or {}, package, points.names)
    for point in points:
        if loaded := _load(point):
            for module in _walk(loaded):
                topics.setdefault(module, point.name)
    found = tuple(skill for module, topic in topics.items() for skill in _skills_in(module, topic))
    return Skillset(found, settings, runner)


def _warn_of_settings(settings: Mapping[str, object], package: ModuleType, points: Collection[str]) -> None:
    """Report settings that no skill will ever read, which are usually a slip of the pen."""
    known = {*points, *(module.name for module in pkgutil.iter_modules(getattr(package, "__path__", ())))}
    for topic in settings:
        if topic not in known:
            close = get_close_matches(topic, known, n=1)
            hint = f"; did you mean skills.{close[0]}?" if close else ""
            log.warning("The settings skills.%s belong to no skill module%s", topic, hint)


def _topic(module: ModuleType) -> str:
    return module.__name__.split(".")[1] if "." in module.__name__ else module.__name__


def _walk(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for _, name, is_package in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{package.__name__}."):
        if name.endswith(".__main__"):  # importing it would run it
            continue
        if module := _import(name):
            yield from _walk(module) if is_package else (module,)


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except SkillDefinitionError:
        raise
    except (Exception, SystemExit):
        log.exception("The skill module %s could not be imported and is left out", name)
        return None


def _load(point: EntryPoint) -> ModuleType | None:
    try:
        loaded = point.load()
    except SkillDefinitionError:
        raise
    except (Exception, SystemExit):
        log.exception("The installed skills %s (%s) could not be imported and are left out", point.name, point.value)
        return None
    if not isinstance(loaded, ModuleType):
        log.error("The installed skills %s (%s) are not a module and are left out", point.name, point.value)
        return None
    return loaded


def _skills_in(module: ModuleType, topic: str) -> Iterator[Skill]:
    """Yield the skills written in a module, each once, not the ones it imported."""
    marked: dict[int, tuple[str, Callable[..., object]]] = {}
    for name, value in vars(module).items():
        if options_of(value):
            marked.setdefault(id(value), (name, value))
    for name, function in marked.values():
        if function.__module__ == module.__name__:
            yield Skill.of(function, topic=topic, attribute=name)
