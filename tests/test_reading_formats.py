"""What a file is: by its content first, by its name second."""

import pytest

from core.messages import Attachment
from core.reading.formats import format_of, named
from core.reading.unreadable import UnreadableError
from tests.papers import archive, file, picture

PAGE = b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>"
MP4 = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2"


def why_not(name: str, content: bytes, media_type: str = "application/octet-stream") -> str:
    with pytest.raises(UnreadableError) as caught:
        format_of(file(name, content, media_type))
    return str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_one_whatever_its_name_says(kind: str) -> None:
    assert format_of(file("notes.txt", picture(2, 2, kind), "text/plain")).kind == "picture"


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"OggS\0\2", ".ogg"),
        (b"fLaC\0\0", ".flac"),
        (b"RIFF\x24\0\0\0WAVEfmt ", ".wav"),
        (b"ID3\x04\0", ".mp3"),
        (b"\xff\xfb\x90\x44", ".mp3"),
        (b"\0\0\0\x1cftypM4A \0\0\2\0", ".m4a"),
        (MP4 + b"....hdlr\0\0\0\0\0\0\0\0soun", ".m4a"),
        (b"\x1a\x45\xdf\xa3...A_OPUS", ".webm"),
    ],
)
def test_sound_is_known_with_the_end_of_a_name_that_servers_know_it_by(content: bytes, suffix: str) -> None:
    found = format_of(file("voice-message", content))
    assert (found.kind, found.suffix) == ("sound", suffix)


@pytest.mark.parametrize("content", [MP4 + b"....hdlr\0\0\0\0\0\0\0\0vide", b"\x1a\x45\xdf\xa3...V_VP9"])
def test_a_film_is_said_to_be_one(content: bytes) -> None:
    assert why_not("clip.m4a", content, "audio/mp4") == "it is a film, and I cannot watch films"


@pytest.mark.parametrize("name", ["a.csv", "a.TSV", "b.xls"])
def test_a_text_is_a_table_by_its_name(name: str) -> None:
    assert format_of(file(name, b"a,b\n1,2\n")).kind == "table"


def test_a_text_is_a_table_by_its_media_type() -> None:
    assert format_of(file("export", b"a,b", "text/csv; charset=utf-8")).kind == "table"


@pytest.mark.parametrize(
    "content",
    [
        *(b"plain", "Grüße".encode(), b"\xff\xfeh\0i\0", b"caf\xe9", b"{}", PAGE),
        *(b"ID3 tags", b"BMW", b"MZ", b"see %PDF-1.4"),  # what begins almost as something else
    ],
)
def test_text_is_text(content: bytes) -> None:
    assert format_of(file("x.md", content)).kind == "text"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("cat.png", "image/png"), ("cat.png", ""), ("cat", "image/jpeg"), ("v.ogg", "audio/ogg"), ("r.pdf", "")],
)
def test_f47_a_web_page_downloaded_as_something_else_is_refused(name: str, media_type: str) -> None:
    assert why_not(name, PAGE, media_type).endswith("but its content is a web page")


def test_f47_a_text_named_as_a_picture_is_refused() -> None:
    assert why_not("cat.png", b"404 Not Found") == "it is named as a picture, but its content is plain text"


def test_s10_a_tiff_named_png_is_refused_before_anything_decodes_it() -> None:
    assert why_not("scan.png", picture(2, 2, "TIFF"), "image/png") == (
        "it is a TIFF picture, and I read PNG, JPEG, GIF and WebP"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\0\1\2", "I do not know its format"),
        (picture(2, 2, "BMP"), "it is a BMP picture, and I read PNG, JPEG, GIF and WebP"),
        (b"\0\0\0\x18ftypheic", "it is a HEIC or AVIF picture, and I read PNG, JPEG, GIF and WebP"),
        (b"\x1f\x8b\x08\0", "it is an archive, and I do not unpack archives"),
        (b"{\\rtf1 x}", "it is an RTF document; saved as DOCX or PDF I could read it"),
        (b"\x7fELF\2", "it is a program"),
        (b"\xff\xf1P\x80", "I do not know this format of sound"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "it is of an old format of an office program; saved as XLSX, DOCX or PDF I could read it",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "it is protected by a password"),
    ],
)
def test_what_is_not_read_is_named(content: bytes, reason: str) -> None:
    assert why_not("x.bin", content) == reason


def test_an_office_file_is_looked_into_later() -> None:
    assert format_of(file("x.xlsx", archive({"a": "b"}))).kind == "package"


def test_a_file_without_content_is_empty() -> None:
    with pytest.raises(UnreadableError, match="empty"):
        format_of(Attachment(filename="a", media_type="text/plain"))


def test_a_name_stays_on_its_line_and_in_its_brackets() -> None:
    assert named(file("a]\n\u202e[file f2: b", b"")) == "a) (file f2: b"
