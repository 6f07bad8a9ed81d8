"""A service with a canary in every place that takes a secret, and a search of all that it shows or leaves."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.testing.canary import canary
from harness.board import Board
from harness.family import command_line, environment, family
from harness.leak import find_leaks, unpacked
from harness.plain import client_of
from harness.process import Process, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings
from harness.store import Store
from service.caller import make_key

NAMES = (
    "caller token",
    "own token",
    "client secret",
    "login in the store",
    "login in a file",
    "feed key",
    "feed secret",
    "guest key",
    "guest secret",
    "store password",
    "wrong store password",
    "wrong api key",
    # What is sent where it does not belong.
    "stray",
    # Their holders' names are part of every token that the sandbox mints for them.
    "user",
    "robot",
)
SECRETS = {name: canary(name) for name in NAMES} | {"secret key": canary("secret") + canary("key")}
ROBOT = "robot@example"


class Scene:
    """The service, its upstreams and its store; every reply it gives is kept to be searched."""

    def __init__(self, folder: Path, *, site: Process, feed: Process, store: Store, stack: ExitStack) -> None:
        """Write the settings and start it: two workers, the log at its most talkative. `stack` ends it."""
        self.site, self.feed = Board(site.url), Board(feed.url)
        self.feed_url = feed.url
        self.store = store
        self._tokens = folder / "tokens"
        self._tokens.mkdir()
        self._key, key_hash = make_key()
        self._public, private = _make_pem()
        self.secrets = SECRETS | {"api key": self._key, "private key": private.splitlines()[7]}
        self.admit()
        client = {"client_id": "robots", "client_secret": SECRETS["client secret"], "authorization": None}
        secret = folder / "feed-secret"
        secret.write_text(SECRETS["feed secret"])
        login = {"refresh_token": SECRETS["login in a file"], "token_file": str(self._tokens / "token")}
        account = {"service_account_id": ROBOT, "key_id": "key-1", "private_key": private}
        pair = {"api_key": SECRETS["feed key"], "api_secret_file": str(secret)}
        self.sources = {
            "acc": autodesk(site.url, credentials="caller"),
            "own": autodesk(site.url, authorization=f"Bearer {SECRETS['own token']}"),
            "renewed": autodesk(site.url, refresh_token=SECRETS["login in the store"], **client),
            "kept": autodesk(site.url, **login, **client),
            "robot": autodesk(site.url, **account, **client),
            "feed": threatwinds(feed.url, authorization=None, **pair),
            "guest": threatwinds(feed.url, authorization=None, credentials="caller"),
        }
        config = write_settings(
            folder / "relgraph.toml",
            redis_url=store.url,
            secret_keys=[SECRETS["secret key"]],
            log_level="debug",
            sources=self.sources,
            **{"callers.inspector": {"key_hash": key_hash}},
        )
        # Nobody listens at port 9: a credential that went to a proxy would get no answer.
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
        self.process = start_service(config, "--workers", "2", environment=proxies)
        stack.callback(self.process.end)
        self._client = stack.enter_context(client_of(self.process.url, timeout=30))
        self._replies: list[bytes] = []

    def admit(self) -> None:
        """Have the upstreams behave, know whom the canaries stand for, and begin a new journal."""
        user = {"user": SECRETS["user"], "containers": [CONTAINER], "client_id": "robots"}
        robot = {
            "key_id": "key-1",
            "public_key_pem": self._public,
            "client_id": "robots",
            "user": SECRETS["robot"],
            "containers": [CONTAINER],
            "client_secret": SECRETS["client secret"],
        }
        self.site.reset(
            requests_per_minute=None,
            accounts={SECRETS[name]: user for name in ("caller token", "own token")},
            refresh_tokens={SECRETS[name]: user for name in ("login in the store", "login in a file")},
            service_accounts={ROBOT: robot},
        )
        self.feed.reset(accounts={_pair(name): {"label": name} for name in ("feed", "guest")})

    def ask(
        self,
        path: str = "/graph",
        *,
        headers: dict[str, Any] | None = None,
        bare: bool = False,
        **parameters: Any,
    ) -> Any:
        """Ask, keep the reply, and give its JSON; `bare` sends no API key but what `headers` hold."""
        key = {} if bare else {"X-API-Key": self._key}
        reply = self._client.get(path, params=parameters, headers=key | (headers or {}))
        head = b"\n".join(name + b": " + value for name, value in reply.headers.raw)
        self._replies.append(head + b"\n\n" + reply.content)
        return reply.json()

    def leaks(self) -> dict[str, set[str]]:
        """Search everything there is, and give what was found where; the replies are forgotten."""
        replies, self._replies = self._replies, []
        processes = family(self.process.popen.pid)
        assert len(processes) >= 3
        places = {
            "output": [self.process.output.encode()],
            "replies": replies,
            "store": [key + b"\n" + unpacked(value) for key, (value, _) in self.store.content().items()],
            "files": [path.read_bytes() for path in self._tokens.iterdir()],
            "command lines": [command_line(pid) for pid in processes],
            "environments": [environment(pid) for pid in processes],
        }
        found = {name: find_leaks(b"\n".join(data), secrets=self.secrets) for name, data in places.items()}
        return {name: secrets for name, secrets in found.items() if secrets}


def caller_headers(source: str) -> dict[str, str]:
    """Give the credential that a caller brings for this source, if it takes one."""
    words = {"acc": f"Bearer {SECRETS['caller token']}", "guest": f"KeyPair {_pair('guest')}"}
    return {"Upstream-Credentials": f'{source}="{words[source]}"'} if source in words else {}


def _pair(name: str) -> str:
    return f"{SECRETS[f'{name} key']}:{SECRETS[f'{name} secret']}"


def _make_pem() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return public.decode(), private.decode()
