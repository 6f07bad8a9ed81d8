"""Starts the real parts for tests: sandbox upstreams and services as processes of their own."""
