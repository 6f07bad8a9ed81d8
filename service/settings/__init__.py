"""What the operator has set, read from file and environment; every mistake is told at once."""

from service.settings.load import load_settings, parse_settings
from service.settings.model import EMBEDDED, CallerSettings, Ceilings, Settings, SourceEntry

__all__ = [
    "EMBEDDED",
    "CallerSettings",
    "Ceilings",
    "Settings",
    "SourceEntry",
    "load_settings",
    "parse_settings",
]
