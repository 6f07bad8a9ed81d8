"""Access tokens by OAuth refresh, where each refresh token is good for one use only.

The fleet shares one chain: the newest refresh token together with the access token that came with
it, as one text in the vault. Whoever finds the access token spent takes hold of the vault, looks
again, and only then refreshes; the new refresh token is stored before the new access token is used.
The text also tells from which configured token the chain descends: when the operator configures
another one, a new chain begins. A refresh whose reply is lost on the way may have spent the token;
then only the operator can begin anew, and the outcome is `denied`.
"""

import logging
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from connectors.credential import RefreshCredential
from connectors.errors import SourceUnavailableError, StoreUnavailableError
from connectors.ports import Clock, Vault
from connectors.runtime.bearer import LONG_AGO, AccessToken, fresh_until
from connectors.runtime.token_endpoint import TokenEndpoint

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Chain:
    seed: str
    refresh_token: str = field(repr=False)
    access_token: str = field(repr=False)
    fresh_until: AwareDatetime
    issued_at: AwareDatetime | None = None


_CHAIN = TypeAdapter(_Chain)


class RefreshGrant:
    """The Grant of a RefreshCredential; in the whole fleet, one at a time refreshes."""

    def __init__(
        self, credential: RefreshCredential, *, endpoint: TokenEndpoint, vault: Vault, clock: Clock
    ) -> None:
        """Keep the chain in `vault` under the credential's identity."""
        self._credential = credential
        self._endpoint = endpoint
        self._vault = vault
        self._clock = clock
        self._seed = sha256(credential.refresh_token.encode()).hexdigest()[:16]
        self._unstored: _Chain | None = None

    async def obtain(self, *, rejected: str | None) -> AccessToken:
        """Give the fleet's access token, refreshed if it is spent or was `rejected`.

        SourceUnavailableError also when the vault cannot be used: to refresh without it would
        lose the chain.
        """
        try:
            shared = self._usable(await self._load(), rejected)
            if shared is not None:
                return shared
            async with self._vault.hold(self._credential.identity):
                return await self._advance(rejected)
        except StoreUnavailableError:
            pass
        raise SourceUnavailableError("the place that keeps the refresh token cannot be used")

    async def _advance(self, rejected: str | None) -> AccessToken:
        if self._unstored is not None:
            await self._store(self._unstored)
        chain = await self._load()
        shared = self._usable(chain, rejected)
        if shared is not None:
            return shared
        spent = self._credential.refresh_token if chain is None else chain.refresh_token
        form = {"grant_type": "refresh_token", "refresh_token": spent}
        if self._credential.scope:
            form["scope"] = self._credential.scope
        issued = await self._endpoint.issue(form)
        now = self._clock.now()
        until = fresh_until(now, issued.lifetime)
        chain = _Chain(self._seed, issued.refresh_token or spent, issued.access_token, until, now)
        await self._store(chain)
        return AccessToken(chain.access_token, until, now)

    async def _store(self, chain: _Chain) -> None:
        # Until it is stored this process is the only one to know the new token, and must not forget.
        self._unstored = chain
        await self._vault.store(self._credential.identity, _CHAIN.dump_json(chain).decode())
        self._unstored = None

    async def _load(self) -> _Chain | None:
        text = await self._vault.load(self._credential.identity)
        if text is None:
            return None
        try:
            chain = _CHAIN.validate_json(text)
        except ValidationError:
            _log.warning("what the vault keeps is unreadable; the configured refresh token is used")
            return None
        return chain if chain.seed == self._seed else None

    def _usable(self, chain: _Chain | None, rejected: str | None) -> AccessToken | None:
        if chain is None or chain.access_token == rejected or chain.fresh_until <= self._clock.now():
            return None
        return AccessToken(chain.access_token, chain.fresh_until, chain.issued_at or LONG_AGO)
