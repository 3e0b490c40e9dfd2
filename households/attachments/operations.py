"""Keeping, opening and removing attachments. A picture is opened for a purpose, and the look is on the trail like any other."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from households.attachments.models import SUBJECTS, Attachment, AttachmentContent
from households.attachments.pictures import Picture, cleaned_picture
from households.attachments.queries import note_of
from households.history.models import IndicatorValue
from households.models import Household, HouseholdEvent
from households.queries import REVEALED, get_household
from households.rules import check_purpose, text_fault
from kernel import audit
from kernel.audit import Actor
from kernel.crypto import vault_of
from kernel.database import constraint_of
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound

MOST_FILES = 60
MOST_BYTES_OF_HOUSEHOLD = 30_000_000
LONGEST_NOTE = 200


@dataclass(frozen=True)
class Upload:
    """A picture as handed in, what it shows, and what it proves: a value of an indicator, an event, or the household as a whole."""

    content: bytes
    subject: str
    note: str | None = None
    indicator_value_id: uuid.UUID | None = None
    event_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Opened:
    """A picture in clear (JPEG) with its note; never stored, never logged."""

    id: uuid.UUID
    content: bytes
    note: str | None


def add_attachment(
    session: Session,
    *,
    household_id: uuid.UUID,
    upload: Upload,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Attachment:
    """Keeps a cleaned picture, sealed; the same picture of the same household again gives the row that is there.

    Raises InvalidFields and InvalidInput (the file, the subject, what it proves), Conflict (the household's quota is used up; the picture is
    on file as something else, or without the note), NotFound.
    """
    household = get_household(session, household_id, scope=scope)
    _check(session, household, upload)
    picture = cleaned_picture(upload.content)
    vault = vault_of(session)
    mark = vault.blind_index("attachment", picture.content.hex())
    # one upload of a household at a time, so that two cannot both take the last of its quota
    session.execute(sa.select(Household.id).where(Household.id == household.id).with_for_update())
    note = (upload.note or "").strip()
    known = session.scalar(_present(household.id).where(Attachment.content_index == mark))
    if known is not None:
        asked = (upload.subject, upload.indicator_value_id, upload.event_id)
        if note or asked != (known.subject, known.indicator_value_id, known.event_id):
            raise Conflict("This picture is on file already; remove it there to file it anew", field="file")
        return known
    _refuse_beyond_quota(session, household.id, picture)
    attachment = Attachment(
        id=uuid.uuid4(), household_id=household.id, indicator_value_id=upload.indicator_value_id,
        event_id=upload.event_id, subject=upload.subject, size=len(picture.content), width=picture.width,
        height=picture.height, content_index=mark, created_by=actor.id, creator=actor.label, created_at=now,
    )  # fmt: skip
    if note:
        attachment.note_sealed = vault.seal(note, table="attachments", row=attachment.id, column="note")
    session.add(attachment)
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_attachments_content":
            raise Conflict("This picture is on file already; remove it there to file it anew", field="file") from error
        raise
    sealed = vault.seal_bytes(picture.content, table="attachment_contents", row=attachment.id, column="sealed")
    session.add(AttachmentContent(attachment_id=attachment.id, sealed=sealed))
    session.flush()
    _record(session, household, "attachment.added", attachment, actor, now, size=attachment.size)
    return attachment


def open_attachment(
    session: Session, *, attachment_id: uuid.UUID, purpose: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Opened:
    """The picture in clear, for a purpose; who, when and what for stands on the trail, where the household reads it (promise 20).

    Raises InvalidInput (no purpose), NotFound (also outside `scope`, and once removed).
    """
    attachment, household = _find(session, attachment_id, scope)
    text = check_purpose(purpose)
    sealed = session.scalar(sa.select(AttachmentContent.sealed).where(AttachmentContent.attachment_id == attachment.id))
    if sealed is None:
        raise _gone()
    _record(session, household, REVEALED, attachment, actor, now, purpose=text)
    content = vault_of(session).open_bytes(sealed, table="attachment_contents", row=attachment.id, column="sealed")
    return Opened(attachment.id, content, note_of(session, attachment))


def remove_attachment(
    session: Session, *, attachment_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> None:
    """The picture and its note go; that there was one, and why it went, stays. Raises InvalidInput (no reason), NotFound."""
    attachment, household = _find(session, attachment_id, scope)
    text = check_purpose(reason) if reason.strip() else ""
    if not text:
        raise InvalidInput("Say in at least 4 characters why the picture is removed", field="reason")
    session.execute(sa.delete(AttachmentContent).where(AttachmentContent.attachment_id == attachment.id))
    attachment.removed_at, attachment.note_sealed = now, None
    session.flush()
    _record(session, household, "attachment.removed", attachment, actor, now, reason=text)


def _check(session: Session, household: Household, upload: Upload) -> None:
    faults = []
    if upload.subject not in SUBJECTS:
        faults.append(InvalidInput("Choose one of the list", field="subject"))
    note = text_fault(upload.note, most=LONGEST_NOTE, field="note", needed=False)
    if note is not None:
        faults.append(note)
    if upload.indicator_value_id is not None and upload.event_id is not None:
        faults.append(InvalidInput("A picture proves one thing; choose an indicator or an event", field="proves"))
    for model, key in ((IndicatorValue, upload.indicator_value_id), (HouseholdEvent, upload.event_id)):
        found = session.get(model, key) if key is not None else None
        if key is not None and (found is None or found.household_id != household.id):
            faults.append(InvalidInput("What the picture proves is not of this household", field="proves"))
    if faults:
        raise InvalidFields(faults)


def _present(household_id: uuid.UUID) -> sa.Select[tuple[Attachment]]:
    return sa.select(Attachment).where(Attachment.household_id == household_id, Attachment.removed_at.is_(None))


def _refuse_beyond_quota(session: Session, household_id: uuid.UUID, picture: Picture) -> None:
    files, size = session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Attachment.size), 0)).where(
            Attachment.household_id == household_id, Attachment.removed_at.is_(None)
        )
    ).one()
    if files >= MOST_FILES or size + len(picture.content) > MOST_BYTES_OF_HOUSEHOLD:
        raise Conflict(
            "This household's %(files)s pictures or %(most)s MB are used up; remove what is out of date",
            field="file",
            files=MOST_FILES,
            most=MOST_BYTES_OF_HOUSEHOLD // 1_000_000,
        )


def _find(session: Session, attachment_id: uuid.UUID, scope: tuple[str, ...]) -> tuple[Attachment, Household]:
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.removed_at is not None:
        raise _gone()
    try:
        return attachment, get_household(session, attachment.household_id, scope=scope)
    except NotFound:
        raise _gone() from None


def _gone() -> NotFound:
    return NotFound("There is no such picture in the regions you work in")


def _record(
    session: Session,
    household: Household,
    action: str,
    attachment: Attachment,
    actor: Actor,
    now: datetime,
    **detail: object,
) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="household", subject_id=household.id, now=now,
        region_code=household.region_code, attachment=attachment.id, subject=attachment.subject, **detail,
    )  # fmt: skip
