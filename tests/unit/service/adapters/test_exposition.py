"""Tests of the text that Prometheus reads, by the library's own reader."""

from prometheus_client.parser import text_string_to_metric_families

from service.adapters.exposition import write_exposition
from service.adapters.metric import ANSWERS, METRICS, REQUESTS, SERVED_AGE
from service.adapters.numbers import Numbers


def test_counts_are_read_as_they_were_written() -> None:
    """Whatever a label holds."""
    numbers = Numbers()
    numbers.count(REQUESTS, ("/graph/{node}", "GET", 'a"b\\c\nd'), by=3)
    text = write_exposition(numbers).text.decode()
    (sample,) = [s for f in text_string_to_metric_families(text) for s in f.samples]
    assert sample.name == "relgraph_requests_total"
    assert sample.labels == {"route": "/graph/{node}", "method": "GET", "status": 'a"b\\c\nd'}
    assert sample.value == 3


def test_buckets_hold_what_is_below_them_too() -> None:
    """As Prometheus wants them: each bound counts everything up to it, the last everything."""
    numbers = Numbers()
    for value in (0.5, 5, 5, 1_000_000):
        numbers.observe(SERVED_AGE, ("tw",), value=value)
    text = write_exposition(numbers).text.decode()
    samples = {
        (s.name.removeprefix(SERVED_AGE.name), s.labels.get("le")): s.value
        for f in text_string_to_metric_families(text)
        for s in f.samples
    }
    assert samples["_bucket", "1.0"] == 1
    assert samples["_bucket", "10.0"] == samples["_bucket", "604800.0"] == 3
    assert samples["_bucket", "+Inf"] == samples["_count", None] == 4
    assert samples["_sum", None] == 1_000_010.5


def test_every_metric_is_explained() -> None:
    """Its meaning and its kind are there before anything was counted, under the name to ask for."""
    exposition = write_exposition(Numbers())
    assert exposition.media_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = exposition.text.decode().splitlines()
    assert lines == [
        line
        for metric in METRICS.values()
        for line in (f"# HELP {metric.shown} {metric.about}", f"# TYPE {metric.shown} {metric.kind}")
    ]
    assert ANSWERS.shown == "relgraph_answers_total"
