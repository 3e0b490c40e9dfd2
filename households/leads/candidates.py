"""Who a lead may speak of: households on file and other leads, with the reasons. A person decides; nothing is joined by itself."""

import uuid
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.leads.models import Lead
from households.leads.queries import indexes_of
from households.leads.rules import strength
from households.models import Household, Member
from households.policy.queries import monitoring_in_force
from kernel.accounts.rules import covers
from kernel.database import within

MOST_SHOWN = 20


@dataclass(frozen=True)
class Candidate:
    """A household (`kind` household) or lead that may be the same, strongest reasons first: resident_id, phone, name (the same),
    same_sound (the same pinyin), alike (pinyin alike); names count within the township, `same_village` says that the village is the same."""

    kind: str
    id: uuid.UUID
    number: int
    name: str | None
    region_code: str
    status: str
    reasons: tuple[str, ...]
    same_village: bool


@dataclass(frozen=True)
class Candidates:
    """`elsewhere`: the resident ID or telephone is on file outside the asker's regions; which household is not told."""

    rows: tuple[Candidate, ...]
    elsewhere: bool


def candidates_of(session: Session, lead: Lead, *, scope: tuple[str, ...], day: date) -> Candidates:
    """The households and leads that `lead` may speak of, the most likely first."""
    alike = monitoring_in_force(session, region_code=lead.region_code, day=day).leads.alike
    reasons: dict[tuple[str, uuid.UUID], list[str]] = {}
    _by_numbers(session, lead, reasons)
    if lead.name is not None:
        _by_name(session, lead, alike, reasons)
    rows, elsewhere = [], False
    for kind, model in (("household", Household), ("lead", Lead)):
        ids = [key for what, key in reasons if what == kind]
        for row in session.scalars(sa.select(model).where(model.id.in_(ids))):
            why = tuple(dict.fromkeys(reasons[kind, row.id]))
            if not covers(scope, row.region_code):
                elsewhere |= bool({"resident_id", "phone"} & set(why))
                continue
            name = row.head_name if isinstance(row, Household) else row.name
            same = len(lead.region_code) == 12 and row.region_code == lead.region_code
            rows.append(Candidate(kind, row.id, row.number, name, row.region_code, row.status, why, same))
    rows.sort(key=lambda one: (-strength(one.reasons), not one.same_village, one.kind, one.number))
    return Candidates(tuple(rows[:MOST_SHOWN]), elsewhere)


def _others(lead: Lead) -> tuple[sa.ColumnElement[bool], ...]:
    """Leads other than this one that stand for themselves."""
    return (Lead.id != lead.id, Lead.status != "merged")


def _by_numbers(session: Session, lead: Lead, reasons: dict[tuple[str, uuid.UUID], list[str]]) -> None:
    """By all numbers the lead was told with, also through those merged into it; a merged lead's number finds the one it goes on in."""
    people, phones = indexes_of(session, lead)
    goes_on_in = sa.func.coalesce(Lead.merged_into_id, Lead.id)
    for reason, indexes, households, leads in (
        ("resident_id", people, sa.select(Member.household_id).where(Member.resident_id_index.in_(people)), Lead.resident_id_index),
        ("phone", phones, sa.select(Household.id).where(Household.phone_index.in_(phones)), Lead.phone_index),
    ):  # fmt: skip
        if not indexes:
            continue
        for key in session.scalars(households):
            reasons.setdefault(("household", key), []).append(reason)
        for key in session.scalars(sa.select(goes_on_in).where(leads.in_(indexes), goes_on_in != lead.id).distinct()):
            reasons.setdefault(("lead", key), []).append(reason)


def _by_name(session: Session, lead: Lead, alike: int, reasons: dict[tuple[str, uuid.UUID], list[str]]) -> None:
    """Heads and leads by name, sound and likeness within the township; other members by their name alone, whose sound is not on file."""
    place = (lead.region_code[:9],)
    for kind, model, name in (("household", Household, Household.head_name), ("lead", Lead, Lead.name)):
        more = _others(lead) if model is Lead else ()
        likeness = sa.func.similarity(model.pinyin, lead.pinyin)
        rows = session.execute(
            sa.select(model.id, name, model.pinyin)
            .where(within(model.region_code, place), likeness * 1_000 >= alike, *more)
            .order_by(likeness.desc(), model.id)
            .limit(MOST_SHOWN)
        )
        for key, found, pinyin in rows:
            why = "name" if found == lead.name else "same_sound" if pinyin == lead.pinyin else "alike"
            reasons.setdefault((kind, key), []).append(why)
    for key in session.scalars(
        sa.select(Member.household_id)
        .join(Household, Household.id == Member.household_id)
        .where(within(Household.region_code, place), Member.name == lead.name)
        .limit(MOST_SHOWN)
    ):
        reasons.setdefault(("household", key), []).append("name")
