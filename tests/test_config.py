import os
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.config import Config, load, reference
from core.errors import OperatorError
from core.settings import keys

SHIPPED = Path(__file__).parent.parent / "config.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(path: Path | None, environment: Mapping[str, str] | None = None) -> str:
    with pytest.raises(OperatorError) as caught:
        load(path, environment or {})
    text = str(caught.value)
    assert "\n" not in text, f"not one sentence: {text!r}"
    assert text[-1] in ".?", f"not a sentence: {text!r}"
    return text


def leaves(values: dict[str, object], above: str = "") -> list[str]:
    names = []
    for name, value in values.items():
        inner = isinstance(value, dict) and value
        names += leaves(value, f"{above}{name}.") if isinstance(value, dict) and inner else [above + name]
    return names


# -- the shipped file


def test_shipped_file_holds_the_defaults() -> None:
    loaded, default = load(SHIPPED, {}).model_dump(), Config().model_dump()
    assert loaded | {"data_dir": Path("data")} == default


def test_shipped_file_holds_every_key_in_the_order_of_the_models() -> None:
    in_models = [key.name.removesuffix(".<module>.<key>") for key in keys.keys(Config)]
    assert leaves(yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))) == in_models


def test_shipped_file_comments_every_key_with_its_meaning() -> None:
    comments = [line.partition(" # ")[2].strip() for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
    missing = [key.name for key in keys.keys(Config) if key.field.description not in comments]
    assert not missing


def test_shipped_file_takes_the_well_known_variables() -> None:
    config = load(
        SHIPPED,
        {
            "OPENAI_API_KEY": "sk-1",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_SIGNING_SECRET": "5ec",
            "DISCORD_TOKEN": "d1sc",
        },
    )
    assert list(config.secrets()) == ["sk-1", "xoxb-1", "xapp-1", "5ec", "d1sc"]
    assert config.model.connected
    assert config.slack.configured
    assert config.discord.configured


def test_reference_has_a_row_for_every_key() -> None:
    table = reference()
    missing = [key.name for key in keys.keys(Config) if f"| `{key.name}` |" not in table]
    assert not missing
    assert (
        "| `model.price.input` | `STEWARD_MODEL__PRICE__INPUT` | `0.0` | Dollars for a million input tokens. |" in table
    )


# -- where values come from


def test_environment_beats_file_beats_default(tmp_path: Path) -> None:
    path = write(tmp_path, "name: File\nmodel: {timeout: 5, retries: 1}\n")
    config = load(path, {"STEWARD_NAME": "Variable", "STEWARD_MODEL__TIMEOUT": "7"})
    assert (config.name, config.model.timeout, config.model.retries, config.model.name) == (
        "Variable",
        7.0,
        1,
        "gpt-4o-mini",
    )


def test_every_key_can_be_set_by_its_variable() -> None:
    values = {"port": "81", "max_iterations": "3", "parallel": "2", "retries": "1", "turns": "5", "tokens": "6"}
    values |= {"processes": "4", "memory_mb": "512.0", "messages": "9", "thread_after": "3"}
    words = {"api": "responses", "tools": "json", "level": "debug", "format": "json"}
    words |= {"pictures": "never", "on_edit": "ignore", "on_delete": "keep", "follow": "never"}
    words |= {"admins": "slack/u1", "facts": "gathered", "search": "meaning"}
    for key in keys.keys(Config):
        last = key.path[-1]
        text = "http://127.0.0.1/" if last.endswith("_url") else values.get(last) or words.get(last) or "1.5"
        path = ("skills", "chart", "dpi") if key.open else key.path
        beside = {"STEWARD_SLACK__BOT_TOKEN": "b", "STEWARD_SLACK__SIGNING_SECRET": "s"}
        config = load(None, beside | {keys.variable(path, "STEWARD_"): text})
        value: object = config.model_dump()
        for name in path:
            assert isinstance(value, dict)
            value = value[name]
        shown = value.get_secret_value() if isinstance(value, SecretStr) else str(value).removeprefix(os.getcwd() + "/")
        assert shown.lower() == text, key.name


def test_file_of_the_current_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "name: Here\n")
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).name == "Here"


