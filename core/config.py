"""The settings of Steward: `config.yaml` and the environment become one `Config`; its fields are the file's keys."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import OperatorError
from core.messages import JsonObject
from core.settings import complaints, keys, table, variables, yamlfile

DEFAULT_PATH: Final = Path("config.yaml")
PREFIX: Final = "STEWARD_"

_HTTP = r"^https?://"
_ACCOUNT = re.compile(r"[a-z]+/[\w.@-]+")
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)


class Section(BaseModel):
    """A part of the configuration; an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_bool(cls, value: object) -> object:
        """No setting is a switch, but YAML reads `no` and `on` as one, and pydantic would take it for a number."""
        if isinstance(value, bool):
            raise PydanticCustomError("bool", "must not be a truth value")
        return value


class Price(Section):
    """What the model costs, in US dollars for a million tokens."""

    input: float = Field(0.0, ge=0, description="Dollars for a million input tokens.")
    cached: float | None = Field(
        None, ge=0, description="Dollars for a million cached input tokens; empty: as `input`."
    )
    output: float = Field(0.0, ge=0, description="Dollars for a million output tokens.")


class ModelConfig(Section):
    """The language model."""

    name: str = Field("gpt-4o-mini", description="The model's name at its server.")
    api_key: SecretStr | None = Field(None, description="The server's key; many local servers need none.")
    base_url: str | None = Field(
        None, pattern=_HTTP, description="Address of an OpenAI-compatible server; empty: OpenAI itself."
    )
    api: Literal["chat", "responses"] = Field(
        "chat",
        description="`chat` works everywhere; `responses` keeps reasoning between calls.",
    )
    tools: Literal["native", "json"] = Field(
        "native", description="How skills are called; `json` suits small local models."
    )
    temperature: float | None = Field(None, ge=0, le=2, description="Empty: the server's default.")
    timeout: float = Field(60.0, gt=0, description="Seconds to wait for the server's next bytes.")
    retries: int = Field(4, ge=0, le=10, description="How often a failed request is sent again.")
    price: Price = Field(default_factory=Price, description="To show what turns cost.")
    pictures: Literal["auto", "never"] = Field(
        "auto", description="Whether the model is shown pictures; `auto`: until its server refuses one."
    )
    transcription: str = Field("whisper-1", description="The server's model for voice clips; `none` switches it off.")

    @property
    def connected(self) -> bool:
        """Tell whether there is a language model to talk to."""
        return self.api_key is not None or self.base_url is not None


class AgentConfig(Section):
    """How answers are made."""

    instructions: str = Field("", description="Added to the system text.")
    max_iterations: int = Field(
        5, ge=1, le=50, description="Model calls in one turn before it has to answer without skills."
    )
    parallel: int = Field(8, ge=1, le=1000, description="Turns worked on at the same time.")
    turn_seconds: float = Field(600.0, gt=0, description="Seconds after which an answer is given up.")
    stop_seconds: float = Field(
        20.0, ge=0, description="Seconds that answers under way have left when Steward is told to stop."
    )
    on_edit: Literal["again", "ignore"] = Field(
        "again", description="What an edited question brings about: it is answered `again`, in place, or not."
    )
    on_delete: Literal["remove", "keep"] = Field(
        "remove", description="What becomes of the answer when its question is deleted."
    )
    link_hosts: str = Field(
        "", description="Hosts to which links in answers stay live, separated by spaces; `*` stands for all."
    )


class MemoryConfig(Section):
    """What is remembered, and what of it is recalled for an answer."""

    turns: int = Field(24, ge=0, description="Most turns recalled.")
    tokens: int = Field(12_000, ge=0, description="Most tokens recalled, estimated.")
    keep_days: float = Field(
        0.0, ge=0, description="Days after which what was said is erased, where a channel has not set it; 0: never."
    )
    facts: Literal["asked", "gathered"] = Field(
        "asked",
        description="Facts that are kept: those people `asked` for, or also those `gathered` from what they say.",
    )
    search: Literal["words", "meaning"] = Field(
        "words", description="How it is searched; `meaning` finds other words too, with the extra `semantic`."
    )


