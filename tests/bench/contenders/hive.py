"""GraphQL Hive Gateway over the same upstream: fetched from npm, composed, started and asked.

Mesh Compose makes a supergraph of an OpenAPI description; a row's relations are resolved by asking the
upstream about its id (`@resolveTo`), so one query is the whole neighborhood. It answers with the
upstream's own rows, nested: no addresses, no aliases, no provenance, no hops. Its documents are
compiled (`--jit`), and it is warmed up for hundreds of answers, since it gains speed for long.
"""

import json
import os
import socket
import subprocess
from contextlib import suppress
from hashlib import sha3_256
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench.contenders.naive import facts_of
from bench.installing import install_node
from bench.likeness import UnlikeError
from bench.pinning import SERVING, on

PACKAGES = {
    "@graphql-hive/gateway": "2.15.1",
    "@graphql-mesh/compose-cli": "1.8.2",
    "@omnigraph/openapi": "0.112.4",
    "graphql": "^16",
}
# What 2.15.1 asks for of this one was never published.
_OVERRIDES = {"@graphql-tools/batch-execute": "10.2.0"}
_PATIENCE = 60
_OK = 200

_STRING, _NUMBER = {"type": "string"}, {"type": "integer"}
_OPENAPI: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "feed", "version": "1"},
    "paths": {
        "/api/search/v1/entity/{id}/relations": {
            "get": {
                "operationId": "relations",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": _STRING},
                    {"name": "limit", "in": "query", "schema": _NUMBER},
                ],
                "responses": {
                    "202": {
                        "description": "relations",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Relations"}}
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Relations": {
                "type": "object",
                "title": "Relations",
                "properties": {
                    "pages": _NUMBER,
                    "items": _NUMBER,
                    "results": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                },
            },
            "Row": {
                "type": "object",
                "title": "Row",
                "properties": {
                    "id": _STRING,
                    "type": _STRING,
                    "@timestamp": _STRING,
                    "accuracy": _NUMBER,
                    "reputation": _NUMBER,
                    "attributes": {"type": "object", "additionalProperties": True},
                    "tags": {"type": "array", "nullable": True, "items": _STRING},
                },
            },
        }
    },
}
_COMPOSE = """
import { defineConfig } from '@graphql-mesh/compose-cli';
import { loadOpenAPISubgraph } from '@omnigraph/openapi';

export const composeConfig = defineConfig({
  subgraphs: [{
    sourceHandler: loadOpenAPISubgraph('feed', {
      source: './openapi.json',
      endpoint: '{upstream}',
      operationHeaders: { authorization: 'Bearer sandbox-demo-token' },
    }),
  }],
  additionalTypeDefs: `
    extend type Row {
      relations: Relations @resolveTo(
        sourceName: "feed", sourceTypeName: "Query", sourceFieldName: "relations",
        requiredSelectionSet: "{ id }", sourceArgs: { id: "{root.id}", limit: 1000 })
    }`,
});
"""
_QUERY = """
query Neighborhood($id: String!) {
  relations(id: $id, limit: 1000) { ...Rows results { relations { ...Rows } } }
}
fragment Rows on Relations { results { id type _AT_timestamp accuracy reputation attributes tags } }
"""


def install(scratch: Path) -> str | None:
    """See to it that it is there; gives why it is not."""
    manifest = {"private": True, "dependencies": PACKAGES, "overrides": _OVERRIDES}
    return install_node(PACKAGES, into=(scratch / "hive").resolve(), manifest=json.dumps(manifest))


class Hive:
    """A running gateway."""

    def __init__(self, *, scratch: Path, folder: Path, upstream: str) -> None:
        """Compose a supergraph of the upstream in `folder`, and start it on the serving core."""
        folder.mkdir()
        (folder / "node_modules").symlink_to((scratch / "hive" / "node_modules").resolve())
        (folder / "openapi.json").write_text(json.dumps(_OPENAPI), "utf-8")
        (folder / "mesh.config.mjs").write_text(_COMPOSE.replace("{upstream}", upstream), "utf-8")
        programs = folder / "node_modules" / ".bin"
        subprocess.run(  # noqa: S603 - as it is installed
            [str(programs / "mesh-compose"), "-o", "supergraph.graphql"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [str(programs / "hive-gateway"), "supergraph", "supergraph.graphql", "--jit"]
        with on(SERVING):
            self.popen = subprocess.Popen(  # noqa: S603 - the same
                [*command, "--host", "127.0.0.1", "--port", str(port)],
                cwd=folder,
                env={**os.environ, "NODE_ENV": "production"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._connection = self._connect()

    def seconds(self, node: str) -> float:
        """Have it answer, and give how long that took."""
        began = perf_counter()
        self.answer(node)
        return perf_counter() - began

    def answer(self, node: str) -> bytes:
        """Give a neighborhood of two hops."""
        _, type_, key = node.split(":", 2)
        native = f"{type_}-{sha3_256(key.encode()).hexdigest()}"
        body = json.dumps({"query": _QUERY, "variables": {"id": native}})
        self._connection.request("POST", "/graphql", body, {"content-type": "application/json"})
        reply = self._connection.getresponse()
        told = reply.read()
        if reply.status != _OK or b'"errors"' in told[:200]:
            raise RuntimeError(f"the gateway does not answer: {told[:200]!r}")
        return told

    def end(self) -> None:
        """End it."""
        self._connection.close()
        self.popen.terminate()
        self.popen.wait(20)

    def _connect(self) -> HTTPConnection:
        end = monotonic() + _PATIENCE
        place = urlsplit(self.url).netloc
        while monotonic() < end and self.popen.poll() is None:
            connection = HTTPConnection(place, timeout=_PATIENCE)
            with suppress(OSError):
                connection.request("GET", "/readiness")
                reply = connection.getresponse()
                reply.read()
                if reply.status == _OK:
                    return connection
            connection.close()
            sleep(0.1)
        self.popen.kill()
        raise RuntimeError("the gateway does not start")


def check_rows(ours: bytes, theirs: bytes, *, node: str) -> None:
    """See that the nested rows tell of the same edges, and the same of every node; UnlikeError."""
    answer, told = msgspec.json.decode(ours), msgspec.json.decode(theirs)
    pairs, attributes = set(), {}
    level = [(node, row) for row in told["data"]["relations"]["results"]]
    for near, row in level:
        facts = facts_of({**row, "@timestamp": row["_AT_timestamp"]})
        pairs.add(frozenset((near, facts["id"])))
        attributes[facts["id"]] = facts["attributes"]
        level += [(facts["id"], each) for each in (row.get("relations") or {"results": ()})["results"]]
    if pairs != {frozenset((edge["subject"], edge["object"])) for edge in answer["edges"]}:
        raise UnlikeError("the gateway: other edges than ours")
    if attributes != {each["id"]: each["attributes"]["feed"] for each in answer["nodes"]}:
        raise UnlikeError("the gateway: tells something else of a node")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
