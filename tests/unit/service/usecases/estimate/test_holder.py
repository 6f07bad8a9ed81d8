"""A lesson is for those who may share the listings behind it, and for no more."""

from typing import Any

import pytest

from connectors.credential import Scheme
from connectors.settings import Visibility
from service.usecases.estimate.holder import Holder, holder_of
from service.usecases.source import UpstreamCredential


@pytest.mark.parametrize(
    ("visibility", "holders"),
    [(Visibility.CREDENTIAL, 2), (Visibility.TENANT, 2), (Visibility.PUBLIC, 1)],
)
def test_callers_share_what_is_everybodys(stage: Any, visibility: Visibility, holders: int) -> None:
    """Two callers of one source are two holders unless it is public."""
    stage.source("feed", "feed", visibility=visibility, by_caller=True)
    (source,) = stage.sources
    sent = [UpstreamCredential(Scheme.BEARER, name) for name in ("ines", "otto", "ines")]
    found = [holder_of(source, source.admit(each)) for each in sent]
    assert len(set(found)) == holders
    assert found[0] == found[2]
    assert {each.passing for each in found} == {visibility is not Visibility.PUBLIC}


def test_whoever_asks_with_the_services_credential_is_one(stage: Any) -> None:
    """All callers of such a source share what it teaches."""
    stage.source("feed", "feed")
    (source,) = stage.sources
    assert holder_of(source, source.admit(None)) == Holder("feed", "configured:feed")
