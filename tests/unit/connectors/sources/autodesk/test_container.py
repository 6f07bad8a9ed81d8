"""Container ids: what is one, and what a mistake is told."""

import pytest

from connectors.sources.autodesk.container import read_container

GUID = "f0f4f36a-ac64-687f-b132-8efe04b22454"


def test_a_container_is_a_guid_in_lower_case() -> None:
    """Letters are lower-cased, and RFC 4122 bits are not asked for."""
    assert read_container("F0F4F36A-AC64-687F-B132-8EFE04B22454") == GUID
    assert read_container("00000000-0000-0000-0000-00000000000f") == "00000000-0000-0000-0000-00000000000f"


def test_a_project_id_is_told_what_to_leave_out() -> None:
    """A Data Management project id differs from the container by "b.", and the message says so."""
    with pytest.raises(ValueError, match=rf'leave out the "b.", a container is \'{GUID}\''):
        read_container(f"b.{GUID.upper()}")


@pytest.mark.parametrize(
    "text", ["", "b.", "testing", GUID[:-1], GUID + "0", GUID.replace("-", ""), f"{GUID}\n"]
)
def test_anything_else_is_refused(text: str) -> None:
    """The message shows what a container looks like."""
    with pytest.raises(ValueError, match="a container is a GUID, such as"):
        read_container(text)
