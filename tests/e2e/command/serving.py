"""Serves a small application of its own through the service's server: what is tested is the server."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from service.server import exit_on_sigterm, listener_url, open_listener, serve_here
from service.settings import Settings
from service.supervisor import Supervisor

# Workers are forks of the process that has imported this.
IMPORTED_BY = os.getpid()


def build(settings: Settings) -> ASGIApp:
    """Make an application that sleeps, dies or tells its process id, as its path says."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] == "lifespan.startup":
                if settings.log_level == "debug":
                    raise RuntimeError("this application never starts")
                await send({"type": "lifespan.startup.complete"})
            assert message["type"] == "lifespan.shutdown"
            await send({"type": "lifespan.shutdown.complete"})
            return
        _, verb, *rest = scope["path"].split("/")
        if verb == "die":
            os._exit(7)
        if verb == "sleep":
            sys.stdout.write("sleeping\n")
            sys.stdout.flush()
            await asyncio.sleep(float(rest[0]))
        answer = {
            "pid": os.getpid(),
            "imported_by": IMPORTED_BY,
            "raw_path_bytes": len(scope["raw_path"]),
            "secret_length": len(settings.secret_keys[0]),
        }
        body = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def main() -> None:
    """Serve on a free port and say where."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--never-starts", action="store_true")
    parser.add_argument("--secret-file", type=Path)
    chosen = parser.parse_args()
    secret = "x" * 32 if chosen.secret_file is None else chosen.secret_file.read_text("utf-8")
    settings = Settings(
        log_level="debug" if chosen.never_starts else "info", secret_keys=(SecretStr(secret),)
    )
    exit_on_sigterm()
    listener = open_listener("127.0.0.1", port=0)

    def announce() -> None:
        sys.stdout.write(f"listening on {url}\n")
        sys.stdout.flush()

    url = listener_url(listener)
    if chosen.workers == 1:
        serve_here(build, settings, listener=listener, announce=announce)
    else:
        Supervisor([build] * chosen.workers, settings, listener=listener).run(announce=announce)


if __name__ == "__main__":
    main()
