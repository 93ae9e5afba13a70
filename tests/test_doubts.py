"""Calls of which nobody knows whether they did what they were made for."""

from core.doubts import begun, carried_out, doubtful, told, told_failed
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
    text = told("I tried.", [Answer(calls=(PAY, POST)), Begun(call=PAY), Begun(call=POST)])
    assert text.startswith("I tried.\n\n(I do not know whether `pay` and `post` was carried out")


def test_without_doubt_an_answer_is_left_as_it_is() -> None:
    steps: list[Step] = [Answer(calls=(PAY,)), Begun(call=PAY), result(PAY)]
    assert told("Done.", steps) == "Done."
    assert told("Done.", []) == "Done."


def test_an_answer_without_text_is_told_as_well() -> None:
    assert told("", [Answer(calls=(PAY,)), Begun(call=PAY)]).startswith("(I do not know whether `pay`")


def test_in_place_of_an_answer_is_said_what_was_done_and_what_perhaps() -> None:
    steps: list[Step] = [Answer(calls=(PAY, POST)), Begun(call=PAY), Begun(call=POST), result(PAY)]
    done, perhaps = told_failed("The model is away.", steps).split("\n\n")[1:]
    assert done == "(`pay` was carried out before that.)"
    assert perhaps.startswith("(I do not know whether `post` was carried out")


def test_what_has_no_effects_or_was_refused_was_not_carried_out() -> None:
    refused = Result(call_id="c2", name="post", text="Error: no", ok=False)
    assert carried_out([Answer(calls=(PAY, POST)), Begun(call=POST), result(PAY), refused]) == []
