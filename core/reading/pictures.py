"""Pictures, through Pillow: checked, and made as small as a model that sees reads them anyway."""

import io
import warnings
from typing import TYPE_CHECKING, Final

from core.reading.unreadable import UnreadableError

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_SIDE: Final = 1_568
"""Pixels beyond which models scale a picture down themselves: https://docs.claude.com/en/docs/build-with-claude/vision.
OpenAI's take up to 2,048 and then 768 on the short side: https://platform.openai.com/docs/guides/images-vision."""

MOST_PIXELS: Final = 50_000_000
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
_LARGEST_PNG: Final = 2_000_000
"""Bytes of a PNG from which on a JPEG is sent in its place."""


def prepare(content: bytes) -> tuple[bytes, str]:
    """Return a picture as it is sent to a model, and its media type: PNG or JPEG, upright, without metadata.

    Of one that moves it is the first frame.

    Raises:
        UnreadableError: it is broken, of another format than it seems, or has too many pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            opened = Image.open(io.BytesIO(content), formats=_FORMATS)
        if opened.width * opened.height > MOST_PIXELS:
            raise UnreadableError(
                f"it has {opened.width:,} x {opened.height:,} pixels, and I look at no more than {MOST_PIXELS:,}"
            )
        is_photo = opened.format == "JPEG"
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG can be decoded smaller
        opened.load()
        picture = ImageOps.exif_transpose(_plain(opened))
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableError(f"it has more pixels than the {MOST_PIXELS:,} that I look at") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        raise UnreadableError("it is broken") from error
    return _encoded(picture, is_photo=is_photo)


def _plain(picture: "Image") -> "Image":
    """Return a picture in plain colours; `thumbnail` cannot smooth those of a palette, nor JPEG hold those of print."""
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    mode = "RGBA" if has_alpha else "L" if picture.mode in ("1", "L") else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _encoded(picture: "Image", *, is_photo: bool) -> tuple[bytes, str]:
    if not is_photo:
        written = io.BytesIO()
        picture.save(written, "PNG")
        if written.tell() <= _LARGEST_PNG:
            return written.getvalue(), "image/png"
    written = io.BytesIO()
    _on_white(picture).save(written, "JPEG", quality=85)
    return written.getvalue(), "image/jpeg"


def _on_white(picture: "Image") -> "Image":
    from PIL import Image

    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground
