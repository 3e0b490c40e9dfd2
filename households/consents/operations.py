"""Writing consents: given on paper or on screen, carried over at registration, taken back at once."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.consents.models import PURPOSES, Consent
from households.consents.queries import head_of
from households.consents.rules import LONGEST_WORDS, Giving, check_giving
from households.consents.texts import is_newer, texts_in_force, versions_of
from households.models import Household
from kernel import audit
from kernel.audit import Actor
from kernel.checking import checked_text
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import within
from kernel.errors import Conflict, InvalidInput, NotFound


def give_consent(
    session: Session,
    *,
    household_id: uuid.UUID,
    purpose: str,
    giving: Giving,
    text_version: str | None = None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Consent:
    """Records that the household agrees to `purpose`; while such a consent is in force, another changes nothing.

    One that was only ticked at registration is replaced by its particulars, one to older words by one to newer ones. `text_version` is
    the version the household was shown: on a screen the one in force (None: that), on paper the one that is printed on it, to be said
    where there were several. Raises InvalidFields, InvalidInput (purpose, words that are not in force any more), NotFound, Conflict.
    """
    household = locked(session, household_id, scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    if purpose not in PURPOSES:
        raise InvalidInput("Choose one of the list", field="purpose")
    version = _version_agreed_to(purpose, giving, text_version)
    checked = check_giving(giving, head=head_of(session, household_id), today=day_of(now))
    known = _standing(session, household_id, purpose)
    if known is not None and known.way != "registration" and not is_newer(purpose, version, than=known.text_version):
        return known
    if known is not None:
        known.withdrawn_at, known.withdrawer_id = now, actor.id
        session.flush()
    consent = Consent(
        household_id=household_id,
        purpose=purpose,
        text_version=version,
        recorded_at=now,
        recorder_id=actor.id,
        **vars(checked),
    )
    session.add(consent)
    session.flush()
    session.refresh(household, ["consented_at"])
    _record(
        session, household, "household.consented", actor, now, purpose=purpose, way=checked.way, by=checked.given_by
    )
    return consent


def _version_agreed_to(purpose: str, giving: Giving, said: str | None) -> str:
    newest, known = texts_in_force()[purpose].version, versions_of(purpose)
    if giving.way != "paper":
        if said not in (None, newest):
            raise InvalidInput(
                "The words of this consent have changed; read them again and agree anew", field="purpose"
            )
        return newest
    if said is None and len(known) > 1:
        raise InvalidInput(
            "Say which version of the words is printed on the paper: %(versions)s",
            field="version",
            versions=", ".join(known),
        )
    if said is not None and said not in known:
        raise InvalidInput("There is no version %(version)s of these words", field="version", version=said)
    return said or newest


def give_consents(
    session: Session,
    *,
    household_id: uuid.UUID,
    purposes: Sequence[str],
    giving: Giving,
    versions: Mapping[str, str] | None = None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> list[Consent]:
    """`give_consent` to several purposes at once, all or none; `versions`: purpose → the version that was shown. Raises as it does, and
    InvalidInput where no purpose is named.
    """
    if not purposes:
        raise InvalidInput("Tick at least one purpose", field="purposes")
    return [
        give_consent(
            session,
            household_id=household_id,
            purpose=purpose,
            giving=giving,
            text_version=(versions or {}).get(purpose),
            actor=actor,
            scope=scope,
            now=now,
        )
        for purpose in purposes
    ]


def withdraw_consent(
    session: Session,
    *,
    household_id: uuid.UUID,
    purpose: str = "match",
    words: str | None = None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """The household takes a consent back; it holds from this moment: no later round sees its needs (promise 22).

    Where none is in force nothing changes. Raises NotFound, InvalidInput.
    """
    household = locked(session, household_id, scope)
    said = checked_text(words, field="words", most=LONGEST_WORDS, required=False, lines=True)
    consent = _standing(session, household_id, purpose)
    if consent is not None:
        consent.withdrawn_at, consent.withdrawer_id = now, actor.id
        if said:  # in the household's own words, which may name an illness
            consent.withdrawal_words_sealed = vault_of(session).seal(
                said, table="consents", row=consent.id, column="withdrawal_words"
            )
        session.flush()
        session.refresh(household, ["consented_at"])
        _record(session, household, "household.consent_withdrawn", actor, now, purpose=purpose)
    return household


def note_consents(
    session: Session, households: Sequence[tuple[uuid.UUID, str]], *, actor: Actor, now: datetime
) -> None:
    """Households (id, head's name) whose consent to matching was ticked at registration: in force, its particulars to be added."""
    version = texts_in_force()["match"].version
    session.add_all(
        Consent(
            household_id=household_id,
            purpose="match",
            text_version=version,
            way="registration",
            given_by="self",
            giver=name,
            given_on=day_of(now),
            recorded_at=now,
            recorder_id=actor.id,
        )
        for household_id, name in households
    )


def locked(session: Session, household_id: uuid.UUID, scope: tuple[str, ...]) -> Household:
    """The household, held against rounds that commit at the same moment. Raises NotFound, also outside `scope`."""
    household = session.scalar(
        sa.select(Household)
        .where(Household.id == household_id, within(Household.region_code, scope))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if household is None:
        raise NotFound("There is no such household in the regions you work in")
    return household


def _standing(session: Session, household_id: uuid.UUID, purpose: str) -> Consent | None:
    return session.scalar(
        sa.select(Consent).where(
            Consent.household_id == household_id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
        )
    )


def _record(session: Session, household: Household, action: str, actor: Actor, now: datetime, **detail: object) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject_type="household",
        subject_id=household.id,
        now=now,
        region_code=household.region_code,
        **detail,
    )