class FilesConfig(Section):
    """Files made and received."""

    keep_days: float = Field(30.0, gt=0, description="Days a file is kept.")
    quota_mb: float = Field(1024.0, gt=0, description="Megabytes kept in all; the oldest go first.")
    max_mb: float = Field(25.0, gt=0, description="Megabytes of the largest file accepted.")


class WorkersConfig(Section):
    """Processes that run blocking skills."""

    processes: int = Field(4, ge=1, le=100, description="Skills run at the same time.")
    memory_mb: float = Field(1024.0, ge=64, description="Megabytes a skill may take.")
    cpu_seconds: float = Field(60.0, gt=0, description="Seconds of processor time a call may take.")


class CatchUpConfig(Section):
    """What was said while Steward was not connected."""

    hours: float = Field(24.0, ge=0, description="Hours looked back; 0 switches it off.")
    messages: int = Field(100, ge=1, description="Most messages answered late, on each platform.")


class SlackConfig(Section):
    """Slack; configured when `bot_token` is set."""

    bot_token: SecretStr | None = Field(None, description="Bot token, xoxb-…")
    app_token: SecretStr | None = Field(None, description="App-level token for Socket Mode, xapp-…")
    signing_secret: SecretStr | None = Field(None, description="For HTTP mode, used when there is no app token.")
    port: int = Field(3000, ge=0, le=65535, description="Port of HTTP mode, on every interface.")
    api_url: str = Field("https://slack.com/api/", pattern=_HTTP, description="Address of the Web API.")
    follow: Literal["threads", "never"] = Field(
        "threads", description="Where messages are answered without a mention; each channel can change it."
    )

    @property
    def configured(self) -> bool:
        """Tell whether Steward is to answer in Slack."""
        return self.bot_token is not None


class DiscordConfig(Section):
    """Discord; configured when `token` is set."""

    token: SecretStr | None = Field(None, description="Bot token.")
    api_url: str = Field(
        "https://discord.com/api/v10", pattern=_HTTP, description="Address of the REST API, with its version."
    )
    gateway_url: str = Field(
        "wss://gateway.discord.gg/", pattern=r"^(ws|http)s?://", description="Address of the gateway."
    )
    thread_after: int = Field(
        0, ge=0, description="Questions of a person in a row after which a thread is opened; 0 opens none."
    )

    @property
    def configured(self) -> bool:
        """Tell whether Steward is to answer in Discord."""
        return self.token is not None


