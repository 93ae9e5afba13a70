"""Finding skills: in the package at any depth, in installed packages, and past modules that cannot be imported."""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

import skills
from core import Attachment, Context, Reply
from core.discovery import discover
from core.errors import SkillDefinitionError
from core.items import Call
from core.messages import JsonObject
from core.skill import Skill, Skillset
from tests.house import Threads
from tests.shelf import CONTEXT

HEAD = "from core import Context, skill\n\n"

Write = Callable[[dict[str, str]], ModuleType]


def skill_source(name: str, body: str = "return 'done'") -> str:
    return f'{HEAD}@skill\ndef {name}() -> str:\n    """Do {name}."""\n    {body}\n'


@pytest.fixture(name="write")
def write_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write files into a folder on the import path, and import the package `found` from there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(files: dict[str, str]) -> ModuleType:
        for name, source in {"found/__init__.py": "", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, "utf-8")
        importlib.invalidate_caches()
        return importlib.import_module("found")

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def names(skillset: Skillset) -> list[str]:
    return [tool.name for tool in skillset.tools]


def installed(name: str, value: str) -> dict[str, str]:
    """Return the files that make an entry point of an installed package."""
    return {
        "acme-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n",
        "acme-1.0.dist-info/entry_points.txt": f"[steward.skills]\n{name} = {value}\n",
    }


class Naming:
    """Says under which name a skill would be looked up instead of running it."""

    async def run(self, skill: Skill, given: JsonObject, files: Mapping[str, Attachment], context: Context) -> Reply:
        return Reply(text=f"{skill.function.__module__} {skill.attribute}")


async def call(skillset: Skillset, name: str) -> str:
    return (await skillset.call(Call(id="c1", name=name, arguments=""), CONTEXT)).reply.text


def test_skills_are_found_at_any_depth(write: Write) -> None:
    package = write(
        {
            "found/__init__.py": skill_source("at_the_top"),
            "found/one.py": skill_source("first"),
            "found/deep/__init__.py": "",
            "found/deep/deeper/__init__.py": skill_source("third"),
            "found/deep/two.py": skill_source("second"),
        }
    )

    assert names(discover(package)) == ["at_the_top", "first", "second", "third"]


def test_unmarked_functions_are_no_skills(write: Write) -> None:
    package = write({"found/one.py": skill_source("first") + "\ndef helper(): pass\n"})

    assert names(discover(package)) == ["first"]


def test_a_skill_that_others_import_or_rename_is_found_once(write: Write) -> None:
    package = write(
        {
            "found/one.py": skill_source("first") + "\nsame = first\n",
            "found/two.py": "from found.one import first\n" + skill_source("second"),
        }
    )

    assert names(discover(package)) == ["first", "second"]


async def test_a_skill_is_known_by_the_name_its_module_has_for_it(write: Write) -> None:
    wrapped = """
def wrap(function):
    def wrapper() -> str:
        return function()
    wrapper.__name__, wrapper.__doc__ = function.__name__, function.__doc__
    return wrapper

def plain() -> str:
    'Do something plain.'
    return "done"

fancy = skill(wrap(plain))
"""
    package = write({"found/one.py": HEAD + wrapped + "other = fancy\n"})

    assert await call(discover(package, runner=Naming()), "plain") == "found.one fancy"


def test_a_package_is_not_run(write: Write) -> None:
    package = write({"found/one.py": skill_source("first"), "found/__main__.py": skill_source("run")})

    assert names(discover(package)) == ["first"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import a_library_nobody_has", "ModuleNotFoundError: No module named 'a_library_nobody_has'"),
        ("raise RuntimeError('the printer is gone')", "RuntimeError: the printer is gone"),
        ("def broken(:", "SyntaxError"),
        ("import sys\nsys.exit('no licence')", "SystemExit: no licence"),
        ("a = b = '\x00'", "null bytes"),
    ],
)
@pytest.mark.parametrize("place", ["found/broken.py", "found/broken/__init__.py"])
def test_a_module_that_cannot_be_imported_is_reported_and_left_out(
    write: Write, caplog: pytest.LogCaptureFixture, source: str, reason: str, place: str
) -> None:
    package = write({"found/before.py": skill_source("first"), place: source, "found/later.py": skill_source("last")})

    assert names(discover(package)) == ["first", "last"]
    assert "The skill module found.broken could not be imported and is left out" in caplog.text
    assert reason in caplog.text


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ('@skill\ndef roll(sides) -> int:\n    """Roll."""\n', 3, "needs a type hint for its parameter sides"),
        ("@skill\ndef roll(sides: int) -> int:\n    return sides\n", 3, "needs a docstring"),
        ("@skill\nclass Roll:\n    pass\n", None, "@skill marks functions"),
    ],
)
def test_a_skill_without_hint_or_docstring_ends_the_start(
    write: Write, source: str, line: int | None, reason: str
) -> None:
    package = write({"found/dice.py": HEAD + source})

    with pytest.raises(SkillDefinitionError, match=reason) as error:
        discover(package)

    assert str(error.value).startswith(f"{package.__path__[0]}/dice.py:{line}: skill roll" if line else "found.dice: ")