def test_no_file_means_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).model_dump() == Config(data_dir=tmp_path / "data").model_dump()


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "model:\nslack:\n"])
def test_empty_file_means_the_defaults(tmp_path: Path, text: str) -> None:
    assert load(write(tmp_path, text), {}).model_dump() == Config(data_dir=tmp_path / "data").model_dump()


def test_settings_of_skills_keep_their_types(tmp_path: Path) -> None:
    path = write(tmp_path, "skills: {chart: {dpi: 100, colours: [red, blue], since: 2026-01-31}}\n")
    config = load(path, {"STEWARD_SKILLS__CHART__DPI": "150", "STEWARD_SKILLS__CLOCK__ZONE": "Europe/Berlin"})
    assert config.skills == {
        "chart": {"dpi": 150, "colours": ["red", "blue"], "since": "2026-01-31"},
        "clock": {"zone": "Europe/Berlin"},
    }


def test_config_itself_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEWARD_NAME", "Elsewhere")
    assert Config().name == "Steward"


# -- ${NAME}


def test_variables_are_filled_in_anywhere_in_a_text(tmp_path: Path) -> None:
    path = write(tmp_path, "name: '${FIRST} of ${SECOND:-nowhere}, $${LITERAL}'\nskills: {a: {b: ['${FIRST}']}}\n")
    config = load(path, {"FIRST": "Ann: #1"})
    assert config.name == "Ann: #1 of nowhere, ${LITERAL}"
    assert config.skills == {"a": {"b": ["Ann: #1"]}}


def test_a_number_may_come_from_a_variable(tmp_path: Path) -> None:
    assert load(write(tmp_path, "slack: {port: '${PORT:-3000}'}\n"), {"PORT": "8080"}).slack.port == 8080


@pytest.mark.parametrize("environment", [{}, {"TOKEN": ""}])
def test_missing_variable_names_key_file_and_variable(tmp_path: Path, environment: dict[str, str]) -> None:
    path = write(tmp_path, "discord: {token: '${TOKEN}'}\n")
    assert complaint(path, environment) == (
        f"discord.token in {path} needs the environment variable TOKEN, which is not set."
    )


def test_a_variable_is_not_missed_where_the_key_is_set_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path, "discord: {token: '${TOKEN}'}\n")
    config = load(path, {"STEWARD_DISCORD__TOKEN": "other"})
    assert list(config.secrets()) == ["other"]


@pytest.mark.parametrize("text", ["${", "${}", "${with space}", "${9}"])
def test_a_malformed_place_is_refused(tmp_path: Path, text: str) -> None:
    assert "name in" in complaint(write(tmp_path, f"name: '{text}'\n"))


@pytest.mark.parametrize("value", ["''", "'${NOT_SET:-}'", "' '", "", "null"])
def test_empty_secrets_count_as_absent(tmp_path: Path, value: str) -> None:
    config = load(write(tmp_path, f"slack:\n  bot_token: {value}\ndiscord:\n  token: {value}\n"), {})
    assert not config.slack.configured
    assert not config.discord.configured


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    path = write(tmp_path, "name: File\n")
    assert load(path, {"STEWARD_NAME": "", "STEWARD_NMAE": ""}).name == "File"


def test_space_around_a_secret_does_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, "discord: {token: '${TOKEN}'}\n")
    assert list(load(path, {"TOKEN": " t0k \n"}).secrets()) == ["t0k"]


@given(st.text(alphabet=st.characters(exclude_characters="\x00\x1c\x1d\x1e\x1f", exclude_categories=["Cs"])))
def test_any_text_survives_the_way_through_a_variable(text: str) -> None:
    config = load(None, {"STEWARD_AGENT__INSTRUCTIONS": text})
    assert config.agent.instructions == text.strip()


# -- folders


def test_data_folder_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "data_dir: kept\n")
    monkeypatch.chdir("/")
    assert load(path, {}).data_dir == tmp_path / "kept"


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(None, {"STEWARD_DATA_DIR": "~/steward"}).data_dir == tmp_path / "steward"


