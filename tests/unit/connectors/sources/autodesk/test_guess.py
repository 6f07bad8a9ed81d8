"""Which things of a project a pasted text may mean, in one container, in several, in any."""

from base64 import urlsafe_b64encode

import pytest

from connectors.sources.autodesk.container import Containers
from connectors.sources.autodesk.guess import recognise

ONE = "f0f4f36a-ac64-687f-b132-8efe04b22454"
TWO = "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
GUID = "bd17903c-7d3b-4e56-a79f-4cea00d430db"
LINEAGE = "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w"
FILE = "urn:adsk.wipprod:fs.file:vf.hC6k4hndRWaeIVhIjvHu8w?version=1"
PAGE = f"https://acc.autodesk.com/docs/files/projects/{ONE}?entityId={LINEAGE}"


def told(text: str, *containers: str) -> dict[str, float]:
    """Give the guesses and how sure they are, in their order; without containers, any is served."""
    served: Containers = containers or "any"
    return {str(guess.address): guess.confidence for guess in recognise(text, containers=served)}


def test_a_page_names_its_thing_first_and_then_its_project() -> None:
    """Also where any container is served: the page says which."""
    for containers in ((ONE,), (ONE, TWO), ()):
        assert list(told(PAGE, *containers))[:1] == [
            f"autodesk-bim360-documentmanagement@{ONE}:documentlineage:{LINEAGE}"
        ]
        assert told(PAGE, *containers)[f"autodesk@{ONE}"] == 0.3
    assert told(PAGE, TWO) == {}


def test_a_page_of_nothing_in_particular_is_the_project() -> None:
    """Such as that of a folder, which has no relations of its own."""
    folder = f"https://acc.autodesk.com/docs/files/projects/{ONE}?folderUrn=urn:adsk.wipprod:fs.folder:co.x"
    assert told(folder, ONE) == {f"autodesk@{ONE}": 0.92}
    unknown = f"https://acc.autodesk.com/docs/files/projects/{ONE}?entityId=urn:adsk.wipprod:fs.folder:co.x"
    assert told(unknown, ONE) == {f"autodesk@{ONE}": 0.92}


def test_a_guid_may_be_many_things() -> None:
    """An issue before others; in two projects each half as likely; in any, only a project has an address."""
    first, *others = told(GUID.upper(), ONE).items()
    assert first == (f"autodesk-bim360-issue@{ONE}:issue:{GUID}", 0.3)
    assert len(others) > 5
    assert list(told(GUID, ONE, TWO).values())[:2] == [0.15, 0.15]
    assert told(GUID) == {f"autodesk@{GUID}": 0.2}


def test_a_guid_may_be_a_project() -> None:
    """Surely so if it is one of ours; as Data Management writes it, it can be nothing else."""
    assert told(ONE, ONE)[f"autodesk@{ONE}"] == 0.9
    assert told(f"b.{ONE}", ONE) == {f"autodesk@{ONE}": 0.95}
    assert told(f"b.{TWO}", ONE) == {}


@pytest.mark.parametrize(
    ("text", "head", "key"),
    [
        (LINEAGE, "autodesk-bim360-documentmanagement@{}:documentlineage", LINEAGE),
        (f"{LINEAGE}?version=2", "autodesk-bim360-documentmanagement@{}:documentversion", None),
        (f"{LINEAGE}#{{3D}}", "autodesk-bim360-modelcoordination@{}:documentlineage", None),
        (FILE, "autodesk-bim360-documentmanagement@{}:fileversion", FILE),
        (
            urlsafe_b64encode(FILE.encode()).decode(),
            "autodesk-bim360-documentmanagement@{}:fileversion",
            FILE,
        ),
        (
            LINEAGE.replace(":", "%3A"),
            "autodesk-bim360-documentmanagement@{}:documentlineage",
            LINEAGE,
        ),
        (f"urn:adsk:form.field:{GUID}/{TWO}", "autodesk-construction-form@{}:formfield", None),
        (f"{TWO}-17", "autodesk-construction-schedule@{}:activity", None),
    ],
)
def test_an_id_tells_its_type_by_its_shape(text: str, head: str, key: str | None) -> None:
    """URNs also percent-encoded, or in base64 as the viewer has them."""
    assert next(iter(told(text, ONE))) == f"{head.format(ONE)}:{key or text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "urn:adsk.wipprod:fs.folder:co.x",
        "dXJuOmFkc2v____",
        f"{LINEAGE}#\ud800",
        f"{LINEAGE}#{'x' * 600}",
        "x" * 2000,
    ],
)
def test_what_has_no_address_is_no_guess(text: str) -> None:
    """A folder has no relations; noise has no meaning."""
    assert told(text, ONE) == {}


def test_the_likeliest_are_kept_of_very_many() -> None:
    """However many projects are served, and none is so unlikely as to be impossible."""
    tenants = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(900)]
    guesses = told(GUID, *tenants)
    assert len(guesses) <= 64
    assert min(guesses.values()) > 0
