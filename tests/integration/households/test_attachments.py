"""Evidence on file: sealed, bounded, opened for a purpose and removed with a reason; what it was called is nowhere."""

import io
import logging
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session

from households.attachments import operations
from households.attachments.models import Attachment, AttachmentContent
from households.attachments.operations import Upload, add_attachment, open_attachment, remove_attachment
from households.attachments.queries import attachments_of
from households.history.queries import history_of
from households.indicators import IndicatorEntry
from households.operations import record_event, set_indicators
from households.queries import who_looked
from kernel.audit import SYSTEM
from kernel.clock import day_of
from kernel.crypto import Unsealable, vault_of
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household
from tests.integration.households.test_privacy import every_cell

WORKER: dict[str, Any] = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}


def picture(colour: str = "red", *, comment: bytes = b"") -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(body, "JPEG", comment=comment)
    return body.getvalue()


def add(session: Session, household: Any, content: bytes | None = None, **more: Any) -> Attachment:
    upload = Upload(content or picture(), **{"subject": "medical", **more})
    return add_attachment(session, household_id=household.id, upload=upload, **WORKER)


def test_a_picture_is_kept_listed_and_opened_for_a_purpose(session: Session) -> None:  # promise 20
    household = make_household(session)
    set_indicators(
        session, household_id=household.id, entries=(IndicatorEntry("medical_year", 5, day_of(NOW), "发票"),), **WORKER
    )
    value = history_of(session, household.id)[0]
    kept = add(session, household, indicator_value_id=value.id, note="住院发票")
    (view,) = attachments_of(session, household.id)
    assert (view.row.id, view.code, view.has_note, view.row.width) == (kept.id, "medical_year", True, 40)
    with pytest.raises(InvalidInput):
        open_attachment(session, attachment_id=kept.id, purpose=" ", **WORKER)
    opened = open_attachment(session, attachment_id=kept.id, purpose="核对医疗费用", **WORKER)
    session.commit()
    assert opened.note == "住院发票"
    with Image.open(io.BytesIO(opened.content)) as image:
        assert image.format == "JPEG" and image.size == (40, 30)
    assert [look.purpose for look in who_looked(session, household.id)] == ["核对医疗费用"]


def test_the_same_picture_again_is_the_row_that_is_there(session: Session) -> None:
    household = make_household(session)
    assert add(session, household).id == add(session, household).id
    other = make_household(session, a_head(resident_id=resident_id(born="19700202")))
    assert add(session, other).id != add(session, household).id


def test_the_same_picture_as_something_else_is_refused_and_not_said_to_be_kept(session: Session) -> None:
    household = make_household(session)
    record_event(session, household_id=household.id, kind="fire", happened_on=day_of(NOW), source="镇里", **WORKER)
    add(session, household)
    for more in ({"note": "住院发票"}, {"subject": "income"}, {"event_id": household.events[0].id}):
        with pytest.raises(Conflict, match="on file already") as refused:
            add(session, household, **more)
        assert refused.value.field == "file"


def test_a_picture_of_another_township_is_not_found(session: Session) -> None:  # promise 11
    kept = add(session, make_household(session))
    elsewhere = {**WORKER, "scope": (SIBLING_TOWNSHIP,)}
    for act, said in ((open_attachment, {"purpose": "核对身份"}), (remove_attachment, {"reason": "不再需要"})):
        with pytest.raises(NotFound):
            act(session, attachment_id=kept.id, **said, **elsewhere)  # type: ignore[operator]


def test_a_removed_picture_is_gone_and_its_row_stays(session: Session) -> None:
    household = make_household(session)
    kept = add(session, household, note="旧")
    with pytest.raises(InvalidInput):
        remove_attachment(session, attachment_id=kept.id, reason=" ", **WORKER)
    remove_attachment(session, attachment_id=kept.id, reason="照错了人", **WORKER)
    assert session.scalar(sa.select(sa.func.count()).select_from(AttachmentContent)) == 0
    assert kept.note_sealed is None and kept.removed_at == NOW
    assert attachments_of(session, household.id) == []
    with pytest.raises(NotFound):
        open_attachment(session, attachment_id=kept.id, purpose="核对身份", **WORKER)
    assert add(session, household).id != kept.id


def test_the_quota_of_a_household_is_kept_by_number_and_by_weight(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    household = make_household(session)
    monkeypatch.setattr(operations, "MOST_FILES", 2)
    add(session, household, picture("red"))
    add(session, household, picture("blue"))
    with pytest.raises(Conflict, match="used up"):
        add(session, household, picture("green"))
    monkeypatch.setattr(operations, "MOST_FILES", 9)
    monkeypatch.setattr(operations, "MOST_BYTES_OF_HOUSEHOLD", 100)
    with pytest.raises(Conflict, match="used up"):
        add(session, household, picture("green"))


def test_what_it_proves_is_of_the_same_household(session: Session) -> None:
    household = make_household(session)
    other = make_household(session, a_head(resident_id=resident_id(born="19700202")))
    record_event(session, household_id=other.id, kind="fire", happened_on=day_of(NOW), source="镇里", **WORKER)
    with pytest.raises(InvalidFields):
        add(session, household, event_id=other.events[0].id)
    with pytest.raises(InvalidFields):
        add(session, household, subject="selfie")
    assert add(session, other, event_id=other.events[0].id).event_id == other.events[0].id


def test_neither_note_nor_metadata_nor_picture_lies_in_clear(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    # promise 19
    caplog.set_level(logging.DEBUG)
    household = make_household(session)
    kept = add(session, household, picture(comment=b"CANARY-META"), note="某种很少见的病的病历")
    session.commit()
    opened = open_attachment(session, attachment_id=kept.id, purpose="核对身份", **WORKER)
    session.commit()
    everything = every_cell(session) + caplog.text
    for canary in ("CANARY-META", "某种很少见的病", "JFIF"):
        assert canary not in everything
    assert b"JFIF" in opened.content and b"CANARY" not in opened.content


def test_a_sealed_picture_opens_at_its_own_row_alone(session: Session) -> None:
    household = make_household(session)
    first, second = add(session, household, picture("red")), add(session, household, picture("blue"))
    sealed = session.get_one(AttachmentContent, first.id).sealed
    with pytest.raises(Unsealable):
        vault_of(session).open_bytes(sealed, table="attachment_contents", row=second.id, column="sealed")
