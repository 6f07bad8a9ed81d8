"""Domain and host names."""

import re

from connectors.observable.form import Form
from connectors.observable.text import lower_runes

# The upstream's own expression nests its repetitions, which a backtracking engine pays for with
# exponential time; this one says the same and is linear: runs of letters and digits, each joined
# to the next by one dot or one or two hyphens, and a last label of letters.
_FQDN = re.compile(r"[a-z0-9]+(?:(?:\.|--?)[a-z0-9]+)*\.[a-z]{2,20}")


def _is_fqdn(value: str) -> bool:
    return _FQDN.fullmatch(value) is not None


FQDN = Form(
    lower_runes,
    _is_fqdn,
    "a full domain name in ASCII, such as example.com, without a dot at either end",
)
