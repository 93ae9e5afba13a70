"""Controls as Discord's components: within its limits, whatever is to be offered."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from bots.discord.components import rows
from core.controls import Choice, Control, read, under_answer, while_running
from core.messages import Attachment, JsonObject, Turn
from tests.scripted import message

TURN = Turn(id=81, message=message("hello", id="discord/1/2"), attempt=1)


def button(number: int, action: str = "file") -> Control:
    return Control(action=action, label=f"Do {number}", key=f"steward.{action}.1.00000000.f{number}")  # type: ignore[arg-type]


def menu(number: int) -> Control:
    return Control(
        action="file", label=f"Pick {number}", key=f"menu{number}", choices=(Choice(label="Bar", value="bar"),)
    )


def components(controls: list[Control]) -> list[list[JsonObject]]:
    return [cast("list[JsonObject]", cast("JsonObject", row)["components"]) for row in rows(controls)]


def test_nothing_to_offer_is_no_row() -> None:
    assert rows(()) == []


def test_the_stop_button_is_red_and_carries_its_key() -> None:
    [[stop]] = components(list(while_running(TURN)))
    assert (stop["type"], stop["style"], stop["label"]) == (2, 4, "Stop")
    assert read(str(stop["custom_id"])) is not None


def test_a_menu_stands_in_a_row_of_its_own_above_the_buttons() -> None:
    chart = Attachment(
        filename="chart.png",
        media_type="image/png",
        id="f1",
        spec={
            "controls": [
                {"label": "Change type", "skill": "restyle", "file": "chart", "argument": "kind", "choices": ["bar"]},
                {"label": "Data", "skill": "chart_data", "file": "chart"},
            ]
        },
    )
    first, second = components(list(under_answer(TURN, [chart])))
    [menu] = first
    assert (menu["type"], menu["placeholder"]) == (3, "Change type")
    assert menu["options"] == [{"label": "bar", "value": "bar"}]
    assert [each["label"] for each in second] == ["Data", "Try again", "👍", "👎", "Why?"]


def test_a_value_that_stands_for_two_entries_is_offered_once() -> None:
    choices = tuple(Choice(label=label, value="same") for label in ("one", "two"))
    [[shown]] = components([Control(action="file", label="Pick", key="k", choices=choices)])
    assert shown["options"] == [{"label": "two", "value": "same"}]


def test_feedback_is_left_out_before_anything_else() -> None:
    controls = [button(0, "good"), button(1, "bad"), *map(button, range(2, 27)), menu(1)]
    labels = [str(each.get("label")) for row in components(controls)[1:] for each in row]
    assert labels == [f"Do {number}" for number in range(2, 22)]


@given(st.integers(0, 40), st.integers(0, 40))
def test_whatever_is_offered_fits_into_five_rows(buttons: int, menus: int) -> None:
    shown = components([*map(menu, range(menus)), *map(button, range(buttons))])
    assert len(shown) <= 5
    assert all(len(row) <= (1 if row[0]["type"] == 3 else 5) for row in shown)
    assert not buttons or any(row[0]["type"] == 2 for row in shown)
    assert not menus or shown[0][0]["type"] == 3
