"""The bare route of W1: the bytes of a file from a FastAPI route, on the service's own server.

python -m bench.contenders.bare_route --config FILE --body FILE
"""

import argparse
import sys
from pathlib import Path

from fastapi import FastAPI, Response

from service.server import listener_url, open_listener, serve_here
from service.settings import Settings, load_settings


def build(body: bytes) -> FastAPI:
    """Build an application with one route that answers everything with these bytes."""
    app = FastAPI()

    @app.get("/graph")
    async def graph() -> Response:
        return Response(body, media_type="application/json")

    return app


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--body", type=Path, required=True)
    chosen = parser.parse_args()
    body = chosen.body.read_bytes()

    def app(_settings: Settings) -> FastAPI:
        return build(body)

    listener = open_listener("127.0.0.1", port=0)

    def announce() -> None:
        sys.stdout.write(f"listening on {listener_url(listener)}\n")
        sys.stdout.flush()

    with listener:
        serve_here(app, load_settings(chosen.config, environ={}), listener=listener, announce=announce)


if __name__ == "__main__":
    main()
