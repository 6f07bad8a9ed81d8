"""A service account's private key, read once to be sure that it signs."""

from typing import Any

import jwt

from connectors.errors import ConfigurationError

ALGORITHM = "RS256"


def read_signing_key(pem: str) -> Any:
    """Give the key as `jwt.encode` takes it; ConfigurationError, which never quotes it, if it cannot sign."""
    algorithm = jwt.get_algorithm_by_name(ALGORITHM)
    try:
        key = algorithm.prepare_key(pem)
        algorithm.sign(b"", key)
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError):
        raise ConfigurationError(["the service account's private key is no RSA key in PEM form"]) from None
    return key
