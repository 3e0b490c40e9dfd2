"""What an upload really is, and the picture in it drawn anew: no location, no metadata, nothing behind the picture survives.

The type is read from the content; names and declared types are not believed. Everything is kept as JPEG, so that one format is served.
"""

import io
import re
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from kernel.errors import InvalidInput

MOST_BYTES = 10_000_000
MOST_PIXELS = 50_000_000
LONGEST_EDGE = 2_000
"""Pixels: a page of A4 stays readable"""
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP")
_STARTS = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"))
_HARMFUL = re.compile(
    rb"X5O!P%@AP\[4\\PZX54\(P\^\)7CC\)7\}\$EICAR|<script|<\?php|#!/(?:bin|usr)|This program cannot be run in DOS mode",
    re.I,
)
_EXECUTABLE = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class Picture:
    """A cleaned picture: JPEG bytes, and its size in pixels."""

    content: bytes
    width: int
    height: int


def kind_of(content: bytes) -> str:
    """JPEG, PNG or WEBP by the first bytes. Raises InvalidInput saying what it is instead and how to mend it."""
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(_EXECUTABLE):
        raise InvalidInput("This file is a program or an archive and is refused; photograph the paper", field="file")
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc", b"ftypavif"):
        raise InvalidInput(
            "This is a HEIC picture; set the camera to “most compatible” (JPEG), or send a screenshot of it",
            field="file",
        )
    if content.startswith(b"%PDF"):
        raise InvalidInput("PDF files are not taken; scan or photograph the pages as pictures", field="file")
    raise InvalidInput("This is no picture; take a photograph, or choose a JPEG, PNG or WebP file", field="file")


def cleaned_picture(content: bytes) -> Picture:
    """The picture drawn anew, upright, at most LONGEST_EDGE pixels long. Raises InvalidInput: empty, too large, no picture, damaged,
    harmful, animated, or unpacking to more than MOST_PIXELS.
    """
    if not content:
        raise InvalidInput("The file is empty; choose another", field="file")
    if len(content) > MOST_BYTES:
        raise InvalidInput("A picture has at most %(most)s MB; take it in a lower resolution", field="file", most=10)
    kind = kind_of(content)
    if _HARMFUL.search(content):
        raise InvalidInput("This file carries program code beside the picture and is refused", field="file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # the size is checked below, before unpacking
            return _drawn(content, kind)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise InvalidInput("The picture is damaged; take it once more", field="file") from error


def _drawn(content: bytes, kind: str) -> Picture:
    with Image.open(io.BytesIO(content), formats=(kind,)) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise InvalidInput(
                "The picture has more than %(most)s million points; take it in a lower resolution",
                field="file",
                most=MOST_PIXELS // 1_000_000,
            )
        # a JPEG of a phone often carries a second picture, of depth or light, behind the first; it is left behind
        if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
            raise InvalidInput("The picture moves; send a still one", field="file")
        image.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))  # a large JPEG is unpacked at a fraction of its size
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            paper = Image.new("RGB", upright.size, "white")
            paper.paste(upright, mask=upright.getchannel("A"))
        else:
            # pasted onto a fresh sheet: comments and profiles hang on the old one
            paper = Image.new("RGB", upright.size)
            paper.paste(upright.convert("RGB"))
    body = io.BytesIO()
    paper.save(body, "JPEG", quality=QUALITY, optimize=True)
    return Picture(body.getvalue(), *paper.size)
