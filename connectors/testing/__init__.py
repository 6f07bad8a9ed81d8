"""The contract kit: what a connector has to keep, as tests that its author runs.

How a new source uses it is told in the README beside this file.
"""

from connectors.testing.canary import canary
from connectors.testing.replay import record
from connectors.testing.suite import ConnectorContract

__all__ = ["ConnectorContract", "canary", "record"]
