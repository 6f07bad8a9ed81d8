"""What a source signs its calls with, made from settings that have been checked."""

from hashlib import sha256

from pydantic import SecretStr

from connectors.credential import (
    CallerCredential,
    Credential,
    RefreshCredential,
    ServiceAccountCredential,
    StaticCredential,
)
from connectors.sources.autodesk.settings import AutodeskSettings


def make_credential(settings: AutodeskSettings) -> Credential:
    """Give the credential; its identity tells whose it is and holds no secret.

    The service takes user-context tokens only (relationships:search, authentication context): a
    token somebody got, one refreshed from a login, or one of a service account in the project.
    """
    if settings.authorization is not None:
        header = _reveal(settings.authorization)
        return StaticCredential(f"bearer {_fingerprint(header)}", (("authorization", header),))
    if settings.refresh_token is not None:
        # The configured token stands for the login: another user's login is another identity.
        login = _fingerprint(_reveal(settings.refresh_token))
        return RefreshCredential(
            identity=f"{settings.client_id} refresh {login}",
            token_url=settings.token_endpoint,
            client_id=_reveal(settings.client_id),
            client_secret=_reveal(settings.client_secret) or None,
            refresh_token=_reveal(settings.refresh_token),
            scope=settings.scope,
            token_file=settings.token_file,
        )
    if settings.service_account_id is not None:
        return ServiceAccountCredential(
            identity=settings.service_account_id,
            token_url=settings.token_endpoint,
            client_id=_reveal(settings.client_id),
            client_secret=_reveal(settings.client_secret),
            account_id=settings.service_account_id,
            key_id=_reveal(settings.key_id),
            private_key=_reveal(settings.private_key),
            scope=settings.scope,
        )
    return CallerCredential()


def _reveal(value: SecretStr | str | None) -> str:
    """Give a setting as plain text; what has to be there, the settings have seen to."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def _fingerprint(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:12]