def test_home_of_nobody_is_refused() -> None:
    assert "STEWARD_DATA_DIR" in complaint(None, {"STEWARD_DATA_DIR": "~no-such-person/x"})


# -- mistakes


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        ("nmae: x", "nmae", "name"),
        ("model: {nmae: x}", "model.nmae", "model.name"),
        ("model: {apikey: x}", "model.apikey", "model.api_key"),
        ("slak: {bot_token: x}", "slak", "slack"),
        ("bot_token: x", "bot_token", "slack.bot_token"),
        ("model: {price: {inptu: 1}}", "model.price.inptu", "model.price.input"),
    ],
)
def test_wrong_key_names_the_closest_right_one(tmp_path: Path, text: str, wrong: str, right: str) -> None:
    path = write(tmp_path, text)
    found = complaint(path)
    assert found.startswith(f"The key {wrong} in {path} is unknown; did you mean ")
    assert found.endswith(f"did you mean {right}?"), found


def test_a_key_that_looks_like_no_other_gets_no_advice(tmp_path: Path) -> None:
    path = write(tmp_path, "1: x")
    assert complaint(path) == f"The key 1 in {path} is unknown."
    assert complaint(None, {"STEWARD_QUX": "x"}) == "The environment variable STEWARD_QUX belongs to no setting."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model: {timeout: soon}", "model.timeout in FILE must be a number."),
        ("model: {timeout: .inf}", "model.timeout in FILE must be a number."),
        ("model: {timeout: 0}", "model.timeout in FILE must be greater than 0."),
        ("model: {temperature: 3}", "model.temperature in FILE must be at most 2."),
        ("slack: {port: 99999}", "slack.port in FILE must be at most 65535."),
        ("slack: {port: 1.5}", "slack.port in FILE must be a whole number."),
        ("slack: {port: [1]}", "slack.port in FILE must be a whole number."),
        ("agent: {max_iterations: 0}", "agent.max_iterations in FILE must be at least 1."),
        ("agent: {max_iterations: yes}", "agent.max_iterations in FILE must not be yes, no, true or false"),
        ("name: 12", "name in FILE must be text (put it in quotes)."),
        ("name: no", "name in FILE must "),
        ("name: {a: b}", "name in FILE must be text"),
        ("model: gpt-4o-mini", "model in FILE must hold keys of its own."),
        ("model: []", "model in FILE must hold keys of its own."),
        ("model: {api: chats}", "model.api in FILE must be chat or responses."),
        ("log: {level: LOUD}", "log.level in FILE must be DEBUG, INFO, WARNING or ERROR."),
        ("model: {base_url: localhost}", "model.base_url in FILE must be a whole address"),
        ("skills: {chart: 5}", "skills.chart in FILE must hold keys of its own."),
        ("data_dir: 5", "data_dir in FILE must be a path."),
        ("slack: {signing_secret: 123}", "slack.signing_secret in FILE must be text (put it in quotes)."),
    ],
)
def test_wrong_value_names_key_and_file(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path, text)
    assert complaint(path).replace(str(path), "FILE").startswith(expected)


def test_wrong_value_of_a_variable_names_the_variable(tmp_path: Path) -> None:
    path = write(tmp_path, "model: {timeout: 5}\n")
    assert complaint(path, {"STEWARD_MODEL__TIMEOUT": "soon"}) == (
        "model.timeout in STEWARD_MODEL__TIMEOUT must be a number."
    )


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("STEWARD_MODEL__NMAE", "STEWARD_MODEL__NAME"),
        ("STEWARD_MODEL_NAME", "STEWARD_MODEL__NAME"),
        ("STEWARD_SLACK__BOTTOKEN", "STEWARD_SLACK__BOT_TOKEN"),
        ("STEWARD_DATADIR", "STEWARD_DATA_DIR"),
        ("STEWARD_MODEL", "STEWARD_MODEL__API"),
    ],
)
def test_unknown_variable_names_the_closest_right_one(name: str, right: str) -> None:
    assert complaint(None, {name: "x"}) == (
        f"The environment variable {name} belongs to no setting; did you mean {right}?"
    )


