"""Real proxies in front of a service: Debian's nginx and HAProxy, each a child process on a free port.

They run with the settings they come with; what is written here is what they cannot do without:
where to listen, whom to ask, and a temporary folder instead of the system's.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pytest

_PATIENCE = 10.0
_ATTEMPTS = 3
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"))

# https://nginx.org/en/docs/http/ngx_http_proxy_module.html; `{proxy}` stands in the one location.
_NGINX = """
{user}
daemon off;
worker_processes 2;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache levels=1:2 keys_zone=answers:1m max_size=50m inactive=60m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
{proxy}
    }}
  }}
}}
"""
PLAIN = "proxy_pass http://{upstream};"
"""nginx hands on what it was sent."""
NORMALISING = "proxy_pass http://{upstream}/;"
"""With a path in `proxy_pass`, nginx decodes, mends and encodes the path anew."""
CACHING = """
proxy_pass http://{upstream};
proxy_cache answers;
proxy_cache_revalidate on;
proxy_cache_valid any 1m;
add_header X-Cache-Status $upstream_cache_status always;
"""
"""A shared cache; a reply that says nothing of caching would be kept for a minute, whatever it is."""
# The section `defaults` is that of Debian's own haproxy.cfg, without its log and its error pages.
_HAPROXY = """
defaults
  mode http
  option dontlognull
  timeout connect 5000
  timeout client  50000
  timeout server  50000
frontend front
  bind 127.0.0.1:{port}
  default_backend service
backend service
  server one {upstream}
"""


class Front:
    """One running proxy; a context manager that leaves neither process nor file behind."""

    def __init__(self, name: str, template: str, *, upstream: str) -> None:
        """Start it in front of the service at the URL `upstream`; the test is skipped if it is not there."""
        program = shutil.which(name, path=_PLACES)
        if program is None:
            pytest.skip(f"{name} is not installed, and .ci/run could not install it")
        self._command = [program]
        # However this process ends, the kernel tells the proxy.
        if setpriv := shutil.which("setpriv", path=_PLACES):
            self._command = [setpriv, "--pdeathsig", "TERM", program]
        self._template = template
        self._upstream = urlsplit(upstream).netloc
        self._folder = Path(tempfile.mkdtemp(prefix="rgt-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        for _ in range(_ATTEMPTS):
            # Between choosing a port and listening there, somebody else may have taken it.
            if self._start(name):
                return
        told = "".join(path.read_text() for path in self._folder.glob("*.log"))
        self.close()
        raise RuntimeError(f"{name} did not start: {told}")

    def close(self) -> None:
        """End it, and be it by force, and remove its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Give the running proxy."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _start(self, name: str) -> bool:
        port = _free_port()
        config = self._folder / "config"
        user = "user root;" if os.getuid() == 0 else ""
        places = {"folder": self._folder, "port": port, "upstream": self._upstream, "user": user}
        config.write_text(self._template.format(**places))
        options = {
            "nginx": ["-e", f"{self._folder}/error.log", "-c", str(config)],
            "haproxy": ["-db", "-q", "-f", str(config)],
        }
        with (self._folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a program of the system, on our own file
                [*self._command, *options[name]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return True
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        return False


def start_nginx(proxy: str, *, upstream: str) -> Front:
    """Start nginx with these words in its one location, such as `PLAIN`."""
    return Front("nginx", _NGINX.replace("{proxy}", proxy), upstream=upstream)


def start_haproxy(*, upstream: str) -> Front:
    """Start HAProxy."""
    return Front("haproxy", _HAPROXY, upstream=upstream)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
