"""For whom a lesson is: whoever may share the listings that it was learnt from, and nobody else."""

from typing import NamedTuple

from connectors.settings import Visibility
from service.cache.partition import PUBLIC
from service.usecases.source import Access, Source


class Holder(NamedTuple):
    """Who may be told what was learnt of a source: the `partition` of those who share its listings.

    `passing` tells that this is a caller's credential: there are many of them, and they come and go.
    """

    source: str
    partition: str
    passing: bool = False


def holder_of(source: Source, access: Access) -> Holder:
    """Give for whom a source teaches whoever asks with this access.

    Under visibility `tenant` that is the credential alone too: a lesson is of no tenant in particular,
    and a plan, which asks nobody, could not have it proven for one.
    """
    if source.visibility is Visibility.PUBLIC:
        return Holder(source.name, PUBLIC)
    return Holder(source.name, access.identity, source.by_caller)
