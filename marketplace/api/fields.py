"""Fields that many schemas share: each refuses what the database could not even be asked for."""

from typing import Any

import marshmallow as ma

MOST_NUMBER = 2**63 - 1


def _plain(value: str) -> None:
    """Raises ValidationError for NUL and lone surrogates, which no database text holds."""
    if "\x00" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise ma.ValidationError("This text holds control characters; type it again without them")


def region_code(**options: Any) -> ma.fields.String:
    """A code of the administrative tree."""
    return ma.fields.String(
        validate=ma.validate.Regexp(r"\d{2,12}\Z", error="A region code has 2, 4, 6, 9 or 12 digits"),
        metadata={"description": "GB/T 2260 and its statistical extension", "example": "330324"},
        **options,
    )


def catalogue_code(**options: Any) -> ma.fields.String:
    """The code of a category or skill."""
    return ma.fields.String(
        validate=ma.validate.Regexp(r"[a-z0-9_]{1,60}\Z", error="A code has small letters, digits and underscores"),
        **options,
    )


def codes(field: ma.fields.Field, **options: Any) -> ma.fields.List:
    """A list of codes, at most 500."""
    return ma.fields.List(field, validate=ma.validate.Length(max=500), **options)


def text(most: int, **options: Any) -> ma.fields.String:
    """Typed text; the domain checks it further."""
    return ma.fields.String(validate=[ma.validate.Length(max=most), _plain], **options)


def search() -> ma.fields.String:
    """What is searched for."""
    return ma.fields.String(
        load_default="",
        validate=[ma.validate.Length(max=100), _plain],
        metadata={"description": "Name, pinyin, initials, code or number"},
    )


def fen(**options: Any) -> ma.fields.Integer:
    """An amount in whole fen."""
    return ma.fields.Integer(strict=True, metadata={"description": "Whole fen (1/100 yuan)"}, **options)


def whole(description: str, **options: Any) -> ma.fields.Integer:
    """A whole number; the domain checks its range."""
    return ma.fields.Integer(strict=True, metadata={"description": description}, **options)


def version() -> ma.fields.Integer:
    """The version the editor saw."""
    return ma.fields.Integer(
        required=True,
        strict=True,
        validate=ma.validate.Range(1, 2**31 - 1),
        metadata={"description": "The version you read; a change since then is refused with 409"},
    )


class NumberPageQuery(ma.Schema):
    """Paging by number: `after` is the `next` of the page before."""

    after = ma.fields.Integer(load_default=None, allow_none=True, validate=ma.validate.Range(0, MOST_NUMBER))
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class ReasonSchema(ma.Schema):
    """Why something is done; it stays on record."""

    reason = text(500, required=True)
