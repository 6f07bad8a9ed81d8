"""Access tokens for a service account: a signed assertion in exchange for a token.

Facts: aps.autodesk.com/en/docs/ssa/v1/developers_guide/jwt-assertions and the walkthrough
aps.autodesk.com/en/docs/ssa/v1/tutorials/getting-started-with-ssa.
"""

from datetime import timedelta

import jwt

from connectors.credential import ServiceAccountCredential
from connectors.ports import Clock
from connectors.runtime.bearer import AccessToken, fresh_until
from connectors.runtime.rsa import ALGORITHM, read_signing_key
from connectors.runtime.token_endpoint import TokenEndpoint

# The endpoint takes an assertion that expires within 300 s; a minute is for clocks that disagree.
_ASSERTION_LIFETIME = timedelta(seconds=240)


class ServiceAccountGrant:
    """The Grant of a ServiceAccountCredential; its tokens rotate nothing, each worker has its own."""

    def __init__(
        self, credential: ServiceAccountCredential, *, endpoint: TokenEndpoint, clock: Clock
    ) -> None:
        """Refuse, as ConfigurationError, a private key that cannot sign."""
        self._credential = credential
        self._endpoint = endpoint
        self._clock = clock
        self._key = read_signing_key(credential.private_key)

    async def obtain(self, *, rejected: str | None) -> AccessToken:  # noqa: ARG002 - each one is new
        """Exchange a new assertion for a new token; SourceError as the endpoint says."""
        issued = await self._endpoint.issue(
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._assert(),
                "scope": self._credential.scope,
            }
        )
        now = self._clock.now()
        return AccessToken(issued.access_token, fresh_until(now, issued.lifetime), now)

    def _assert(self) -> str:
        # The header has kid and alg RS256. The claims are these five: iss is the client id, sub the
        # service account's id, aud the token URL, and scope is an array, unlike in the form.
        claims = {
            "iss": self._credential.client_id,
            "sub": self._credential.account_id,
            "aud": self._credential.token_url,
            "exp": int((self._clock.now() + _ASSERTION_LIFETIME).timestamp()),
            "scope": self._credential.scope.split(),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._credential.key_id})
