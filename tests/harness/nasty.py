"""Keys that software on the way to a service likes to mend: made from one list, the same every time."""

import random
from collections.abc import Iterator
from itertools import product

# What a URL, a path or a query takes for its own, as it is and already encoded once or twice.
_MEANINGFUL = (
    *("/", "//", "///", ".", "..", "...", "/.", "/..", "/./", "/../", "../", "./", "\\", "\\..\\", "/..;/"),
    *("%", "%%", "%2", "%2F", "%2f", "%5C", "%25", "%252F", "%2e%2e/", "%zz", "%u002f", "%00", "%0d%0a"),
    *(
        "?",
        "??",
        "#",
        "&",
        "=",
        "&amp;",
        ";",
        ";a=b",
        "+",
        " ",
        "  ",
        "%20",
        ":",
        "::",
        "@",
        "!",
        "*",
        "$",
        ",",
    ),
    *(
        "?node=x",
        "&node=y",
        "&hops=6",
        "?hops=0#",
        "#{3D}",
        "{}",
        "${a}",
        "{{b}}",
        "[1]",
        "(2)",
        "<b>",
        "</b>",
    ),
    *(
        "'",
        '"',
        "`",
        "''",
        "|",
        "^",
        "~",
        "~~",
        "-",
        "--",
        "_",
        "~YQ",
        "http://",
        "https://a.example/b?c=d#e",
    ),
    *(".html", ".php", ".json", "~ref", "graph/", "/graph/~YQ", "index", "*.*", "con", "nul", ".git/", "%7E"),
)
_CODES = (0, 1, 7, 8, 9, 10, 11, 12, 13, 27, 31, 127, 133, 155)
_CONTROLS = (*map(chr, _CODES), "\r\n", "\n\n")
# One and more of every plane and kind: letters, marks that join or turn, blanks, what no font has.
_UNICODE = (
    *("\u00e9", "e\u0301", "\u0130", "\u0131", "\u00df", "\u1e9e", "\u03c2", "\u0390", "\ufb03", "\u212b"),
    *("a" + "\u0300\u0316\u0334" * 8, "\u0345", "\u1112\u1161\u11ab", "\ud55c", "\u0e33", "\u0f73"),
    *("\u05d0\u05b7", "\u0627\u0644", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069", "\u061c"),
    *(
        "\u200b",
        "\u200c",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u00a0",
        "\u2003",
        "\u2028",
        "\u2029",
        "\u3000",
    ),
    *(
        "\uff0f",
        "\uff0e\uff0e",
        "\u2215",
        "\u2044",
        "\uff05",
        "\uff1f",
        "\uff03",
        "\u2025",
        "\uff1a",
        "\u037e",
    ),
    *("\ue000", "\uf8ff", "\ufdd0", "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0001d15f", "\U0001d7d8"),
    *(
        "\U0001f600",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f1e9\U0001f1ea",
        "\U0001f3f4\U000e0067",
    ),
    *("\U00020000", "\U0002fa1d", "\U00030000", "\U0003134a", "\U0004ffff", "\U0005fffe", "\U00060000"),
    *("\U00070000", "\U00080001", "\U00090009", "\U000a0000", "\U000b0000", "\U000c0000", "\U000d0000"),
    *("\U000e0001", "\U000e01ef", "\U000f0000", "\U000ffffd", "\U00100000", "\U0010ffff"),
)
_ALL = (*_MEANINGFUL, *_CONTROLS, *_UNICODE)
# The longest of which every spelling still fits into nginx's 8 KiB for a request's line.
_LONG = (
    "x" * 5000,
    "/" * 1000,
    "../" * 500,
    "%2e" * 500,
    "\U0010ffff" * 400,
    "a/" * 1000,
    "%" * 800,
    "\0" * 900,
)


def nasty_keys(count: int) -> list[str]:
    """Give so many different keys, the same at every call."""
    found: dict[str, None] = {}
    for key in _endless():
        found.setdefault(key)
        if len(found) == count:
            break
    return list(found)


def _endless() -> Iterator[str]:
    """Give the long ones, each piece between letters, many alone and at the end, then mixtures for ever."""
    yield from _LONG
    yield from (f"a{piece}b" for piece in _ALL)
    yield from (form.format(piece) for piece, form in product((*_MEANINGFUL, *_CONTROLS), ("{}", "a{}")))
    dice = random.Random(500)  # noqa: S311 - which pieces, nothing secret
    while True:
        yield "".join(dice.choices(_ALL, k=dice.randint(2, 9)))
