"""How the search engine below the upstream words its errors; relayed as text inside the upstream's own."""

import msgspec


def engine_error(type: str, reason: str) -> str:
    """Return the engine's error document as JSON text."""
    cause = {"type": type, "reason": reason}
    failure = {"shard": 0, "index": "v1-entity-consolidated-2023.04", "node": "sandbox", "reason": cause}
    error = {
        "root_cause": [cause],
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "phase": "query",
        "grouped": True,
        "failed_shards": [failure],
    }
    return msgspec.json.encode({"error": error, "status": 400}).decode()
