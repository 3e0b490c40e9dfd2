"""The people of a household as rows: sealing their numbers, finding one who is registered already, changing who belongs."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household, Member
from households.rules import CheckedHousehold, CheckedMember, HouseholdEntry
from kernel.accounts.rules import covers
from kernel.crypto import Vault, vault_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidInput


def refuse_known_people(
    session: Session,
    *,
    members: Sequence[CheckedMember],
    but: uuid.UUID | None,
    scope: tuple[str, ...],
    field: str | None = None,
) -> None:
    """Raises Conflict at the member who stands in another household than `but`. Within the asker's `scope` it says in which; of a household
    outside nothing is told. `field` names the member where there is one alone.
    """
    vault = vault_of(session)
    wanted = {
        vault.blind_index("resident_id", member.resident_id.number): position
        for position, member in enumerate(members)
        if member.resident_id is not None
    }
    query = (
        sa.select(Member.resident_id_index, Household.number, Household.head_name, Household.region_code)
        .join(Household, Household.id == Member.household_id)
        .where(Member.resident_id_index.in_(wanted))
    )
    if but is not None:
        query = query.where(Member.household_id != but)
    known = sorted((wanted[index], number, name, region) for index, number, name, region in session.execute(query))
    if known:
        position, number, name, region = known[0]
        place = f"{field or f'members.{position}'}.resident_id"
        raise known_in(number, name, place) if covers(scope, region) else known_person(place)


def known_in(number: int, head_name: str, field: str | None) -> Conflict:
    """The refusal of a person who stands in a household that the asker may see."""
    return Conflict(
        "This person is a member of household no. %(number)s (%(name)s) already; move the member or join the households there",
        field=field,
        number=number,
        name=head_name,
    )


def known_person(field: str | None) -> Conflict:
    """The refusal of a person who stands in a household already."""
    return Conflict(
        "A person with this resident ID is registered in a household already; ask the county to look it up", field=field
    )


def new_member(vault: Vault, checked: CheckedMember, position: int) -> Member:
    """A member's row with its numbers sealed to it."""
    member = Member(id=new_id(), position=position)
    fill_member(vault, member, checked, position)
    return member


def fill_member(vault: Vault, member: Member, checked: CheckedMember, position: int) -> None:
    """Sets the row to what was checked; what the entry leaves unsaid (None) stays sealed as it is."""
    entry = checked.entry
    member.position, member.name, member.relation = position, entry.name.strip(), entry.relation
    member.sex, member.born_on = checked.sex, checked.born_on
    member.disability_grade = entry.disability_grade
    member.able_to_work, member.in_school = entry.able_to_work, entry.in_school
    if checked.resident_id is not None:
        number = checked.resident_id.number
        member.resident_id_sealed = vault.seal(number, table="members", row=member.id, column="resident_id")
        member.resident_id_index = vault.blind_index("resident_id", number)
    elif entry.resident_id == "":
        member.resident_id_sealed = member.resident_id_index = None
    if entry.diagnosis:
        member.diagnosis_sealed = vault.seal(
            entry.diagnosis.strip(), table="members", row=member.id, column="diagnosis"
        )
    elif entry.diagnosis == "":
        member.diagnosis_sealed = None


def with_known(entry: HouseholdEntry, kept: dict[uuid.UUID, Member]) -> HouseholdEntry:
    """The entry with sex and date of birth of members whose sealed resident ID is kept: the number decides them.

    Raises InvalidInput where an `id` is no member of this household.
    """
    members = []
    for position, member in enumerate(entry.members):
        if member.id is not None and member.id not in kept:
            raise InvalidInput("This member is not of this household", field=f"members.{position}.id")
        if member.id is not None and member.resident_id is None:
            known = kept[member.id]
            if known.resident_id_sealed is not None:
                member = replace(member, sex=known.sex, born_on=known.born_on)
            else:
                member = replace(member, sex=member.sex or known.sex, born_on=member.born_on or known.born_on)
        members.append(member)
    return replace(entry, members=tuple(members))


def change_members(
    session: Session, vault: Vault, household: Household, checked: CheckedHousehold, kept: dict[uuid.UUID, Member]
) -> None:
    """Brings the rows to what was checked: first who goes, then who stops being head, then the rest, so that the unique
    indexes (one head, one household per person) hold at every step.
    """
    staying = {member.entry.id for member in checked.members if member.entry.id is not None}
    for member_id, member in kept.items():
        if member_id not in staying:
            household.members.remove(member)
    for one in checked.members:
        known = kept.get(one.entry.id) if one.entry.id else None
        if known is not None and known.relation == "head" and one.entry.relation != "head":
            known.relation = one.entry.relation
    session.flush()
    for position, one in enumerate(checked.members):
        if one.entry.id is not None:
            fill_member(vault, kept[one.entry.id], one, position)
        else:
            household.members.append(new_member(vault, one, position))
