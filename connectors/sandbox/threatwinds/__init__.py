"""A ThreatWinds of our own: entities and their relations, in the dialects of 2023, 2025 and 2026."""