def test_two_skills_of_one_name_in_two_modules_end_the_start(write: Write) -> None:
    package = write({"found/a.py": skill_source("roll"), "found/b.py": skill_source("roll")})

    with pytest.raises(SkillDefinitionError) as error:
        discover(package)

    folder = package.__path__[0]
    assert str(error.value) == f"{folder}/b.py:3: there is a skill roll already, at {folder}/a.py:3"


def test_two_skills_of_one_name_in_one_module_end_the_start(write: Write) -> None:
    package = write({"found/a.py": skill_source("roll") + skill_source("roll").removeprefix(HEAD)})

    with pytest.raises(SkillDefinitionError) as error:
        discover(package)

    file = f"{package.__path__[0]}/a.py"
    assert str(error.value) == f"{file}:7: there is a skill roll already, at {file}:3"


def test_a_reloaded_module_still_has_one_skill_of_each_name(write: Write) -> None:
    package = write({"found/a.py": skill_source("roll")})
    discover(package)

    importlib.reload(sys.modules["found.a"])

    assert names(discover(package)) == ["roll"]


@pytest.mark.parametrize("value", ["acme", "acme.dice"])
def test_installed_packages_offer_skills_as_a_package_or_a_module(write: Write, value: str) -> None:
    package = write(
        {
            "found/one.py": skill_source("first"),
            "acme/__init__.py": "",
            "acme/dice.py": skill_source("roll"),
            **installed("games", value),
        }
    )

    assert names(discover(package)) == ["first", "roll"]


@pytest.mark.parametrize(
    ("files", "value", "reason"),
    [
        ({}, "acme", "No module named 'acme'"),
        ({"acme.py": "import sys\nsys.exit(1)"}, "acme", "SystemExit: 1"),
        ({"acme.py": ""}, "acme:nothing", "has no attribute 'nothing'"),
        ({"acme.py": "number = 3"}, "acme:number", "are not a module"),
    ],
)
def test_an_installed_package_that_cannot_be_imported_is_reported_and_left_out(
    write: Write, caplog: pytest.LogCaptureFixture, files: dict[str, str], value: str, reason: str
) -> None:
    package = write({"found/one.py": skill_source("first"), **files, **installed("games", value)})

    assert names(discover(package)) == ["first"]
    assert f"The installed skills games ({value})" in caplog.text
    assert "left out" in caplog.text
    assert reason in caplog.text


def test_a_wrong_skill_of_an_installed_package_ends_the_start(write: Write) -> None:
    package = write({"acme.py": skill_source("roll").replace('"""Do roll."""', ""), **installed("games", "acme")})

    with pytest.raises(SkillDefinitionError, match=r"acme\.py:3: skill roll needs a docstring"):
        discover(package)


async def test_settings_go_by_module_or_by_entry_point(write: Write) -> None:
    shown = skill_source("NAME", "return str(dict(context.settings))").replace("NAME()", "NAME(context: Context)")
    package = write(
        {
            "found/weather/__init__.py": "",
            "found/weather/forecast.py": shown.replace("NAME", "forecast"),
            "acme/__init__.py": "",
            "acme/weather.py": shown.replace("NAME", "roll"),
            **installed("games", "acme"),
        }
    )

    skillset = discover(package, {"weather": {"unit": "C"}, "games": {"sides": 6}}, Threads())

    assert await call(skillset, "forecast") == "{'unit': 'C'}"
    assert await call(skillset, "roll") == "{'sides': 6}"


def test_the_skills_that_come_with_steward_can_be_offered() -> None:
    assert "analyze_text" in names(discover(skills))


def test_settings_of_a_module_that_is_not_there_are_warned_of(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    package = write({"found/clock.py": skill_source("tell")})
    discover(package, {"clokc": {"zone": "UTC"}, "clock": {"zone": "UTC"}})
    assert caplog.messages == ["The settings skills.clokc belong to no skill module; did you mean skills.clock?"]
