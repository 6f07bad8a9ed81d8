"""Where an answer can be asked for again, and its next page: by ref, which proxies leave alone."""

from urllib.parse import quote

from fastapi import Request

from connectors.model import Address, encode_ref
from service.api.query import read_name

# nginx as it comes refuses a reply with more than 4 KiB of headers: one page of memory.
# https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffer_size
_MOST_BYTES = 1536


def location_of(request: Request, seed: Address) -> dict[str, str]:
    """Give the header with the canonical address of the answer; none if it is too long for one."""
    location = _path(seed, _kept(request, without={"node"}))
    return {"Content-Location": location} if len(location) <= _MOST_BYTES else {}


def next_page_of(request: Request, seed: Address, *, cursor: str) -> dict[str, str]:
    """Give the header that links to the next page (RFC 8288); none if it is too long for one."""
    kept = [*_kept(request, without={"node", "cursor"}), b"cursor=" + cursor.encode()]
    link = f'<{_path(seed, kept)}>; rel="next"'
    return {"Link": link} if len(link) <= _MOST_BYTES else {}


def _path(seed: Address, query: list[bytes]) -> str:
    path = f"/graph/~{encode_ref(str(seed))}"
    return f"{path}?{quote(b'&'.join(query), safe='=&%+,:;@!$()*/?-._~')}" if query else path


def _kept(request: Request, *, without: set[str]) -> list[bytes]:
    pairs = [pair for pair in request.scope["query_string"].split(b"&") if pair]
    return [pair for pair in pairs if read_name(pair.partition(b"=")[0]) not in without]
