"""How the sources have been doing, as the answers of this process have seen it."""

from datetime import UTC, datetime, timedelta

from connectors.model import Outcome
from service.usecases.pulse import Beat, Pulse

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_each_credential_has_its_own_beat_and_the_source_its_newest() -> None:
    """One caller's denial is not told to another; whoever watches the source sees the newest."""
    pulse = Pulse()
    fine, denied = Beat(Outcome.OK, NOON), Beat(Outcome.DENIED, NOON + timedelta(seconds=1))
    pulse.note("acc", identity="ines", beat=fine)
    pulse.note("acc", identity="otto", beat=denied)
    assert pulse.of("acc", identity="ines") == fine
    assert pulse.of("acc", identity="otto") == denied
    assert pulse.of("acc", identity="marc") is None
    assert pulse.newest("acc") == denied
    assert pulse.newest("threatwinds") is None


def test_made_up_credentials_do_not_fill_the_memory() -> None:
    """The oldest are forgotten first; the source's own newest beat stays."""
    pulse = Pulse()
    for number in range(10_001):
        pulse.note("acc", identity=str(number), beat=Beat(Outcome.DENIED, NOON))
    assert pulse.of("acc", identity="0") is None
    assert pulse.of("acc", identity="10000") is not None
    assert pulse.newest("acc") is not None
