"""Calls of which nobody knows whether they did what they were made for."""

from core.doubts import begun, doubtful, told
from core.items import Answer, Begun, Call, Result, Step

PAY = Call(id="c1", name="pay", arguments="{}")
POST = Call(id="c2", name="post", arguments="{}")


def result(call: Call, *, unknown: bool = False) -> Result:
    return Result(call_id=call.id, name=call.name, text="x", unknown=unknown)


def test_a_call_that_began_and_has_no_result_is_in_doubt() -> None:
    steps: list[Step] = [Answer(calls=(PAY, POST)), Begun(call=PAY), Begun(call=POST), result(POST)]
    assert begun(steps) == {"c1": PAY}
    assert doubtful(steps) == ["pay"]


def test_a_call_of_an_earlier_answer_with_the_same_id_is_another() -> None:
    steps: list[Step] = [Answer(calls=(PAY,)), Begun(call=PAY), result(PAY), Answer(calls=(PAY,))]
    assert begun(steps) == {}


def test_a_result_that_is_unknown_stays_in_doubt_and_is_named_once() -> None:
    steps: list[Step] = [
        Answer(calls=(PAY,)),
        Begun(call=PAY),
        result(PAY, unknown=True),
        Answer(calls=(PAY,)),
        result(PAY, unknown=True),
    ]
    assert doubtful(steps) == ["pay"]


def test_what_is_in_doubt_is_said_below_the_answer() -> None:
    text = told("I tried.", ["pay", "post"])
    assert text.startswith("I tried.\n\n(I do not know whether `pay` and `post` was carried out")


def test_without_doubt_an_answer_is_left_as_it_is() -> None:
    assert told("Done.", []) == "Done."


def test_an_answer_without_text_is_told_as_well() -> None:
    assert told("", ["pay"]).startswith("(I do not know whether `pay`")
