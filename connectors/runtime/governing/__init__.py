"""The governor's rules for one lane, as pure state machines: no clock, no I/O.

`limit` finds how many calls at once are good for an upstream, `line` says who is next, `book` is
the whole lane. What processes share in Redis follows the same rules by a script; a test runs both
through the same steps and expects the same.
"""
