"""The README says what is true."""

import re
import sys
from pathlib import Path
from types import ModuleType

from core.discovery import discover
from tests.readme import README, ROOT, render


def test_tables_and_recorded_runs_are_what_the_program_prints() -> None:
    assert render(README.read_text()) == README.read_text(), "run `python -m tests.readme` and look at what changed"


def test_the_skill_in_the_readme_works(tmp_path: Path) -> None:
    found = re.search(r"^<!-- skill: (\w+)\.py -->\n```python\n(.*?)^```$", README.read_text(), re.M | re.S)
    assert found, "the README shows no skill"
    package = ModuleType("readme_skills")
    package.__path__ = [str(tmp_path)]
    (tmp_path / f"{found[1]}.py").write_text(found[2])
    sys.modules["readme_skills"] = package
    try:
        tools = discover(package).tools
    finally:
        for name in [name for name in sys.modules if name.startswith("readme_skills")]:
            del sys.modules[name]
    assert [tool.name for tool in tools if tool.name == "roll"], "the example's skill was not found"
    roll = next(tool for tool in tools if tool.name == "roll")
    assert roll.parameters["properties"], "the example's arguments are not offered"
    assert roll.examples


def test_links_to_files_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)|src=\"(?!https?:)([^\"]+)\"", README.read_text())
    missing = [link for pair in links for link in pair if link and not (ROOT / link).exists()]
    assert links
    assert not missing
