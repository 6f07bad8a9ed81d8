"""`relgraph demo`: a store, both sandbox upstreams and the service, all throw-away, with requests to try."""

import argparse
import contextlib
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

from service.adapters.embedded import start_embedded
from service.command import StartError, collector_off, say
from service.command.serve import import_app, serve
from service.server import exit_on_sigterm
from service.settings import EMBEDDED, Settings, parse_settings

_UPSTREAMS = ("threatwinds", "autodesk")
_PATIENCE = timedelta(seconds=30)
# A sandbox promises to end within two seconds of SIGTERM.
_GRACE = timedelta(seconds=3)

# Two of the upstreams' own documents' examples, and a step further.
_ISSUE = (
    "autodesk-bim360-issue@f0f4f36a-ac64-687f-b132-8efe04b22454:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"
)
_REQUESTS = (
    ("who speaks of this domain", "/graph/observable:domain:acescency.com"),
    ("what belongs to this construction issue", f"/graph/{_ISSUE}"),
    ("two hops around the domain", "/graph/observable:domain:acescency.com?hops=2&max_nodes=50"),
)


def run(chosen: argparse.Namespace) -> None:
    """Serve the sandbox world until Ctrl-C or SIGTERM, then end everything that was started."""
    exit_on_sigterm()
    with collector_off(), _open_upstreams() as urls, start_embedded() as store:
        settings = _settings(urls).model_copy(update={"redis_url": store.url})
        serve(
            settings,
            host=chosen.host,
            port=chosen.port,
            announce=lambda url: say(_welcome(url, store=store.url)),
        )


@contextlib.contextmanager
def _open_upstreams() -> Iterator[Mapping[str, str]]:
    """Start one process per sandbox upstream and give their URLs; StartError if one does not start."""
    with contextlib.ExitStack() as stack:
        processes = {name: _start(name, stack) for name in _UPSTREAMS}
        import_app()
        end = time.monotonic() + _PATIENCE.total_seconds()
        yield {name: _url(name, process, end=end) for name, process in processes.items()}


def _start(name: str, stack: contextlib.ExitStack) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "connectors.sandbox", "--upstream", name, "--port", "0"]
    # In a session of its own Ctrl-C does not reach it: the service finishes its calls first.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [*command, "--die-with-parent"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    stack.callback(_stop, process)
    return process


def _url(name: str, process: subprocess.Popen[str], *, end: float) -> str:
    line = ""
    if process.stdout is not None:
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
        line = process.stdout.readline() if readable else ""
    if " listening on " not in line:
        raise StartError(f"the sandbox upstream {name!r} did not start")
    return line.rpartition(" ")[2].strip()


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _settings(urls: Mapping[str, str]) -> Settings:
    table = {
        "redis_url": EMBEDDED,
        "log_level": "warning",
        "sources": {
            # Accounts of the sandbox; they open nothing else.
            "threatwinds": {
                "connector": "threatwinds",
                "base_url": urls["threatwinds"],
                "api_key": "sandbox-demo-key",
                "api_secret": "sandbox-demo-secret",
            },
            "acc": {
                "connector": "autodesk",
                "base_url": urls["autodesk"],
                "containers": ["f0f4f36a-ac64-687f-b132-8efe04b22454"],
                "authorization": "Bearer sandbox-bearer-of-ines",
            },
        },
    }
    return parse_settings(table, environ={})


def _welcome(url: str, *, store: str) -> str:
    lines = [f"relgraph demo listening on {url}", "", f"Its documentation, to try things out: {url}/docs", ""]
    for words, path in _REQUESTS:
        lines += [
            f"# {words}",
            f"curl -s '{url}{path}'",
            f"python3 -c \"import urllib.request as r; print(r.urlopen('{url}{path}').read().decode())\"",
            "",
        ]
    lines += ["# which addresses are the same thing", f"relgraph crosswalk load FILE --redis-url {store}", ""]
    return "\n".join([*lines, "Everything ends with Ctrl-C."])