@pytest.mark.parametrize("name", ["STEWARD_SERVICE_HOST", "STEWARD_PORT", "STEWARD_PORT_80_TCP_ADDR"])
def test_variables_that_kubernetes_sets_are_none_of_ours(name: str) -> None:
    assert load(None, {name: "10.0.0.1"}).name == "Steward"


@pytest.mark.parametrize(
    ("text", "line"),
    [("name: a\nmodel: {", 2), ("a: b: c\n", 1), ("name: x\n\tmodel: y\n", 2), ("name: a\nname: b\n", 2)],
)
def test_broken_yaml_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, text)
    assert complaint(path).startswith(f"{path} is not valid YAML in line {line}: ")


@pytest.mark.parametrize("text", ["just text", "- a\n- b\n", "42"])
def test_top_level_must_hold_keys(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert complaint(path).startswith(f"{path} must hold keys and values")


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert complaint(path) == f"The configuration file {path} does not exist."


def test_folder_is_no_file(tmp_path: Path) -> None:
    assert complaint(tmp_path) == f"The configuration file {tmp_path} cannot be read: is a directory."


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    assert complaint(path) == f"The configuration file {path} is not UTF-8 text."


@pytest.mark.parametrize(
    ("slack", "expected"),
    [
        ({"BOT_TOKEN": "b"}, "slack.bot_token in STEWARD_SLACK__BOT_TOKEN needs slack.app_token"),
        ({"APP_TOKEN": "a"}, "slack.app_token in STEWARD_SLACK__APP_TOKEN is of no use without slack.bot_token."),
        ({"SIGNING_SECRET": "s"}, "slack.signing_secret in STEWARD_SLACK__SIGNING_SECRET is of no use without"),
        ({"BOT_TOKEN": "xapp-1", "APP_TOKEN": "xoxb-1"}, "slack.bot_token and slack.app_token in "),
    ],
)
def test_half_of_slack_says_what_is_missing(slack: dict[str, str], expected: str) -> None:
    environment = {f"STEWARD_SLACK__{name}": value for name, value in slack.items()}
    assert complaint(None, environment).startswith(expected)


@pytest.mark.parametrize("second", ["APP_TOKEN", "SIGNING_SECRET"])
def test_two_secrets_are_enough_for_slack(second: str) -> None:
    environment = {"STEWARD_SLACK__BOT_TOKEN": "odd", f"STEWARD_SLACK__{second}": "odd"}
    assert load(None, environment).slack.configured


@pytest.mark.parametrize(
    "text",
    [
        "slack: xoxb-hunter2",
        "slack: {port: xoxb-hunter2}",
        "model: {api: xoxb-hunter2}",
        "model: {base_url: xoxb-hunter2}",
        "slack: {bot_token: !xoxb-hunter2}",
        "slack: {bot_token: *xoxb-hunter2}",
        "slack: {bot_token: 'xoxb-hunter2}",
        "slack: {bot_token: [xoxb-hunter2]}",
        "slack: {bot_token: xoxb-hunter2}",
        "a: b: xoxb-hunter2",
    ],
)
def test_no_value_is_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        load(write(tmp_path, text), {})
    chain: list[str] = []
    error: BaseException | None = caught.value
    while error is not None:
        chain.append(str(error))
        error = error.__cause__ if error.__suppress_context__ else error.__context__
    assert "hunter2" not in "\n".join(chain)


def test_secrets_are_hidden_in_what_is_printed() -> None:
    environment = {"STEWARD_DISCORD__TOKEN": "hunter2", "STEWARD_MODEL__API_KEY": "hunter2"}
    assert "hunter2" not in repr(load(None, environment))


def test_secrets_of_skills_are_known_by_their_names() -> None:
    config = Config(skills={"weather": {"api_key": "w3ather", "unit": "celsius", "token_limit": 5}})
    assert list(config.secrets()) == ["w3ather"]
