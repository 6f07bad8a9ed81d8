"""How far a crosswalk shows: nobody learns from it of an address that their own credential does not open.

Each attack asks the same twice, with and without a row that this caller may not see, and compares the
answers whole: what they hold, what they say of themselves, and what they cost.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Filter
from connectors.errors import GraphError
from connectors.settings import Visibility
from harness.asserting import Told, everything, load_rows, row
from service.cache.crosswalk import WrittenRow
from service.cache.freshness import UNLIMITED, Tolerance
from service.graph.budget import Budget
from service.graph.rule import Rule
from service.usecases.answer.answering import Answer
from service.usecases.answer.resume import ExpiredCursorError, InvalidCursorError
from service.usecases.answer.stream import Stream
from service.usecases.request import GraphRequest, Identity, Require
from service.usecases.source import UpstreamCredential

ASSERTED = Identity.ASSERTED
CREDENTIAL, TENANT = Visibility.CREDENTIAL, Visibility.TENANT
HIDDEN = "acc@c:doc:1"
# Rows that lead to what is hidden: from a seed, from a node on the way and from one at the boundary, out
# of the caller's own tenant, through to something open, and with sources named.
ROWS = {
    "seed": [row("obs:domain:a", HIDDEN)],
    "way": [row("obs:domain:b", HIDDEN)],
    "chain": [row("obs:domain:a", HIDDEN), row(HIDDEN, "obs:domain:c")],
    "group": [row("obs:domain:b", HIDDEN), row(HIDDEN, "acc@c:doc:2"), row("acc@c:doc:2", "obs:domain:a")],
    "named": [row("obs:domain:a", HIDDEN, "acc")],
    "named twice": [row("obs:domain:a", HIDDEN, "acc", "feed")],
    "tenants": [row("acc@d:doc:5", HIDDEN)],
    "tenants, named": [row("acc@d:doc:5", HIDDEN, "acc")],
}
# That the crosswalk has any row of a tenant is no secret in most of these.
OTHERS = [row("acc@c:doc:zy", "acc@c:doc:zz"), row("acc@d:doc:0", "acc@d:doc:00")]
QUESTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "far": {"hops": 3},
    "none": {"hops": 0},
    "explained": {"explain": True, "hops": 2},
    "one call": {"budget": Budget(max_calls=1), "hops": 2},
    "cut": {"budget": Budget(max_nodes=2), "hops": 2},
    "whole": {"require": Require.COMPLETE},
    "restricted": {"sources": ("feed",)},
    "filtered": {"rule": Rule(filter=Filter(with_type=("doc",))), "hops": 2},
    "path": {"to": "obs:domain:c"},
    "anew": {"tolerance": Tolerance(max_age=timedelta(0))},
    "in time": {"budget": Budget(timeout=timedelta(seconds=20))},
}
# How an upstream treats a caller who has nothing to look for at `acc@c`: by the status it answers there.
CALLERS: dict[str, tuple[str | None, int | None]] = {
    "nobody": (None, None),
    "made up": ("a bogus token", 401),
    "of another tenant": ("an outsider's token", 403),
    "of a hidden tenant": ("an outsider's token", 404),
}


def _stage(
    make_stage: Any, *, status: int | None = None, visibility: Visibility = CREDENTIAL
) -> tuple[Any, Any]:
    """Set the stage: an open feed, and a source of two tenants that takes the caller's own credential.

    Gives the stage and that source's site; `status` is what it says of what the caller has no access to.
    """
    stage = make_stage()
    feed = stage.source("feed", "obs")
    acc = stage.source("acc", "acc", by_caller=True, tenants=("c", "d"), visibility=visibility)
    for one, other in (("a", "b"), ("b", "c")):
        feed.line(f"obs:domain:{one}", f"obs:domain:{other}")
    feed.line("obs:domain:b", "acc@d:doc:5")
    acc.line("acc@d:doc:5", "acc@d:doc:6")
    acc.line(HIDDEN, "acc@c:doc:2")
    acc.labels[HIDDEN] = "a secret plan"
    if status is not None:
        acc.faults["acc@c" if status in (403, 404) else "acc@"] = status
    return stage, acc


async def _asked(
    stage: Any,
    rows: Sequence[WrittenRow],
    seed: str,
    token: str | None,
    *,
    others: Sequence[WrittenRow] = OTHERS,
    **question: Any,
) -> list[Told | str]:
    """Load the rows, ask, page by page and as a stream, and give all that was told."""
    await load_rows(stage, [*others, *rows])
    tokens = {} if token is None else {"acc": token}
    told: list[Told | str] = []
    cursor = None
    while cursor is not None or not told:
        try:
            answer = await stage.ask(seed, as_=tokens, identity=ASSERTED, cursor=cursor, **question)
        except GraphError as error:
            return [*told, f"{type(error).__name__}: {error}", *_reports(error)]
        told.append(everything(answer))
        cursor = answer.next_cursor
    return [*told, *await _streamed(stage, seed, tokens, **question)]


def _reports(error: Any) -> list[str]:
    reports = getattr(error, "reports", ())
    return [f"{each.source} {each.outcomes} {each.calls} {each.cached} {each.detail}" for each in reports]


async def _streamed(stage: Any, seed: str, tokens: dict[str, str], **question: Any) -> list[str]:
    """Give the events of a stream, in order, but for the times in them."""
    credentials = {
        name: UpstreamCredential(next(iter(stage.sources[1].schemes)), token)
        for name, token in tokens.items()
    }
    request = GraphRequest((seed,), credentials=credentials, identity=ASSERTED, **question)
    stream = Stream(await stage.expander.begin(request))
    events: list[str] = []
    try:
        await stream.begin()
        while news := await stream.news():
            events += [_spelled(event.kind, event.body) for event in news if event.kind != "progress"]
    finally:
        await stream.close()
    return events


def _spelled(kind: str, body: Any) -> str:
    if kind == "done":
        return f"done {everything(body.answer)} {body.withdrawn_nodes} {body.withdrawn_edges}"
    return f"{kind} {body}"


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("visibility", [CREDENTIAL, TENANT])
async def test_a_hidden_row_changes_nothing(
    make_stage: Any, who: str, question: str, visibility: Visibility
) -> None:
    """Whole answers, their pages and their streams are the same with the row and without it."""
    token, status = CALLERS[who]
    for seed in ("obs:domain:a", "acc@d:doc:5"):
        told = []
        for rows in ([], *ROWS.values()):
            stage, _ = _stage(make_stage, status=status, visibility=visibility)
            answers = await _asked(stage, rows, seed, token, **QUESTIONS[question])
            told.append((answers, _pulses(stage)))
            assert "secret" not in str(answers)
            assert HIDDEN not in str(answers)
        without, *with_row = told
        assert with_row == [without] * len(ROWS)


def _pulses(stage: Any) -> dict[str, Any]:
    """Give what `/sources` has to say."""
    return {source.name: stage.pulse.newest(source.name) for source in stage.sources}


@pytest.mark.parametrize("rows", ROWS)
async def test_the_same_rows_show_once_the_credential_is_accepted(make_stage: Any, rows: str) -> None:
    """What is hidden from others is there for whom the upstream lets in: else nothing is tested above."""
    stage, _ = _stage(make_stage)
    await load_rows(stage, ROWS[rows])
    answer = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED, hops=3)
    assert HIDDEN in _addresses(answer)
    assert answer.complete


def _addresses(answer: Answer) -> set[str]:
    return {address for node in answer.page.records.nodes for address in (node["id"], *node["aliases"])}


@pytest.mark.parametrize("visibility", [CREDENTIAL, TENANT])
@pytest.mark.parametrize("words", [{}, {"max_stale": UNLIMITED}])
async def test_what_an_authorised_caller_has_warmed_opens_nothing(
    make_stage: Any, visibility: Visibility, words: dict[str, Any]
) -> None:
    """The cache is full of what the row leads to, the caller's token is refused: nothing of it shows."""
    stage, site = _stage(make_stage, visibility=visibility)
    await load_rows(stage, ROWS["seed"])
    for node in ("obs:domain:a", HIDDEN):
        warm = await stage.ask(node, as_="a token", identity=ASSERTED, hops=2)
        assert HIDDEN in _addresses(warm)
    site.refused.add("a bogus token")
    for token in ("a bogus token", None):
        answer = await stage.ask(
            "obs:domain:a", as_=token, identity=ASSERTED, hops=2, explain=True, tolerance=Tolerance(**words)
        )
        assert "acc@c" not in str(everything(answer))
    again = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED, hops=2)
    assert HIDDEN in _addresses(again)


