"""Reading settings from a YAML file and the environment, for any pydantic model of sections."""
