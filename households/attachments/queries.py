"""Reading attachments: the rows, never the pictures; the caller has found the household within its regions."""

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.attachments.models import Attachment
from households.history.models import IndicatorValue
from households.models import HouseholdEvent
from kernel.crypto import vault_of


@dataclass(frozen=True)
class AttachmentView:
    """An attachment as listed: `code` of the indicator or `event` it proves, where there is one; `has_note` says that words lie sealed."""

    row: Attachment
    code: str | None
    event: str | None
    has_note: bool


def attachments_of(session: Session, household_id: uuid.UUID) -> list[AttachmentView]:
    """The household's attachments that are not removed, the newest first."""
    rows = session.execute(
        sa.select(Attachment, IndicatorValue.code, HouseholdEvent.kind)
        .outerjoin(IndicatorValue, IndicatorValue.id == Attachment.indicator_value_id)
        .outerjoin(HouseholdEvent, HouseholdEvent.id == Attachment.event_id)
        .where(Attachment.household_id == household_id, Attachment.removed_at.is_(None))
        .order_by(Attachment.created_at.desc(), Attachment.id)
    )
    return [AttachmentView(row, code, event, row.note_sealed is not None) for row, code, event in rows]


def note_of(session: Session, attachment: Attachment) -> str | None:
    """The words beside the picture, opened; whoever asks has put the look on the trail."""
    if attachment.note_sealed is None:
        return None
    return vault_of(session).open(attachment.note_sealed, table="attachments", row=attachment.id, column="note")
