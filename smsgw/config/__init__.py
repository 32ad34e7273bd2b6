"""The configuration file: TOML text in, frozen dataclasses out.

Every mistake is collected and reported at once, each with its key and, for a misspelt key, the one that was probably
meant. Pure: whoever calls reads the files and hands over their text.
"""

from smsgw.config.loading import ENVIRONMENT_PREFIX, ConfigError, load
from smsgw.config.settings import (
    AUTO,
    LONGEST_TTL_S,
    PIN,
    UNCERTAIN,
    VENDORS,
    CanaryConfig,
    Config,
    ModemConfig,
    MqttConfig,
    OverridesConfig,
    SendingConfig,
    ServerConfig,
    SimConfig,
    StoreConfig,
    WebhooksConfig,
)

__all__ = [
    "AUTO",
    "ENVIRONMENT_PREFIX",
    "LONGEST_TTL_S",
    "PIN",
    "UNCERTAIN",
    "VENDORS",
    "CanaryConfig",
    "Config",
    "ConfigError",
    "ModemConfig",
    "MqttConfig",
    "OverridesConfig",
    "SendingConfig",
    "ServerConfig",
    "SimConfig",
    "StoreConfig",
    "WebhooksConfig",
    "load",
]
