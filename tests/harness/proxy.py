"""A reverse proxy under a path prefix, as an API gateway puts one before an upstream."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_HOP_BY_HOP = frozenset({"connection", "host", "content-length", "transfer-encoding"})


class Proxy:
    """Passes `url` + path on to the upstream without the prefix; anything else is 404 there."""

    def __init__(self, upstream: str, *, prefix: str) -> None:
        """Start on a free port of the loopback."""
        self.paths: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(upstream, prefix))
        self.url = f"http://127.0.0.1:{self._server.server_port}{prefix}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self, upstream: str, prefix: str) -> type[BaseHTTPRequestHandler]:
        paths = self.paths

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paths.append(self.path)
                if not self.path.startswith(f"{prefix}/"):
                    self.send_error(404)
                    return
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
                reply = httpx.get(upstream + self.path.removeprefix(prefix), headers=headers)
                self.send_response(reply.status_code)
                self.send_header("content-type", reply.headers.get("content-type", ""))
                self.send_header("content-length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        return Handler
