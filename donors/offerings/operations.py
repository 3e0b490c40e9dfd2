"""Registering and changing offerings."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from donors.funds.models import Fund
from donors.offerings.models import Offering
from donors.offerings.queries import get_offering
from donors.offerings.rules import OfferingEntry, checked_offering
from donors.queries import get_donor
from kernel import audit
from kernel.accounts.rules import Actor, require_scope
from kernel.catalogue.queries import require_categories, require_skills
from kernel.checking import Faults
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.regions.models import Region

_FIELDS = (
    "title", "quantity", "region_code", "unit_cost_fen", "government_bought", "areas", "radius_m", "lat", "lon",
    "provides", "starts_on", "ends_on", "max_needs", "types", "fund_ids",
)  # fmt: skip
_LISTS = ("areas", "provides", "types", "fund_ids")


def register_offering(
    session: Session,
    *,
    entry: OfferingEntry,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    own_donor_ids: Iterable[uuid.UUID] = (),
) -> Offering:
    """A new offering of an active donor. `own_donor_ids`: the donors the actor acts for, who may offer within their own county.

    Raises InvalidFields, NotFound (donor, region), OutsideScope, Conflict (the donor is suspended).
    """
    own = set(own_donor_ids)
    entry = checked_offering(entry)
    donor = get_donor(session, entry.donor_id, scope=scope, own=own)
    if donor.status != "active":
        raise Conflict("The donor is suspended or closed and offers nothing new; resume it first", field="donor_id")
    require_scope(_reach_of(scope, donor.id in own, donor.region_code), entry.region_code)
    _require_known(session, entry)
    offering = Offering(
        id=new_id(), donor_id=donor.id, category_code=entry.category_code, created_at=now, updated_at=now
    )
    _fill(offering, entry)
    session.add(offering)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="offering.registered",
        subject_type="offering",
        subject_id=offering.id,
        now=now,
        region_code=offering.region_code,
        category=offering.category_code,
        quantity=offering.quantity,
    )
    return offering


def change_offering(
    session: Session,
    *,
    offering_id: uuid.UUID,
    entry: OfferingEntry,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    own_donor_ids: Iterable[uuid.UUID] = (),
) -> Offering:
    """The offering as `entry` has it; donor and category stay. The quantity never falls below what is promised or gone.

    `version` is the one the editor saw. Raises as `register_offering`, and Conflict when somebody changed it meanwhile.
    """
    own = set(own_donor_ids)
    offering = get_offering(session, offering_id, scope=scope, own_donor_ids=own)
    _require_version(offering, version)
    if offering.status == "withdrawn":
        raise Conflict("A withdrawn offering does not change any more; register a new one", field="status")
    if entry.donor_id != offering.donor_id or entry.category_code != offering.category_code:
        raise InvalidInput(
            "Donor and category of an offering do not change; withdraw it and register a new one",
            field="donor_id" if entry.donor_id != offering.donor_id else "category_code",
        )
    entry = checked_offering(entry, least_quantity=offering.reserved + offering.delivered)
    if entry.region_code != offering.region_code:
        require_scope(_reach_of(scope, offering.donor_id in own, offering.region_code), entry.region_code)
    _require_known(session, entry)
    before = {field: getattr(offering, field) for field in _FIELDS}
    _fill(offering, entry)
    offering.updated_at = now
    changed = sorted(field for field in _FIELDS if getattr(offering, field) != before[field])
    _save(session)
    audit.record(
        session,
        actor=actor,
        action="offering.changed",
        subject_type="offering",
        subject_id=offering.id,
        now=now,
        region_code=offering.region_code,
        fields=changed,
        quantity=offering.quantity,
    )
    return offering


class Writer(TypedDict):
    """Who changes an offering, where and when; `own_donor_ids` as in `register_offering`."""

    actor: Actor
    scope: tuple[str, ...]
    now: datetime
    own_donor_ids: NotRequired[Iterable[uuid.UUID]]


def pause_offering(session: Session, *, offering_id: uuid.UUID, **writer: Unpack[Writer]) -> Offering:
    """No new promises for now; what is promised stays promised. Raises NotFound, Conflict."""
    return _set_status(session, offering_id, "paused", ("open",), **writer)


def resume_offering(session: Session, *, offering_id: uuid.UUID, **writer: Unpack[Writer]) -> Offering:
    """A paused offering is open again. Raises NotFound, Conflict."""
    return _set_status(session, offering_id, "open", ("paused",), **writer)


def withdraw_offering(session: Session, *, offering_id: uuid.UUID, **writer: Unpack[Writer]) -> Offering:
    """Ends the offering for good. Raises NotFound, and Conflict while units are still promised to households."""
    return _set_status(session, offering_id, "withdrawn", ("open", "paused"), **writer)


def _set_status(
    session: Session,
    offering_id: uuid.UUID,
    status: str,
    allowed: tuple[str, ...],
    *,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    own_donor_ids: Iterable[uuid.UUID] = (),
) -> Offering:
    get_offering(session, offering_id, scope=scope, own_donor_ids=own_donor_ids)
    offering = session.get_one(Offering, offering_id, populate_existing=True, with_for_update={"key_share": True})
    if offering.status not in allowed:
        raise Conflict(
            "The state of the offering changed meanwhile and does not admit this; reload the page", field="status"
        )
    if status == "withdrawn" and offering.reserved:
        raise Conflict(
            "%(reserved)s units are still promised; have them delivered or released first, or pause the offering",
            field="status",
            reserved=offering.reserved,
        )
    offering.status, offering.updated_at = status, now
    _save(session)
    audit.record(
        session,
        actor=actor,
        action={"paused": "offering.paused", "open": "offering.resumed", "withdrawn": "offering.withdrawn"}[status],
        subject_type="offering",
        subject_id=offering.id,
        now=now,
        region_code=offering.region_code,
    )
    return offering


def _reach_of(scope: tuple[str, ...], is_own: bool, home: str) -> tuple[str, ...]:
    """Where the offering may lie: the actor's regions, and for one's own donor the county the donor belongs to."""
    return (*scope, home[:6]) if is_own else scope


def _fill(offering: Offering, entry: OfferingEntry) -> None:
    for field in _FIELDS:
        value = getattr(entry, field)
        setattr(offering, field, list(value) if field in _LISTS and value is not None else value)


def _require_known(session: Session, entry: OfferingEntry) -> None:
    """Every code and id of the entry exists. Raises InvalidFields naming all that do not."""
    faults = Faults()
    with faults.gathering():
        require_categories(session, [entry.category_code])
    with faults.gathering():
        require_skills(session, list(entry.provides), field="provides")
    wanted = {entry.region_code, *(entry.areas or ())}
    known = set(session.scalars(sa.select(Region.code).where(Region.code.in_(wanted))))
    if entry.region_code not in known:
        raise NotFound(
            "There is no region with code %(code)s; look the code up by name",
            field="region_code",
            code=entry.region_code,
        )
    for code in entry.areas or ():
        if code not in known:
            faults.add(
                InvalidInput(
                    "There is no region with code %(code)s; look the code up by name", field="areas", code=code
                )
            )
    if entry.fund_ids:
        funds = set(session.scalars(sa.select(Fund.id).where(Fund.id.in_(entry.fund_ids))))
        for fund_id in entry.fund_ids:
            if fund_id not in funds:
                faults.add(
                    InvalidInput("There is no fund %(fund)s; see the list of funds", field="fund_ids", fund=fund_id)
                )
    faults.raise_any()


def _require_version(offering: Offering, seen: int) -> None:
    if offering.version != seen:
        raise Conflict("Somebody changed this meanwhile; reload, compare and save again", field="version")


def _save(session: Session) -> None:
    try:
        with session.begin_nested():
            session.flush()
    except StaleDataError as error:
        raise Conflict("Somebody changed this meanwhile; reload, compare and save again", field="version") from error
    except IntegrityError as error:
        if constraint_of(error) == "ck_offerings_never_over_allocated":
            raise Conflict(
                "Units were promised meanwhile, more than the new quantity; reload and give a higher quantity",
                field="quantity",
            ) from error
        raise