async def test_what_was_asked_for_the_crosswalks_sake_costs_and_saves_the_answer_nothing(
    make_stage: Any,
) -> None:
    """Also of the very address that shows whether a credential is accepted, and with one call to spend."""
    for question in ("plain", "one call"):
        stages = [_stage(make_stage, status=403)[0] for _ in range(2)]
        with_row, without = [
            await _asked(
                stage, rows, "acc@d:doc:5", "an outsider's token", others=OTHERS[:1], **QUESTIONS[question]
            )
            for stage, rows in zip(stages, (ROWS["tenants"], []), strict=True)
        ]
        assert with_row == without


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    ("status", "words"), [(401, {"only_if_cached": True}), (500, {}), (429, {}), ("slow", {})]
)
async def test_trouble_does_not_tell_which_nodes_have_a_row(
    make_stage: Any, status: Any, words: dict[str, Any], *, warm: bool
) -> None:
    """Nobody can find out whether the credential is accepted: that is told, and the same of every node."""
    for rows in (ROWS["seed"], ROWS["way"]):
        stages = [_stage(make_stage, status=status)[0] for _ in range(2)]
        for stage in stages if warm else ():
            await stage.ask("obs:domain:a")
        with_row, without = [
            await _asked(stage, shown, "obs:domain:a", "a token", tolerance=Tolerance(**words))
            for stage, shown in zip(stages, (rows, []), strict=True)
        ]
        assert with_row == without


