"""Finding skills: a walk through a package, and the packages that others installed."""

import importlib
import logging
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final

from pydantic import JsonValue

from core.skill import Skill, Skillset, options_of

log = logging.getLogger("steward.skill")

ENTRY_POINTS: Final = "steward.skills"
"""Installed packages offer their skills in this group: the entry point names a module or a package."""


def discover(package: ModuleType, settings: Mapping[str, Mapping[str, JsonValue]] | None = None) -> Skillset:
    """Collect the skills of a package, at any depth, and of installed packages.

    A module that cannot be imported is reported in the log and left out.

    Raises:
        SkillDefinitionError: a skill lacks hints or docstring, or two have one name.
    """
    modules = list(_walk(package))
    for point in entry_points(group=ENTRY_POINTS):
        modules += _walk(loaded) if (loaded := _load(point)) else []
    return Skillset(tuple(found for module in dict.fromkeys(modules) for found in _skills_in(module)), settings)


def _walk(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for _, name, is_package in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{package.__name__}."):
        if module := _import(name):
            yield from _walk(module) if is_package else (module,)


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit):
        log.exception("The skill module %s could not be imported and is left out", name)
        return None


def _load(point: EntryPoint) -> ModuleType | None:
    try:
        loaded = point.load()
    except (Exception, SystemExit):
        log.exception("The installed skills %s (%s) could not be imported and are left out", point.name, point.value)
        return None
    if not isinstance(loaded, ModuleType):
        log.error("The installed skills %s (%s) are not a module and are left out", point.name, point.value)
        return None
    return loaded


def _skills_in(module: ModuleType) -> Iterator[Skill]:
    """Yield the skills written in a module, not the ones it imported."""
    topic = module.__name__.split(".")[1] if "." in module.__name__ else module.__name__
    for value in vars(module).values():
        if options_of(value) and value.__module__ == module.__name__:
            yield Skill.of(value, topic=topic)
