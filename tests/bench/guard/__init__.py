"""The guard: what an answer costs in instructions, which no other work on the machine changes."""
