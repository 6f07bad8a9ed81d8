"""A database behind FastAPI, for W3: it finds the pieces of an answer, and they are joined.

python -m bench.contenders.database --engine sqlite --documents FILE
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Protocol

from fastapi import FastAPI, Response

from bench.contenders.duck import Duck
from bench.contenders.falkor import Falkor
from bench.contenders.fragment import Found, Pieces, join, read_pieces
from bench.contenders.serving import serve
from bench.contenders.sqlite import Sqlite


class Engine(Protocol):
    """What finds neighborhoods."""

    def find(self, seed: str, *, hops: int) -> Found:
        """Find one."""
        ...


def create_app(engine: Engine) -> FastAPI:
    """Build the application."""
    app = FastAPI()

    @app.get("/graph")
    async def graph(node: str, hops: int = 1) -> Response:
        began = perf_counter()
        found = engine.find(node, hops=hops)
        body = join(found, node, hops=hops, seconds=perf_counter() - began)
        return Response(body, media_type="application/json")

    return app


def main() -> None:
    """Fill the database and serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "duckdb", "falkordb"), required=True)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--url", help="the server of falkordb")
    chosen = parser.parse_args()
    engines: dict[str, Callable[[Pieces], Engine]] = {
        "sqlite": Sqlite,
        "duckdb": Duck,
        "falkordb": lambda pieces: Falkor(pieces, url=chosen.url),
    }
    serve(create_app(engines[chosen.engine](read_pieces(chosen.documents))))


if __name__ == "__main__":
    main()
