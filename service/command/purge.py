"""`relgraph purge`: remove from the store what it holds of a node, tenant, source or credential."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from getpass import getpass

from connectors.credential import CallerCredential, Scheme
from connectors.errors import AmbiguousNodeError, ConfigurationError, InvalidNodeIdError, UnknownNodeError
from connectors.model import Address, parse_address
from connectors.runtime.clock import SystemSleeper
from connectors.settings import Visibility
from service.adapters.redis_keyspace import RedisKeyspace
from service.cache.hasher import Hasher
from service.cache.key import Kind
from service.cache.partition import caller_partition, configured_partition
from service.cache.pick import Pick
from service.command import say
from service.command.remote import TIMEOUT, run_to_end, store_url
from service.settings import Settings, SourceEntry, load_settings
from service.usecases.answer.locate import claim
from service.usecases.asking.flights import BEHIND_SECONDS
from service.usecases.purge import sweep

# What an answer may take beyond its time: its last trips to the store, and a busy machine.
_GRACE = timedelta(seconds=5)
_NAMES = {
    Kind.LISTING: "listings",
    Kind.FACTS: "facts",
    Kind.PROOF: "proofs of access",
    Kind.REFUSAL: "refusals",
    Kind.LEARNT: "dictionaries (what is pressed by them is fetched again)",
    Kind.TRAIL: "listings fetched halfway",
    Kind.SHEET: "parts of pages (their cursors are expired)",
}


def run(chosen: argparse.Namespace) -> None:
    """Do it; ConfigurationError lists mistakes, StartError is the store's trouble."""
    run_to_end(_run(chosen))


async def _run(chosen: argparse.Namespace) -> None:
    settings = load_settings(chosen.config)
    url = store_url(chosen, settings)
    if settings.secret_keys != load_settings(chosen.config).secret_keys:
        raise ConfigurationError(
            ["secret_keys: made up at each start; to find anything, those of the service are needed"]
        )
    _check(chosen, settings)
    # What was kept under a key that has been rotated since may still be there.
    hashers = [Hasher([key.get_secret_value()]) for key in settings.secret_keys]
    picks = list(zip(_picks(chosen, settings, hashers), hashers, strict=True))
    keyspace = RedisKeyspace(url, timeout=TIMEOUT)
    try:
        found = await sweep(keyspace, picks, dry_run=chosen.dry_run)
        say(f"{'would remove' if chosen.dry_run else 'removed'} {_words(found)}")
        if chosen.dry_run or chosen.once:
            return
        wait = _longest_answer(settings) + 2 * settings.store_timeout + _GRACE
        say(f"waiting {wait.total_seconds():.0f} s: answers under way may still write what they have read")
        await SystemSleeper().sleep(wait)
        say(f"removed {_words(await sweep(keyspace, picks))}")
    finally:
        await keyspace.close()


def _longest_answer(settings: Settings) -> timedelta:
    """Give how long what is asked for an answer, or behind one, may be under way."""
    refreshes = any(entry.settings.stale_while_revalidate for entry in settings.sources.values())
    behind = timedelta(seconds=BEHIND_SECONDS if refreshes else 0)
    return max(settings.ceilings.timeout, behind)


def _check(chosen: argparse.Namespace, settings: Settings) -> None:
    if not any((chosen.node, chosen.tenant, chosen.source, chosen.credential)):
        raise ConfigurationError(["say what: --node, --tenant, --source or --credential"])
    known = ", ".join(sorted(settings.sources))
    # A source that is gone from the settings may have left something behind; its credential is gone.
    if chosen.credential is not None and chosen.credential not in settings.sources:
        raise ConfigurationError([f"no source is called {chosen.credential!r}; there are: {known}"])
    if None not in (chosen.source, chosen.credential) and chosen.source != chosen.credential:
        raise ConfigurationError(["--credential names its source itself; --source names another one"])
    if chosen.source is not None and chosen.source not in settings.sources:
        say(f"note: no source is called {chosen.source!r}; there are: {known}")


def _picks(chosen: argparse.Namespace, settings: Settings, hashers: list[Hasher]) -> Iterator[Pick]:
    addresses = () if chosen.node is None else _addresses(chosen.node, settings)
    if chosen.credential is None:
        pick = Pick(source=chosen.source, tenant=chosen.tenant, addresses=addresses)
        yield from (pick for _ in hashers)
        return
    entry = settings.sources[chosen.credential]
    credential = entry.plugin.credential(entry.settings)
    shared = entry.settings.visibility is not Visibility.CREDENTIAL
    caller = _read_credential(entry) if isinstance(credential, CallerCredential) else None
    if caller is not None and shared:
        say(
            f"note: what callers fetch from {entry.name} is shared by their tenant, and nobody knows who "
            f"fetched what; it stays, closed to this credential until {entry.name} has accepted it anew"
        )
    for hasher in hashers:
        if not isinstance(credential, CallerCredential):
            # Where it is shared by many, this is still the only credential that fetches it.
            own = None if shared else configured_partition(credential.identity)
        else:
            own = None if caller is None else caller_partition(*caller, hasher=hasher)
        yield Pick(entry.name, chosen.tenant, own, refusals=True, addresses=addresses)


def _addresses(text: str, settings: Settings) -> tuple[Address, ...]:
    """Give the node as it was typed and as it is kept."""
    connectors = {each.name: each.plugin.build(each.settings) for each in settings.sources.values()}
    try:
        address = parse_address(text)
        seed, _ = claim(address, connectors)
    except UnknownNodeError:
        # Nobody can be asked about it, and somebody may have named it all the same.
        return (address,)
    except (AmbiguousNodeError, InvalidNodeIdError) as error:
        raise ConfigurationError([f"--node: {error}"]) from error
    return tuple(dict.fromkeys((seed, address)))


def _read_credential(entry: SourceEntry) -> tuple[Scheme, str]:
    prompt = f"credential for {entry.name}: "
    text = (getpass(prompt) if sys.stdin.isatty() else sys.stdin.read()).strip()
    schemes = {scheme.value.lower(): scheme for scheme in entry.plugin.caller_schemes}
    word, _, value = text.partition(" ")
    if word.lower() not in schemes or not value.strip():
        forms = " or ".join(f'"{each.value} …"' for each in sorted(schemes.values()))
        raise ConfigurationError([f"--credential: {entry.name} takes {forms} on stdin"])
    return schemes[word.lower()], value.strip()


def _words(found: Counter[Kind]) -> str:
    counts = [f"{found[kind]} {name}" for kind, name in _NAMES.items() if found[kind]]
    return ", ".join(counts) or "nothing"
