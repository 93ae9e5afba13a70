"""What is shown of an answer that is being made."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bots.discord.body import MAX_TEXT, alt, within
from bots.discord.progress import Progress
from bots.links import Links
from core.events import Event, Restarted, SkillFinished, SkillStarted, TextDelta
from core.items import Call, Result
from core.messages import Attachment
from core.outlet import Part
from tests import link_corpus


def started(name: str = "draw_chart", number: int = 1) -> SkillStarted:
    return SkillStarted(call=Call(id=f"c{number}", name=name, arguments="{}"))


def finished(name: str = "draw_chart", number: int = 1, *, ok: bool = True) -> SkillFinished:
    call = Call(id=f"c{number}", name=name, arguments="{}")
    return SkillFinished(call=call, result=Result(call_id=call.id, name=name, text="", ok=ok), seconds=0.84)


def shown(*events: Event, most: int | None = None) -> list[str]:
    progress = Progress(Links())
    for event in events:
        progress.take(event)
    return progress.pages(most)


def test_nothing_is_shown_of_nothing() -> None:
    assert shown() == []


def test_a_running_skill_has_a_line_in_small_print() -> None:
    assert shown(started()) == ["-# ⏳ draw chart …"]


def test_a_line_tells_how_a_skill_ended_and_how_long_it_took() -> None:
    assert shown(started(), finished()) == ["-# ✓ draw chart · 0.8 s"]
    assert shown(started(), finished(ok=False)) == ["-# ✗ draw chart · 0.8 s"]


def test_lines_stand_under_the_text() -> None:
    assert shown(TextDelta(text="Let me "), TextDelta(text="draw."), started()) == ["Let me draw.\n-# ⏳ draw chart …"]


def test_the_text_before_a_skill_goes_when_the_text_after_it_begins() -> None:
    events = (TextDelta(text="Let me draw."), started(), finished(), TextDelta(text="Here.\n"))
    assert shown(*events) == ["Here.\n-# ✓ draw chart · 0.8 s"]


def test_the_text_since_the_last_skill_goes_when_the_model_begins_again() -> None:
    events = (started(), finished(), TextDelta(text="Half an ans"), Restarted(reason="cut off"))
    assert shown(*events) == ["-# ✓ draw chart · 0.8 s"]


def test_skills_that_run_together_keep_their_own_lines() -> None:
    events = (started("one", 1), started("two", 2), finished("two", 2))
    assert shown(*events) == ["-# ⏳ one …\n-# ✓ two · 0.8 s"]


def test_s2_s3_a_skill_that_the_model_made_up_is_shown_in_plain_words() -> None:
    [page] = shown(started("@everyone [x](https://evil.example/a)\n# <@1>"))
    assert page == "-# ⏳ everyone x https evil example a 1 …"


def test_s2_no_beginning_of_a_text_shows_a_link_that_is_off_the_list() -> None:
    for text in Random(1).sample(sorted(link_corpus.texts()), 60):
        progress = Progress(Links(link_corpus.GOOD))
        for character in text:
            progress.take(TextDelta(text=character))
            for page in progress.pages():
                assert link_corpus.live(page) == [], text


def test_s2_a_link_in_the_text_before_a_skill_is_not_live_either() -> None:
    for text in link_corpus.texts():
        progress = Progress(Links(link_corpus.GOOD))
        progress.take(TextDelta(text=text))
        progress.take(started())
        for page in progress.pages():
            assert link_corpus.live(page) == [], text


def test_f20_a_long_text_goes_on_in_the_next_message_and_a_fence_is_opened_again_there() -> None:
    pages = shown(TextDelta(text="```py\n" + "x = 1\n" * 500), started())
    assert len(pages) == 2
    assert pages[0].endswith("\n```")
    assert pages[1].startswith("```py\n")
    assert pages[1].endswith("\n```\n-# ⏳ draw chart …")


def test_what_does_not_fit_into_the_one_message_of_a_command_is_left_for_the_end() -> None:
    [page] = shown(TextDelta(text="word " * 1000), most=1)
    assert page.endswith("word\n-# …")


@given(
    st.lists(
        st.one_of(
            st.builds(TextDelta, text=st.text(max_size=60).map(lambda text: text * 20)),
            st.just(Restarted(reason="")),
            st.builds(started, st.text(max_size=50), st.integers(1, 12)),
            st.builds(finished, st.text(max_size=50), st.integers(1, 12), ok=st.booleans()),
        ),
        max_size=30,
    ),
    st.none() | st.just(1),
)
def test_no_message_is_over_the_limit_or_blank(events: list[Event], most: int | None) -> None:
    for page in shown(*events, most=most):
        assert 0 < len(page) <= MAX_TEXT
        assert page.strip()


def picture(filename: str = "words-per_day.png", **more: object) -> Attachment:
    return Attachment(filename=filename, media_type="image/png", content=b"x" * 100, **more)  # type: ignore[arg-type]


def test_a_picture_always_has_a_text_for_people_who_do_not_see_it() -> None:
    assert alt(picture(alt="A chart", spec={"title": "Words"})) == "A chart"
    assert alt(picture(spec={"title": "Words"})) == "Words"
    assert alt(picture()) == "words per day"
    assert alt(picture("__.png")) == "Picture"
    assert alt(Attachment(filename="a.csv", media_type="text/csv")) == ""


def test_f46_a_file_over_the_limit_is_named_in_the_text_and_the_others_stay() -> None:
    part = Part(key="1.0", text="Here.", attachments=(picture(), picture("small.png")))
    large = Attachment(filename="large.bin", media_type="application/octet-stream", content=b"x" * 3 * 1024 * 1024)
    over = Part(key="1.0", text="Here.", attachments=(*part.attachments, large))
    assert within(part, 1024 * 1024) == part
    cut = within(over, 1024 * 1024)
    assert cut.attachments == part.attachments
    assert cut.text == "Here.\n\n(Too large for Discord, which takes 1 MB here: large.bin (3 MB))"
