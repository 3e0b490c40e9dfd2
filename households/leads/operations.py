"""Writing leads: recording them, answering for them, and deciding what each of them is."""

import hashlib
import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from households.leads.models import Lead
from households.leads.queries import (
    LEAD_REVEALED,
    VERIFIERS,
    PossibleOwner,
    get_lead,
    in_order,
    owners_by_role,
    possible_owners,
)
from households.leads.rules import (
    COUNTY_DIGITS,
    CheckedLead,
    LeadEntry,
    check_closing,
    check_lead,
    county_takes_before,
    due_day,
    owner_region_of,
    receipt_code,
)
from households.models import Household
from households.operations import register_household
from households.policy.queries import monitoring_in_force
from households.queries import get_household
from households.rules import TOWNSHIP_DIGITS, HouseholdEntry, check_purpose
from kernel import audit
from kernel.accounts.rules import covers, require_scope
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, InvalidInput
from kernel.pinyin import initials, syllables
from kernel.regions.queries import get_region

PUBLIC = Actor(None, "public")
_SEALED = ("told", "address", "phone", "resident_id", "teller", "reason")


@dataclass(frozen=True)
class RevealedLead:
    """A lead's sealed values in clear; never stored, never logged."""

    told: str | None
    address: str | None
    phone: str | None
    resident_id: str | None
    teller: str | None
    reason: str | None


