"""What comes in as a picture leaves as a picture and nothing else."""

import io
import struct
import zlib

import pytest
from PIL import Image

from households.attachments import pictures
from households.attachments.pictures import cleaned_picture, kind_of
from kernel.errors import InvalidInput


def drawn(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    body = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(body, kind, **options)
    return body.getvalue()


def with_everything() -> bytes:
    """A photograph with a place, a maker, a comment, and words behind its end."""
    exif = Image.Exif()
    exif[0x010F] = "CANARY-MAKER"
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[2] = (28.0, 15.0, 30.0)
    exif.get_ifd(0x8769)[0x9286] = b"CANARY-COMMENT"
    return drawn(exif=exif, comment=b"CANARY-JFIF", icc_profile=b"CANARY-PROFILE") + b"CANARY-BEHIND"


def segments(content: bytes) -> set[int]:
    """The markers of a JPEG before its picture."""
    at, found = 2, set()
    while content[at] == 0xFF and content[at + 1] != 0xDA:
        found.add(content[at + 1])
        at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return found


def test_no_place_no_metadata_and_nothing_behind_the_picture_survives() -> None:
    before = with_everything()
    assert before.count(b"CANARY") == 5
    after = cleaned_picture(before)
    assert b"CANARY" not in after.content
    assert segments(after.content) <= {0xE0, 0xDB, 0xC0, 0xC4}  # JFIF, tables, frame: no EXIF, no comment, no profile
    with Image.open(io.BytesIO(after.content)) as image:
        assert not image.getexif() and "comment" not in image.info and "icc_profile" not in image.info
    assert (after.width, after.height) == (48, 64), "the picture stands upright"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_each_kind_is_kept_as_jpeg(kind: str, mode: str) -> None:
    content = drawn(kind, mode=mode)
    assert kind_of(content) == kind
    assert cleaned_picture(content).content.startswith(b"\xff\xd8\xff")


def test_what_is_transparent_becomes_paper() -> None:
    body = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(body, "PNG")
    with Image.open(io.BytesIO(cleaned_picture(body.getvalue()).content)) as image:
        assert image.getpixel((4, 4)) == (255, 255, 255)


def test_a_large_picture_is_made_smaller_in_its_proportions() -> None:
    after = cleaned_picture(drawn(size=(4_000, 1_000)))
    assert (after.width, after.height) == (2_000, 500)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"MZ" + b"\0" * 100, "program or an archive"),
        (b"\x7fELF" + b"\0" * 100, "program or an archive"),
        (b"PK\x03\x04" + b"\0" * 100, "program or an archive"),
        (b"#!/bin/sh\nrm -rf /", "program or an archive"),
        (b"%PDF-1.7 /JavaScript", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture"),
        (b"<html>", "no picture"),
        (b"GIF89a" + b"\0" * 50, "no picture"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 50, "HEIC"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 50, "damaged"),
        (drawn("PNG")[:60], "damaged"),
        (drawn() + rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", "program code"),
        (drawn() + b"<script>fetch('//x')</script>", "program code"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_with_the_mend(content: bytes, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as refused:
        cleaned_picture(content)
    assert refused.value.field == "file"


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims, and holds, a vast empty plane."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    plane = zlib.compress(b"\0" * ((width // 8 + 1) * min(height, 2_000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", plane) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(8_000, 8_000), (60_000, 60_000), (500_000, 200)])
def test_a_picture_that_unpacks_to_far_more_than_it_weighs_is_refused_before_it_is_unpacked(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was unpacked"))
    with pytest.raises(InvalidInput):
        cleaned_picture(bomb(*size))


def test_a_picture_that_moves_is_refused() -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    body = io.BytesIO()
    first.save(body, "WEBP", save_all=True, append_images=[second], duration=100)
    with pytest.raises(InvalidInput, match="moves"):
        cleaned_picture(body.getvalue())


def test_of_a_phones_picture_with_a_second_one_behind_it_the_first_is_kept() -> None:
    first, second = Image.new("RGB", (60, 40), "red"), Image.new("RGB", (30, 20), "blue")
    body = io.BytesIO()
    first.save(body, "MPO", save_all=True, append_images=[second])
    after = cleaned_picture(body.getvalue())
    assert (after.width, after.height) == (60, 40) and after.content.count(b"\xff\xd8\xff") == 1


def test_the_weight_of_an_upload_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 100)
    with pytest.raises(InvalidInput, match="at most"):
        cleaned_picture(drawn())