async def test_a_credential_that_is_accepted_later_is_found_out(make_stage: Any) -> None:
    """Who was let into the tenant since is shown its rows, without asking about the tenant first."""
    stage, site = _stage(make_stage, status=403)
    await load_rows(stage, ROWS["seed"])
    answer = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED)
    assert HIDDEN not in _addresses(answer)
    site.faults.clear()
    stage.clock.passed += timedelta(hours=2).total_seconds()
    answer = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED)
    assert HIDDEN in _addresses(answer)


async def test_whoever_is_not_known_yet_is_told_so(make_stage: Any) -> None:
    """While the upstream cannot say whether it accepts a credential nothing is merged, and nothing whole."""
    stage, site = _stage(make_stage, status=500)
    await load_rows(stage, ROWS["seed"])
    answer = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED)
    assert (answer.complete, answer.truncated) == (False, ("identity",))
    assert HIDDEN not in _addresses(answer)
    site.faults.clear()
    answer = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED)
    assert (answer.complete, str(answer.seed)) == (True, HIDDEN)


async def test_an_address_the_upstream_does_not_know_hides_no_other(make_stage: Any) -> None:
    """An upstream that says 404 of unknown things accepts the credential all the same."""
    stage, site = _stage(make_stage)
    site.absent.add("acc@c:doc:0")
    await load_rows(stage, [*ROWS["seed"], row("obs:domain:q", "acc@c:doc:0")])
    answer = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED)
    assert str(answer.seed) == HIDDEN


async def test_a_crosswalk_of_many_tenants_is_no_flood_of_calls(make_stage: Any) -> None:
    """Two hundred tenants and a budget of one call: the upstream is spared, and what is refused noted."""
    stage = make_stage()
    tenants = tuple(f"t{number}" for number in range(200))
    stage.source("feed", "obs").line("obs:domain:a", "obs:domain:b")
    site = stage.source("acc", "acc", by_caller=True, tenants=tenants)
    site.faults["acc@"] = 403
    await load_rows(stage, [row(f"obs:domain:{tenant}", f"acc@{tenant}:doc:1") for tenant in tenants])
    for _ in range(3):
        await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED, budget=Budget(max_calls=1))
    assert len(site.asked()) <= 200


async def test_sources_that_are_not_asked_show_nothing(make_stage: Any) -> None:
    """With `sources` naming the other source the row does not count, whatever the caller may use."""
    stage, site = _stage(make_stage)
    await load_rows(stage, ROWS["seed"])
    for sources, name in ((("feed",), "obs:domain:a"), (("acc", "feed"), HIDDEN), (None, HIDDEN)):
        answer = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED, sources=sources)
        assert str(answer.seed) == name
    site.asked()
    await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED, sources=("feed",))
    assert site.asked() == []


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ((), {"c": False, "cd": True, "": False}),
        (("feed",), {"c": True, "cd": True, "": True}),
        (("acc",), {"c": False, "cd": True, "": False}),
        (("acc", "feed"), {"c": False, "cd": True, "": False}),
        (("own",), {"c": True, "cd": True, "": True}),
        (("other",), {"c": False, "cd": False, "": False}),
    ],
)
async def test_a_row_shows_to_whom_it_names(
    make_stage: Any, named: tuple[str, ...], shown: dict[str, bool]
) -> None:
    """Without a name both ends count; with one, that its source takes the caller at each end it knows.

    A source that takes no caller's credential is everybody's.
    """
    for accepted, is_shown in shown.items():
        stage, site = _stage(make_stage)
        stage.source("own", "mine").line("mine:t:a", "mine:t:b")
        stage.source("other", "theirs", by_caller=True)
        site.faults |= {f"acc@{tenant}": 403 for tenant in "cd" if tenant not in accepted}
        await load_rows(stage, [row("acc@c:doc:1", "acc@d:doc:5", *named)])
        answer = await stage.ask("obs:domain:c", as_={"acc": "a token"}, identity=ASSERTED, hops=3)
        assert (HIDDEN in _addresses(answer)) is is_shown


