"""Times: every form the service has been seen to write, and nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.autodesk.instant import read_instant, write_instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-10-21T16:32:22Z", "2015-10-21T16:32:22Z"),
        ("2021-07-29T11:39:12+01:00", "2021-07-29T10:39:12Z"),
        ("2022-03-01T14:17:34.781856+00:00", "2022-03-01T14:17:34.781856Z"),
        ("2022-03-01T14:17:34.7818569Z", "2022-03-01T14:17:34.781856Z"),
        ("2022-03-01T14:17:34.5-0330", "2022-03-01T17:47:34.500000Z"),
        ("2022-03-01t14:17:34z", "2022-03-01T14:17:34Z"),
        ("2022-03-01T14:17:34", "2022-03-01T14:17:34Z"),
    ],
)
def test_every_form_that_was_seen_is_read(text: str, expected: str) -> None:
    """Offsets become UTC, digits past the microsecond are dropped, no zone means UTC."""
    assert write_instant(read_instant(text)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2022-03-01",
        "1650000000",
        1650000000,
        True,
        None,
        "2022-02-30T00:00:00Z",
        "2022-03-01T24:00:61Z",
        "0001-01-01T00:00:00+14:00",
        "2022-03-01T14:17:34Z\n",
        "٢٠٢٢-03-01T14:17:34Z",
    ],
)
def test_anything_else_is_refused(value: Any) -> None:
    """No number, no date alone, no time that never was."""
    with pytest.raises(ValueError, match=r"^(not an ISO 8601|no such) time$"):
        read_instant(value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_can_be_read(time: datetime) -> None:
    """Writing and reading a time gives it back to the microsecond."""
    assert read_instant(write_instant(time)) == time
