"""The outside as the service needs it: Redis, memory, the embedded server, ciphers."""
