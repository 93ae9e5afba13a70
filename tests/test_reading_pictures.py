"""Pictures: what a model is sent of them."""

import io

import pytest
from PIL import Image

from core.reading.pictures import LONGEST_SIDE, prepare
from core.reading.unreadable import UnreadableError
from tests.papers import picture


def prepared(content: bytes) -> tuple[Image.Image, str]:
    small, media_type = prepare(content)
    return Image.open(io.BytesIO(small)), media_type


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_large_picture_is_scaled_to_what_models_see(kind: str) -> None:
    seen, media_type = prepared(picture(3000, 1000, kind))
    assert seen.size == (LONGEST_SIDE, 523)
    assert media_type == ("image/jpeg" if kind == "JPEG" else "image/png")


def test_a_small_picture_keeps_its_size() -> None:
    assert prepared(picture(10, 20))[0].size == (10, 20)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_every_kind_of_colour_are_sent(mode: str) -> None:
    assert prepared(picture(2000, 2, mode=mode))[0].width == LONGEST_SIDE


def test_a_picture_of_print_is_sent_in_plain_colours() -> None:
    assert prepared(picture(9, 9, "JPEG", mode="CMYK"))[0].mode == "RGB"


def test_of_a_picture_that_moves_the_first_frame_is_sent() -> None:
    written = io.BytesIO()
    first, second = Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")
    first.save(written, "GIF", save_all=True, append_images=[second])
    seen, _ = prepared(written.getvalue())
    assert seen.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_a_photo_is_turned_upright_and_loses_where_it_was_taken() -> None:
    written, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x8825] = {1: "N"}  # a place
    Image.new("RGB", (20, 10)).save(written, "JPEG", exif=exif)
    seen, _ = prepared(written.getvalue())
    assert seen.size == (10, 20)
    assert not dict(seen.getexif())


def test_a_png_that_stays_large_is_sent_as_a_jpeg_on_white() -> None:
    noise = Image.effect_noise((1500, 1500), 200).convert("RGB")
    noise.putalpha(0)
    written = io.BytesIO()
    noise.save(written, "PNG", compress_level=1)
    seen, media_type = prepared(written.getvalue())
    assert media_type == "image/jpeg"
    assert seen.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("content", [picture(50, 50)[:60], b"\x89PNG\r\n\x1a\n", b"GIF89a", picture(9, 9, "TIFF")])
def test_a_broken_picture_is_said_to_be_broken(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="it is broken"):
        prepare(content)
