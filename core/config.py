"""The settings of Steward: `config.yaml` and the environment become one `Config`; its fields are the file's keys."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Section(BaseModel):
    """A part of the configuration; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    api_key: SecretStr | None = Field(None, description="The server's key; local servers need none.")
    base_url: str | None = Field(None, description="Address of an OpenAI-compatible server; empty: OpenAI itself.")
    api: Literal["chat", "responses"] = Field(
        "chat",
        description="`chat` works everywhere; `responses` keeps a reasoning model's thoughts between its calls.",
    )
    tools: Literal["native", "json"] = Field(
        "native", description="How skills are called; `json` suits small local models."
    )
    temperature: float | None = Field(None, ge=0, le=2, description="Empty: the server's default.")
    timeout: float = Field(60.0, gt=0, description="Seconds to wait for the server's next bytes.")
    retries: int = Field(4, ge=0, le=10, description="How often a failed request is sent again.")
    price: Price = Field(default_factory=Price, description="To show what turns cost.")


class AgentConfig(Section):
    """How answers are made."""

    instructions: str = Field("", description="Added to the system text.")
    max_iterations: int = Field(
        5, ge=1, le=50, description="Model calls in one turn before it has to answer without skills."
    )
    parallel: int = Field(8, ge=1, le=1000, description="Turns worked on at the same time.")


class MemoryConfig(Section):
    """What is recalled for an answer."""

    turns: int = Field(24, ge=0, description="Most turns recalled.")
    tokens: int = Field(12_000, ge=0, description="Most tokens recalled, estimated.")


class FilesConfig(Section):
    """Files made and received."""

    keep_days: float = Field(30.0, gt=0, description="Days a file is kept.")
    quota_mb: float = Field(1024.0, gt=0, description="Megabytes kept in all; the oldest go first.")
    max_mb: float = Field(25.0, gt=0, description="Megabytes of the largest file accepted.")


class SlackConfig(Section):
    """Slack; configured when `bot_token` is set."""

    bot_token: SecretStr | None = Field(None, description="Bot token, xoxb-…")
    app_token: SecretStr | None = Field(None, description="App-level token for Socket Mode, xapp-…")
    signing_secret: SecretStr | None = Field(None, description="For HTTP mode, used when there is no app token.")
    port: int = Field(3000, ge=0, le=65535, description="Port of HTTP mode.")
    api_url: str = Field("https://slack.com/api/", description="Address of the Web API.")


class DiscordConfig(Section):
    """Discord; configured when `token` is set."""

    token: SecretStr | None = Field(None, description="Bot token.")
    api_url: str = Field("https://discord.com/api/v10", description="Address of the REST API.")
    gateway_url: str = Field("wss://gateway.discord.gg/", description="Address of the gateway.")


class LogConfig(Section):
    """Logging, on standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The least level that is logged.")
    format: Literal["text", "json"] = Field("text", description="Lines for people or for programs.")


class Config(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="STEWARD_", env_nested_delimiter="__")

    name: str = Field("Steward", description="What the assistant calls itself.")
    data_dir: Path = Field(
        Path("data"), description="Folder of the database and files, relative to the configuration file."
    )
    model: ModelConfig = Field(default_factory=ModelConfig)
    agent: AgentConfig = Field(default_factory=AgentConfig)
    memory: MemoryConfig = Field(default_factory=MemoryConfig)
    files: FilesConfig = Field(default_factory=FilesConfig)
    slack: SlackConfig = Field(default_factory=SlackConfig)
    discord: DiscordConfig = Field(default_factory=DiscordConfig)
    skills: dict[str, dict[str, JsonValue]] = Field(
        default_factory=dict, description="Settings handed to skills, by module name."
    )
    log: LogConfig = Field(default_factory=LogConfig)