async def test_a_group_is_as_much_of_it_as_shows(make_stage: Any) -> None:
    """Nobody is led through a hidden address, and no link is lost that goes another way."""
    stage, site = _stage(make_stage)
    site.faults["acc@c"] = 403
    chain = [row("obs:domain:x", HIDDEN), row(HIDDEN, "obs:domain:z"), row("obs:domain:z", "acc@d:doc:7")]
    for rows, members in (
        (chain, ["acc@d:doc:7", "obs:domain:z"]),
        ([*chain, row("obs:domain:x", "acc@d:doc:7")], ["acc@d:doc:7", "obs:domain:x", "obs:domain:z"]),
    ):
        await load_rows(stage, rows)
        answer = await stage.ask("obs:domain:z", as_="a token", identity=ASSERTED, explain=True)
        (node,) = answer.page.records.nodes
        assert [node["id"], *node["aliases"]] == members
        assert "acc@c" not in str(node["same_as"])


async def test_a_token_that_is_refused_half_way_goes_no_further(make_stage: Any) -> None:
    """What was merged while it was accepted stands; the next page, and the next answer, are refused it."""
    stage, site = _stage(make_stage)
    await load_rows(stage, ROWS["way"])
    asked: dict[str, Any] = {"as_": "a token", "identity": ASSERTED, "hops": 3, "budget": Budget(max_nodes=2)}
    first = await stage.ask("obs:domain:a", **asked)
    assert HIDDEN in _addresses(first)
    site.refused.add("a token")
    refused = await stage.ask(
        HIDDEN, as_="a token", tolerance=Tolerance(max_age=timedelta(0)), require=Require.NONE
    )
    assert [report.outcome.value for report in refused.reports] == ["denied"]
    with pytest.raises((InvalidCursorError, ExpiredCursorError)):
        await stage.ask("obs:domain:a", **asked, cursor=first.next_cursor)
    again = await stage.ask("obs:domain:a", as_="a token", identity=ASSERTED, hops=3)
    assert not any("acc@c" in address for address in _addresses(again))


async def test_a_cursor_is_of_one_caller(make_stage: Any) -> None:
    """A page that holds what a row shows is nobody else's to go on from."""
    stage, site = _stage(make_stage)
    site.refused.add("a bogus token")
    await load_rows(stage, ROWS["way"])
    asked: dict[str, Any] = {"identity": ASSERTED, "hops": 3, "budget": Budget(max_nodes=2)}
    first = await stage.ask("obs:domain:a", as_="a token", **asked)
    for token in ("a bogus token", None):
        with pytest.raises(InvalidCursorError):
            await stage.ask("obs:domain:a", as_=token, **asked, cursor=first.next_cursor)


async def test_trouble_between_two_pages_does_not_end_the_loop(make_stage: Any) -> None:
    """An upstream that is back, or down, when the next page is asked for: the loop goes on to its end."""
    for before, after in ((500, None), (None, 500)):
        stage, site = _stage(make_stage, status=before)
        await load_rows(stage, ROWS["way"])
        asked: dict[str, Any] = {
            "as_": "a token",
            "identity": ASSERTED,
            "hops": 3,
            "budget": Budget(max_nodes=2),
            "tolerance": Tolerance(max_age=timedelta(0), stale_if_error=timedelta(0)),
        }
        answer = await stage.ask("obs:domain:a", **asked)
        site.faults = {} if after is None else {"acc@": after}
        pages = 1
        while answer.next_cursor is not None:
            answer = await stage.ask("obs:domain:a", **asked, cursor=answer.next_cursor)
            pages += 1
        assert pages > 1
