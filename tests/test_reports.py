"""How an answer came about, and what it cost, as people read it."""

from hypothesis import given
from hypothesis import strategies as st

from core.config import Price
from core.items import Call, Done, Usage
from core.reports import Ran, Report, cost_of, dump_report, explain, load_report
from core.usage import Bill

CALL = Call(id="c1", name="draw_chart", arguments='{"kind": "bar"}')


def test_a_report_names_everything_that_went_into_an_answer() -> None:
    told = explain(
        Report(
            model="gpt-4o-mini",
            asked=2,
            usage=Usage(input=3000, output=120, cached=1024),
            cost=0.0012,
            ran=(Ran(call=CALL, ok=True), Ran(call=CALL, ok=False), Ran(call=CALL, ok=False, unknown=True)),
            recalled=3,
            read=("notes.txt",),
            made=("chart.png",),
        )
    )
    assert told.splitlines() == [
        "**How this answer came about**",
        "- Model: `gpt-4o-mini`, asked 2 times: 3,000 tokens read (1,024 of them from the server's cache), 120 written,"
        " about $0.0012",
        "- Messages used: the question and 3 earlier ones of this conversation",
        "- Files used: `notes.txt`",
        "- Files made: `chart.png`",
        '- Skill `draw_chart` with `{"kind": "bar"}`: done',
        '- Skill `draw_chart` with `{"kind": "bar"}`: failed',
        '- Skill `draw_chart` with `{"kind": "bar"}`: outcome unknown',
    ]


def test_a_report_without_a_model_says_so() -> None:
    assert "No language model was asked" in explain(Report(ran=(Ran(call=CALL, ok=True),)))


@given(st.text())
def test_no_argument_gets_out_of_its_code_span(arguments: str) -> None:
    line = explain(Report(ran=(Ran(call=Call(id="", name="x", arguments=arguments), ok=True),))).splitlines()[-1]
    assert line.count("`") == 4


def test_many_calls_are_counted_rather_than_listed() -> None:
    told = explain(Report(ran=tuple(Ran(call=CALL, ok=True) for _ in range(25))))
    assert told.endswith("- … and 5 more calls")


@given(st.builds(Usage, input=st.integers(0, 10**9), output=st.integers(0, 10**9), cached=st.integers(0, 10**9)))
def test_a_report_is_read_as_it_was_written(usage: Usage) -> None:
    report = Report(
        model="m",
        usage=usage,
        ran=(Ran(call=CALL, ok=True, effects=True, text="x"),),
        done=(Done(call=CALL, text="y"),),
    )
    assert load_report(dump_report(report)) == report


def test_cached_tokens_have_a_price_of_their_own() -> None:
    usage = Usage(input=1_000_000, output=500_000, cached=400_000)
    assert cost_of(usage, Price(input=1.0, cached=0.5, output=4.0)) == 0.6 + 0.2 + 2.0
    assert cost_of(usage, Price(input=1.0, output=4.0)) == 3.0


def test_a_bill_is_a_line_for_the_person() -> None:
    assert Bill().told() == "You have not asked me anything yet."
    bill = Bill(questions=1, usage=Usage(input=1200, output=30, cached=1000), cost=0.5)
    assert bill.told() == "1 question: 1,200 tokens read (1,000 of them from the cache), 30 written, about $0.50"