class LogConfig(Section):
    """The log: to standard error from `steward run`, to chat.log in the data folder from `steward chat`."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The least level that is logged.")
    format: Literal["text", "json"] = Field("text", description="Lines for people or for programs.")

    @field_validator("level", mode="before")
    @classmethod
    def _capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class Config(BaseSettings):
    """All settings; made by `load`, or in a test from its sections alone."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    name: str = Field("Steward", description="What the assistant calls itself.")
    data_dir: Path = Field(
        Path("data"), description="Folder of database and files, relative to the configuration file."
    )
    model: ModelConfig = Field(default_factory=ModelConfig)
    agent: AgentConfig = Field(default_factory=AgentConfig)
    memory: MemoryConfig = Field(default_factory=MemoryConfig)
    files: FilesConfig = Field(default_factory=FilesConfig)
    workers: WorkersConfig = Field(default_factory=WorkersConfig)
    catch_up: CatchUpConfig = Field(default_factory=CatchUpConfig)
    slack: SlackConfig = Field(default_factory=SlackConfig)
    discord: DiscordConfig = Field(default_factory=DiscordConfig)
    admins: str = Field(
        "", description="Accounts of admins besides the platforms' own, such as `slack/U024BE7LH`, separated by spaces."
    )
    skills: dict[str, dict[str, JsonValue]] = Field(
        default_factory=dict, description="Settings handed to skills, by module name."
    )
    log: LogConfig = Field(default_factory=LogConfig)

    @field_validator("admins")
    @classmethod
    def _accounts(cls, value: str) -> str:
        if not all(_ACCOUNT.fullmatch(word) for word in value.split()):
            raise PydanticCustomError("accounts", "must name accounts such as slack/U024BE7LH, with spaces between")
        return value

    @property
    def database(self) -> Path:
        """Return where the database is."""
        return self.data_dir / "steward.db"

    @property
    def files_dir(self) -> Path:
        """Return the folder of the files that are kept."""
        return self.data_dir / "files"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is handed in and nothing else; only `load` reads the file and the environment."""
        return (init_settings,)

    def secrets(self) -> Iterator[str]:
        """Yield every secret value, for redaction; of a skill's settings those whose name says so."""
        for section in (self.model, self.slack, self.discord):
            yield from (value.get_secret_value() for _, value in section if isinstance(value, SecretStr))
        for settings in self.skills.values():
            yield from (value for name, value in settings.items() if isinstance(value, str) and _SECRET.search(name))


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Config:
    """Read the settings: the environment beats the file, the file beats the defaults.

    Args:
        path: the file; by default `config.yaml` in the current folder, where there is one.
        environment: the variables; by default the process's own.

    Raises:
        OperatorError: a file or variable is missing or wrong; one sentence that names it and shows no value.
    """
    environment = os.environ if environment is None else environment
    file = path or (DEFAULT_PATH if DEFAULT_PATH.exists() else None)
    set_by_variable = variables.read(environment, Config, PREFIX)
    set_in_file = yamlfile.read(file, environment, set_by_variable) if file else {}

    def where(key: keys.Path) -> str:
        return keys.variable(key, PREFIX) if keys.contains(set_by_variable, key) else str(file)

    config = _combine(set_by_variable, set_in_file, where)
    _check_slack(config.slack, where)
    return config.model_copy(update={"data_dir": _folder(config.data_dir, file, where)})


def reference() -> str:
    """Render the README's table of settings."""
    return table.render(list(keys.keys(Config)), PREFIX)


def _combine(set_by_variable: JsonObject, set_in_file: JsonObject, where: Callable[[keys.Path], str]) -> Config:
    class Sources(Config):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return InitSettingsSource(cls, set_by_variable), InitSettingsSource(cls, set_in_file)

    try:
        return Config(**dict(Sources()))
    except ValidationError as error:
        raise OperatorError(complaints.sentence(error, where, list(keys.keys(Config)))) from error


def _check_slack(slack: SlackConfig, where: Callable[[keys.Path], str]) -> None:
    bot, app = slack.bot_token, slack.app_token
    if bot is None and (app or slack.signing_secret):
        given = "app_token" if app else "signing_secret"
        raise OperatorError(f"slack.{given} in {where(('slack', given))} is of no use without slack.bot_token.")
    if bot and not app and not slack.signing_secret:
        raise OperatorError(
            f"slack.bot_token in {where(('slack', 'bot_token'))} needs slack.app_token beside it for Socket Mode, "
            "or slack.signing_secret for HTTP mode."
        )
    if bot and app and bot.get_secret_value().startswith("xapp-") and app.get_secret_value().startswith("xoxb-"):
        raise OperatorError(
            f"slack.bot_token and slack.app_token in {where(('slack', 'bot_token'))} are swapped: "
            "a bot token begins with xoxb-, an app-level token with xapp-."
        )


def _folder(data_dir: Path, file: Path | None, where: Callable[[keys.Path], str]) -> Path:
    try:
        return ((file.parent if file else Path()) / data_dir.expanduser()).resolve()
    except (RuntimeError, ValueError) as error:
        raise OperatorError(f"data_dir in {where(('data_dir',))} names no folder that there can be.") from error
