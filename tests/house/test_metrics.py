"""What docs/metrics.md says of the metrics is what the code has, and alert rules are well formed."""

import re
from pathlib import Path

import yaml

from service.adapters.metric import METRICS

ROOT = Path(__file__).parents[2]


def test_the_page_lists_every_metric() -> None:
    """In the code's order, each with its kind, its labels and the words that a scrape has for it."""
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    rows = [line.strip("|").split(" | ") for line in page.splitlines() if line.startswith("| `relgraph_")]
    told = [tuple(cell.strip() for cell in row) for row in rows]
    assert told == [
        (f"`{metric.shown}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.about)
        for metric in METRICS.values()
    ]


def test_no_label_is_of_a_caller() -> None:
    """There are these, and each takes one of a few words of our own."""
    labels = {label for metric in METRICS.values() for label in metric.labels}
    assert labels == {
        *("route", "method", "status", "complete"),
        *("source", "reply", "outcome", "found", "by", "state"),
    }


def test_alerts_say_what_and_for_how_long() -> None:
    """Each has a name of its own, waits, and tells a person; its labels are those of the metrics."""
    (group,) = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text("utf-8"))["groups"]
    rules = group["rules"]
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names) == 5
    known = {label for metric in METRICS.values() for label in metric.labels} | {"le", "instance"}
    for rule in rules:
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["annotations"]["summary"]
        asked = set(re.findall(r"(\w+)=~?\"", rule["expr"]))
        asked |= {word for group in re.findall(r"by \(([^)]+)\)", rule["expr"]) for word in group.split(", ")}
        assert asked <= known
