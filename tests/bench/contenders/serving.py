"""How a contender that is no part of the service listens: uvicorn as it is installed beside the service."""

import sys

import uvicorn
from fastapi import FastAPI

from service.server import listener_url, open_listener


def serve(app: FastAPI) -> None:
    """Serve on a free port, say where, and end with a signal."""
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        ws="none",
        log_level="warning",
        access_log=False,
        # Nobody is to find a connection closed that was left alone while others were asked.
        timeout_keep_alive=600,
    )
    with open_listener("127.0.0.1", port=0) as listener:
        sys.stdout.write(f"listening on {listener_url(listener)}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listener])