class Owners:
    """Who answers where, asked for once per place while many leads are written in one transaction; each lead given out counts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._at: dict[str, list[PossibleOwner]] = {}
        self._open: dict[uuid.UUID, int] = {}

    def give(self, region_code: str, owner_region: str) -> uuid.UUID | None:
        """The person who answers within the unit: the nearest to the place, of those the one with fewest open leads; none while the unit has
        nobody."""
        place = region_code if len(owner_region) > COUNTY_DIGITS else owner_region
        if place not in self._at:
            self._at[place] = owners_by_role(self._session, place)
            self._open |= {one.user.id: one.open_leads for one in self._at[place]}
        people = in_order(replace(one, open_leads=self._open[one.user.id]) for one in self._at[place])
        if len(owner_region) <= COUNTY_DIGITS:
            people = [one for one in people if any(grant.role == VERIFIERS[-1] for grant in one.grants)] or people
        if not people:
            return None
        self._open[people[0].id] += 1
        return people[0].id


def record_lead(session: Session, *, entry: LeadEntry, actor: Actor, scope: tuple[str, ...], now: datetime) -> Lead:
    """A lead that somebody of the staff writes down. Raises InvalidFields, OutsideScope, NotFound (region), Conflict (a work order twice)."""
    checked = check_lead(entry, today=day_of(now))
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    return add_lead(session, checked=checked, actor=actor, now=now)


def tip_off(session: Session, *, entry: LeadEntry, form_key: str, served: tuple[str, ...], now: datetime) -> str:
    """A lead from the public; returns the receipt code. The same form sent twice is one lead and gives one code.

    `served`: the counties whose people answer for leads. Raises InvalidFields, InvalidInput (no form key, a place nobody answers for).
    """
    if not 16 <= len(form_key) <= 200:
        raise InvalidInput("This form is too old; open it again and send it anew", field="form_key")
    checked = check_lead(entry, today=day_of(now))
    if not covers(served, entry.region_code):
        raise InvalidInput("No county there takes reports here; call 12345", field="region_code")
    get_region(session, entry.region_code)
    vault = vault_of(session)
    # changed words under the same key are another report: nothing that was typed is dropped
    content = hashlib.sha256(repr(entry).encode()).hexdigest()
    code = receipt_code(vault.blind_index("receipt_code", f"{form_key}|{content}"))
    index = vault.blind_index("receipt", code)
    known = sa.select(sa.exists().where(Lead.receipt_index == index))
    if not session.scalar(known):
        try:
            with session.begin_nested():
                add_lead(session, checked=checked, actor=PUBLIC, now=now, receipt_index=index)
        except IntegrityError as error:  # the same form a moment ago, by a double tap
            if constraint_of(error) != "uq_leads_receipt_index":
                raise
    return code


def add_lead(
    session: Session,
    *,
    checked: CheckedLead,
    actor: Actor,
    now: datetime,
    receipt_index: bytes | None = None,
    found: dict[str, object] | None = None,
    owners: Owners | None = None,
) -> Lead:
    """Writes a checked lead with its owner and day. Raises Conflict where its work order is on file, or data comparison speaks of the same
    person in an open lead."""
    entry, today = checked.entry, day_of(now)
    terms = monitoring_in_force(session, region_code=entry.region_code, day=today).leads
    owner_region = owner_region_of(entry.region_code, entry.channel, terms)
    lead = Lead(
        id=new_id(),
        region_code=entry.region_code,
        channel=entry.channel,
        reference=(entry.reference or "").strip() or None,
        name=checked.name,
        pinyin=syllables(checked.name) if checked.name else None,
        initials=initials(checked.name) if checked.name else None,
        receipt_index=receipt_index,
        found=found,
        owner_region=owner_region,
        owner_id=(owners or Owners(session)).give(entry.region_code, owner_region),
        due_on=due_day(entry.channel, terms, today=today),
        created_by=actor.id,
        created_at=now,
    )
    values = {"told": entry.told, "address": entry.address, "teller": entry.teller, "phone": checked.phone, "resident_id": checked.resident_id}  # fmt: skip
    for column, text in values.items():
        _seal(session, lead, column, text)
    session.add(lead)
    _flush(session)
    _record(session, lead, "lead.recorded", actor, now, channel=lead.channel, owner=lead.owner_region, due=lead.due_on)
    return lead


def assign_lead(
    session: Session, *, lead_id: uuid.UUID, user_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Lead:
    """Another person answers for it from now on. Raises NotFound, Conflict (done), InvalidInput (somebody whose role does not cover the place)."""
    lead = _open(session, lead_id, scope)
    people = {user.id: user for user in possible_owners(session, lead.region_code)}
    if user_id not in people:
        raise InvalidInput("This person's role does not cover the place of the lead; choose another", field="user_id")
    if lead.owner_id != user_id:
        lead.owner_id = user_id
        session.flush()
        _record(session, lead, "lead.assigned", actor, now, owner=people[user_id].login)
    return lead


def reveal_lead(
    session: Session, *, lead_id: uuid.UUID, purpose: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> RevealedLead:
    """Opens what is sealed and writes who, when and what for on the trail. Raises InvalidInput, NotFound."""
    lead = get_lead(session, lead_id, scope=scope, lock=True)
    text = check_purpose(purpose)
    lead.seen_at = lead.seen_at or now
    session.flush()
    _record(session, lead, LEAD_REVEALED, actor, now, purpose=text)
    return RevealedLead(**{column: _opened(session, lead, column) for column in _SEALED})


def register_from_lead(
    session: Session, *, lead_id: uuid.UUID, entry: HouseholdEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Household:
    """The lead is verified and becomes a household. What the entry leaves empty of telephone and, for the member who bears the lead's name,
    resident ID is taken over from the lead, sealed here as there. The address is not: a household's stands in clear, so a person who has seen
    it writes it down. Raises as register_household does, and Conflict where the lead is done."""
    lead = _open(session, lead_id, scope)
    members = tuple(
        replace(member, resident_id=_opened(session, lead, "resident_id"))
        if not member.resident_id and lead.name is not None and member.name.strip() == lead.name
        else member
        for member in entry.members
    )
    entry = replace(entry, members=members, phone=entry.phone or _opened(session, lead, "phone"))
    household = register_household(session, entry=entry, actor=actor, scope=scope, now=now)
    _finish(session, lead, "registered", now, household_id=household.id)
    _record(session, lead, "lead.registered", actor, now, household=household.id)
    return household


def tie_to_household(
    session: Session,
    *,
    lead_id: uuid.UUID,
    household_id: uuid.UUID,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Lead:
    """The lead speaks of a household on file. Raises NotFound, Conflict (done; the household is closed: the lead would end with nobody who
    looks after it)."""
    lead = _open(session, lead_id, scope)
    household = get_household(session, household_id, scope=scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    _finish(session, lead, "known", now, household_id=household.id)
    _record(session, lead, "lead.known", actor, now, household=household.id)
    return lead


def merge_lead(
    session: Session, *, lead_id: uuid.UUID, into_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Lead:
    """The lead goes on in another, which keeps the earlier of the two days; a closed one is open again with the new one's day. Nothing told is lost:
    the merged lead keeps it, and what the other lacks of name and numbers it takes over, so that it is found by them. Returns the lead that goes on. Raises NotFound, Conflict (done, merged, or a household already)."""
    if lead_id == into_id:
        raise InvalidInput("A lead cannot be merged into itself", field="into_id")
    # in one order, so that two people who merge the same two do not wait for each other
    for one in sorted((lead_id, into_id)):
        get_lead(session, one, scope=scope, lock=True)
    lead = _open(session, lead_id, scope)
    into = get_lead(session, into_id, scope=scope)
    if into.status == "merged":
        raise Conflict("That lead was merged into another; merge into the one that goes on")
    if into.household_id is not None:
        raise Conflict("That lead became a household; say that this one speaks of the same household")
    reopened = into.status == "closed"
    _finish(session, lead, "merged", now, merged_into_id=into.id)
    if reopened:
        _reopen(session, into, now)
        _record(session, into, "lead.reopened", actor, now, by=lead.number)
    _take_over(session, lead, into)
    into.due_on, into.seen_at = min(into.due_on, lead.due_on), into.seen_at or now
    session.execute(sa.update(Lead).where(Lead.merged_into_id == lead.id).values(merged_into_id=into.id))
    _flush(session)
    _record(session, lead, "lead.merged", actor, now, into=into.number)
    _record(session, into, "lead.took_in", actor, now, took=lead.number)
    return into


def close_lead(
    session: Session,
    *,
    lead_id: uuid.UUID,
    closing: str,
    reason: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Lead:
    """Verified, and no household of ours: the reason is kept sealed. Raises InvalidFields, NotFound, Conflict (done)."""
    lead = _open(session, lead_id, scope)
    text = check_closing(closing, reason)
    earlier = _opened(session, lead, "reason")  # of a lead that was opened again
    _seal(session, lead, "reason", f"{earlier}\n{text}" if earlier else text)
    _finish(session, lead, "closed", now, closing=closing)
    _record(session, lead, "lead.closed", actor, now, closing=closing)
    return lead


def reopen_lead(session: Session, *, lead_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime) -> Lead:
    """A closed lead is looked into again, with a new day. Raises NotFound, Conflict (not closed)."""
    lead = get_lead(session, lead_id, scope=scope, lock=True)
    if lead.status != "closed":
        raise Conflict("Only a closed lead can be opened again")
    before = lead.closing
    _reopen(session, lead, now)
    _record(session, lead, "lead.reopened", actor, now, before=before)
    return lead


def escalate_leads(session: Session, *, now: datetime, limit: int = 500) -> int:
    """Hands overdue leads of villages and townships to their county, at most `limit`; how many. Runs again and again: a lead goes up once.

    Townships are asked for their terms first, so that late leads of a place that gives more days never stand before those that are to go up.
    """
    today, owners = day_of(now), Owners(session)
    late = (Lead.status == "open", Lead.due_on < today, sa.func.length(Lead.owner_region) > COUNTY_DIGITS)
    township = sa.func.left(Lead.region_code, TOWNSHIP_DIGITS)
    before_day: dict[date, list[str]] = defaultdict(list)
    for code in session.scalars(sa.select(township).where(*late).distinct()).all():
        terms = monitoring_in_force(session, region_code=code, day=today).leads
        before_day[county_takes_before(terms, today=today)].append(code)
    rows = session.scalars(
        sa.select(Lead)
        .where(*late, sa.or_(sa.false(), *(sa.and_(Lead.due_on < day, township.in_(codes)) for day, codes in before_day.items())))
        .order_by(Lead.due_on, Lead.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()  # fmt: skip
    for lead in rows:
        before, lead.owner_region = lead.owner_region, lead.region_code[:COUNTY_DIGITS]
        lead.owner_id = owners.give(lead.region_code, lead.owner_region) or lead.owner_id
        lead.escalated_at = now
        session.flush()
        _record(session, lead, "lead.escalated", audit.SYSTEM, now, before=before, owner=lead.owner_region)
    return len(rows)


def _take_over(session: Session, lead: Lead, into: Lead) -> None:
    """What `into` lacks of name, telephone and resident ID, of the lead that goes on in it; sealed anew, as a seal holds for one row."""
    if into.name is None:
        into.name, into.pinyin, into.initials = lead.name, lead.pinyin, lead.initials
    for column in ("phone", "resident_id"):
        if getattr(into, f"{column}_sealed") is None:
            _seal(session, into, column, _opened(session, lead, column))


def _flush(session: Session) -> None:
    """Raises Conflict for what the database alone can know: a work order, or an open lead about the same person, of a moment ago."""
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_leads_reference":
            raise Conflict("This work order is on file as a lead already; search for it", field="reference") from error
        if constraint_of(error) == "uq_leads_compared":
            raise Conflict(
                "Another open lead speaks of the same person; look at that one", field="resident_id"
            ) from error
        raise


def _open(session: Session, lead_id: uuid.UUID, scope: tuple[str, ...]) -> Lead:
    lead = get_lead(session, lead_id, scope=scope, lock=True)
    if lead.status != "open":
        raise Conflict("This lead was decided already; look at what became of it")
    return lead


def _finish(session: Session, lead: Lead, status: str, now: datetime, **values: object) -> None:
    lead.status, lead.done_at, lead.seen_at = status, now, lead.seen_at or now
    for name, value in values.items():
        setattr(lead, name, value)
    session.flush()


def _reopen(session: Session, lead: Lead, now: datetime) -> None:
    """Open again, as if it came in today; the reason it was closed with stays, sealed, and the closing on the trail."""
    today = day_of(now)
    terms = monitoring_in_force(session, region_code=lead.region_code, day=today).leads
    lead.status, lead.closing, lead.done_at, lead.escalated_at = "open", None, None, None
    lead.owner_region = owner_region_of(lead.region_code, lead.channel, terms)
    lead.owner_id = Owners(session).give(lead.region_code, lead.owner_region)
    lead.due_on = due_day(lead.channel, terms, today=today)
    _flush(session)


def _seal(session: Session, lead: Lead, column: str, text: str | None) -> None:
    cleaned = (text or "").strip()
    if not cleaned:
        return
    vault = vault_of(session)
    setattr(lead, f"{column}_sealed", vault.seal(cleaned, table="leads", row=lead.id, column=column))
    if column in ("phone", "resident_id"):
        setattr(lead, f"{column}_index", vault.blind_index(column, cleaned))


def _opened(session: Session, lead: Lead, column: str) -> str | None:
    sealed: bytes | None = getattr(lead, f"{column}_sealed")
    return None if sealed is None else vault_of(session).open(sealed, table="leads", row=lead.id, column=column)


def _record(session: Session, lead: Lead, action: str, actor: Actor, now: datetime, **detail: object) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="lead", subject_id=lead.id, now=now,
        region_code=lead.region_code, **detail,
    )  # fmt: skip
