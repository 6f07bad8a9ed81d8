"""What the URL of a BIM 360 or ACC page shows."""

import pytest

from connectors.sources.autodesk.web_page import WebPage, read_page_url

PROJECT = "f0f4f36a-ac64-687f-b132-8efe04b22454"
GUID = "bd17903c-7d3b-4e56-a79f-4cea00d430db"
OTHER = "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
URN = "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w"
ISSUE = WebPage(PROJECT, guid=GUID, domain="autodesk-bim360-issue", type="issue")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        (f"https://acc.autodesk.com/docs/files/projects/{PROJECT}?entityId={URN}", WebPage(PROJECT, urn=URN)),
        (f"https://acc.jpn.autodesk.com/build/issues/projects/{PROJECT}/issues?issueId={GUID}", ISSUE),
        (f"HTTPS://ACC.AUTODESK.EU/docs/issues/projects/{PROJECT}/issues/{GUID.upper()}", ISSUE),
        (f"https://field.b360.eu.autodesk.com/projects/b.{PROJECT}/issues?preview={GUID}", ISSUE),
        (f"https://acc.autodesk.com/docs/issues/projects/{PROJECT}/issues#/x?issueId={GUID}", ISSUE),
        (
            f"https://docs.b360.autodesk.com/projects/{PROJECT}/folders/urn:x/detail/viewer/items/{URN}",
            WebPage(PROJECT, urn=URN),
        ),
        (
            f"https://acc.autodesk.com/build/forms/projects/{PROJECT}/field-reports/{OTHER}/reports/{GUID}",
            WebPage(PROJECT, guid=GUID, domain="autodesk-construction-form", type="form"),
        ),
        (f"https://acc.autodesk.com/build/other/projects/{PROJECT}/{GUID}", WebPage(PROJECT)),
        (f"https://acc.autodesk.com/build/issues/projects/{PROJECT}/issues?issueId=7", WebPage(PROJECT)),
        (f"https://docs.b360.autodesk.com/projects/{PROJECT}", WebPage(PROJECT)),
    ],
)
def test_a_page_of_a_project(url: str, page: WebPage) -> None:
    """The project, and the thing in it where the URL names one whose type is known."""
    assert read_page_url(url) == page


@pytest.mark.parametrize(
    "url",
    [
        f"https://acc.autodesk.com.evil.example/docs/files/projects/{PROJECT}",
        f"https://evil.example/acc.autodesk.com/projects/{PROJECT}",
        f"https://acc.autodesk.com@evil.example/projects/{PROJECT}",
        f"https://developer.api.autodesk.com/projects/{PROJECT}",
        "https://acc.autodesk.com/projects/1",
        "https://acc.autodesk.com/projects",
        "https://acc.autodesk.com/",
        f"ftp://acc.autodesk.com/projects/{PROJECT}",
        "https://[acc/",
        f"https://acc.autodesk.com/projects/{PROJECT}?{'x' * 9000}",
        "",
    ],
)
def test_any_other_url_shows_nothing(url: str) -> None:
    """Another host, no project, or no URL at all."""
    assert read_page_url(url) is None
