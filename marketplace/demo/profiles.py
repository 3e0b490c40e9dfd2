"""What the demonstration remembers: earlier values of indicators, a household that moved, one that split, two drawn papers."""

import io
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from households.attachments.models import Attachment, AttachmentContent
from households.attachments.pictures import cleaned_picture
from households.life.models import HouseholdChange
from kernel.audit import SYSTEM
from kernel.crypto import Vault
from marketplace.demo.accounts import TOWNSHIP
from marketplace.demo.families import Family
from marketplace.demo.keys import Keys
from marketplace.demo.rows import INDICATOR_SOURCE
from marketplace.demo.writing import copy_rows

YEAR = timedelta(days=365)
REMEMBERED = 4  # every fourth household was visited the year before as well, and all of the worker's township
_TOLD = ("wages_year", "transfers_year", "medical_year", "education_year")
Homes = Sequence[tuple[uuid.UUID, Family]]


def value_rows(keys: Keys, families: Homes, *, now: datetime, today: date) -> list[dict[str, Any]]:
    """Rows of `indicator_values`: last month's visit, for some also the year before, and for one a slip that was corrected."""
    as_of, rows = today - timedelta(days=30), []

    def add(
        household_id: uuid.UUID, code: str, value: Decimal, day: date, corrects: uuid.UUID | None = None
    ) -> uuid.UUID:
        key = keys.of("indicator_value", len(rows))
        rows.append(
            {
                "id": key, "household_id": household_id, "code": code, "value": value, "as_of": day,
                "source": INDICATOR_SOURCE, "evidence": "visit", "corrects": corrects, "recorded_by": None,
                "recorder": SYSTEM.label, "recorded_at": now - (today - day),
            }
        )  # fmt: skip
        return key

    for number, (household_id, family) in enumerate(families):
        for code, value in family.indicators.items():
            visited = number % REMEMBERED == 0 or family.village.township == TOWNSHIP
            if visited and code in _TOLD:
                before = value * (90 + number % 21) / 100
                add(household_id, code, before - before % 10_000, as_of - YEAR)
            if number == 0 and code == "savings":
                slip = add(household_id, code, value * 10, as_of - timedelta(days=3))
                add(household_id, code, value, as_of, corrects=slip)
            else:
                add(household_id, code, value, as_of)
    return rows


def write_profiles(
    session: Session, vault: Vault, keys: Keys, families: Homes, home_id: uuid.UUID, *, now: datetime, today: date
) -> dict[str, int]:
    """The household of the demonstration's account moved within its township, two neighbours of it were one household once, and two papers
    of it are on file."""
    by_village: dict[str, list[uuid.UUID]] = {}
    for household_id, family in families:
        by_village.setdefault(family.village.code, []).append(household_id)
    home = next(family for household_id, family in families if household_id == home_id)
    township = home.village.township
    elsewhere = next(code for code in sorted(by_village) if code.startswith(township) and code != home.village.code)
    parents, young = next(
        (pair[0], pair[1]) for code, pair in sorted(by_village.items()) if code.startswith(township) and len(pair) > 1
    )
    day = today - timedelta(days=200)

    def change(number: int, household_id: uuid.UUID, kind: str, **more: Any) -> dict[str, Any]:
        empty = dict.fromkeys(("person_name", "other_id", "from_region", "to_region", "recorded_by"))
        return {
            "id": keys.of("household_change", number), "household_id": household_id, "kind": kind, "happened_on": day,
            "recorder": SYSTEM.label, "recorded_at": now - timedelta(days=199), **empty, **more,
        }  # fmt: skip

    changes = [
        change(0, home_id, "moved", from_region=elsewhere, to_region=home.village.code),
        change(1, parents, "split_off", other_id=young),
        change(2, young, "split_from", other_id=parents),
    ]
    papers = [
        _paper(vault, keys, number, home_id, subject, drawn, now=now)
        for number, (subject, drawn) in enumerate((("medical", _bill()), ("house", _house())))
    ]
    return {
        "household_changes": copy_rows(session, HouseholdChange, changes),
        "attachments": copy_rows(session, Attachment, [row for row, _ in papers]),
        "attachment_contents": copy_rows(session, AttachmentContent, [content for _, content in papers]),
    }


def _paper(
    vault: Vault, keys: Keys, number: int, household_id: uuid.UUID, subject: str, drawn: Image.Image, *, now: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    body = io.BytesIO()
    drawn.save(body, "PNG")
    picture, key = cleaned_picture(body.getvalue()), keys.of("attachment", number)
    row = {
        "id": key, "household_id": household_id, "indicator_value_id": None, "event_id": None, "subject": subject,
        "size": len(picture.content), "width": picture.width, "height": picture.height,
        "content_index": vault.blind_index("attachment", picture.content.hex()), "note_sealed": None,
        "created_by": None, "creator": SYSTEM.label, "created_at": now, "removed_at": None,
    }  # fmt: skip
    sealed = vault.seal_bytes(picture.content, table="attachment_contents", row=key, column="sealed")
    return row, {"attachment_id": key, "sealed": sealed}


def _bill() -> Image.Image:
    """A receipt without words: lines, sums and a stamp."""
    paper = Image.new("RGB", (900, 1_200), "#fbfaf5")
    draw = ImageDraw.Draw(paper)
    draw.rectangle((60, 60, 840, 1_140), outline="#444444", width=4)
    draw.rectangle((300, 110, 600, 150), fill="#444444")
    for line in range(14):
        top = 230 + line * 55
        draw.rectangle((110, top, 110 + 260 + line * 37 % 220, top + 14), fill="#888888")
        draw.rectangle((660, top, 660 + 60 + line * 23 % 90, top + 14), fill="#888888")
    draw.ellipse((560, 900, 780, 1_120), outline="#c03030", width=10)
    return paper


def _house() -> Image.Image:
    """A house with a crack in its wall."""
    sheet = Image.new("RGB", (1_200, 800), "#cfe3ee")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 600, 1_200, 800), fill="#7f9a6b")
    draw.rectangle((300, 330, 900, 640), fill="#d9cdb8")
    draw.polygon(((250, 330), (600, 130), (950, 330)), fill="#8d5a44")
    draw.rectangle((550, 470, 650, 640), fill="#5d4636")
    draw.line(((760, 340), (730, 420), (775, 480), (740, 560), (770, 640)), fill="#3a2f28", width=8)
    return sheet
