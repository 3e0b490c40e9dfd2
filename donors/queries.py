"""Reading donors. Every query takes the scope of the asker; what lies outside does not exist for them."""

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.models import Donor, DonorPerson
from kernel.crypto import vault_of
from kernel.database import escape_like, within
from kernel.errors import NotFound
from kernel.identity import masked
from kernel.paging import MOST, Page, page_of


def matches_donor(text: str) -> sa.ColumnElement[bool]:
    """Donors found by number, by the start of their code, pinyin or initials, or by a part of the name."""
    wanted = text.strip()
    pattern = escape_like(wanted)
    low = escape_like(wanted.lower())
    found = [
        Donor.name.ilike(f"%{pattern}%"),
        Donor.pinyin.like(f"{low}%"),
        Donor.initials.like(f"{low}%"),
        Donor.uscc.like(f"{escape_like(wanted.upper())}%"),
    ]
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
        found.append(Donor.number == int(wanted))
    return sa.or_(*found)


def list_donors(
    session: Session,
    *,
    scope: tuple[str, ...],
    search: str = "",
    kind: str | None = None,
    status: str | None = None,
    region_code: str | None = None,
    skill: str | None = None,
    ids: Iterable[uuid.UUID] | None = None,
    after: int | None = None,
    limit: int = 50,
) -> Page:
    """Donors within `scope`, newest first; `after` is the number of the last one seen. `ids` narrows to these alone."""
    query = sa.select(Donor).where(within(Donor.region_code, scope))
    if search.strip():
        query = query.where(matches_donor(search))
    if kind:
        query = query.where(Donor.kind == kind)
    if status:
        query = query.where(Donor.status == status)
    if region_code:
        query = query.where(within(Donor.region_code, (region_code,)))
    if skill:
        query = query.where(Donor.skills.contains([skill]))
    if ids is not None:
        query = query.where(Donor.id.in_(list(ids)))
    if after is not None:
        query = query.where(Donor.number < after)
    limit = min(limit, MOST)
    rows = session.scalars(query.order_by(Donor.number.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, key=lambda donor: donor.number)


def get_donor(session: Session, donor_id: uuid.UUID, *, scope: tuple[str, ...], own: Iterable[uuid.UUID] = ()) -> Donor:
    """The donor, where it lies within `scope` or is one of the asker's `own`. Raises NotFound."""
    donor = session.get(Donor, donor_id)
    if donor is None or not (donor.id in set(own) or any(donor.region_code.startswith(code) for code in scope)):
        raise NotFound("There is no such donor, or it lies outside your regions", field="donor_id")
    return donor


def donor_of_number(session: Session, number: int, *, scope: tuple[str, ...]) -> Donor:
    """The donor of this number within `scope`. Raises NotFound."""
    donor = session.scalar(sa.select(Donor).where(Donor.number == number, within(Donor.region_code, scope)))
    if donor is None:
        raise NotFound("There is no donor no. %(number)s in your regions", field="donor_number", number=number)
    return donor


def donors_of_user(session: Session, user_id: uuid.UUID) -> list[Donor]:
    """The donors this account acts for, oldest first."""
    return list(
        session.scalars(
            sa.select(Donor)
            .join(DonorPerson, DonorPerson.donor_id == Donor.id)
            .where(DonorPerson.user_id == user_id)
            .order_by(Donor.number)
        )
    )


def volunteer_of_user(session: Session, user_id: uuid.UUID) -> Donor | None:
    """The volunteer this account is, or None."""
    return next((donor for donor in donors_of_user(session, user_id) if donor.kind == "volunteer"), None)


def phone_of(session: Session, donor: Donor) -> str | None:
    """The telephone in E.164, opened. The caller has the right to see it and logs that it did."""
    if donor.phone_sealed is None:
        return None
    return vault_of(session).open(donor.phone_sealed, table="donors", row=donor.id, column="phone")


def masked_phone_of(session: Session, donor: Donor) -> str | None:
    """``+86138******78``: what every reader of the donor may see."""
    phone = phone_of(session, donor)
    return masked(phone, head=6, tail=2) if phone else None


def masked_resident_id_of(session: Session, donor: Donor) -> str | None:
    """``330324************12``: enough to compare with a card in the hand."""
    if donor.resident_id_sealed is None:
        return None
    number = vault_of(session).open(donor.resident_id_sealed, table="donors", row=donor.id, column="resident_id")
    return masked(number, head=6, tail=2)
