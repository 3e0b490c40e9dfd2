"""Registering and keeping donors."""

import pytest
from sqlalchemy.orm import Session, sessionmaker

from donors.models import Donor
from donors.operations import register_donor, resume_donor, suspend_donor, update_donor
from donors.queries import get_donor, list_donors, masked_phone_of, masked_resident_id_of, phone_of
from kernel.audit import AuditEntry
from kernel.errors import Conflict, InvalidInput, NotFound, OutsideScope
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_supply import (
    CLERK,
    SCOPE,
    enterprise_entry,
    make_enterprise,
    make_volunteer,
    organisation_code,
    volunteer_entry,
)


def test_a_registered_volunteer_is_found_and_the_numbers_are_sealed(session: Session) -> None:
    entry = volunteer_entry()
    donor = register_donor(session, entry=entry, actor=CLERK, scope=SCOPE, now=NOW)
    assert entry.resident_id is not None
    assert donor.resident_id_sealed is not None
    assert entry.resident_id.encode() not in donor.resident_id_sealed
    assert phone_of(session, donor) == "+8613800000002"
    assert masked_phone_of(session, donor) == "+86138******02"
    assert masked_resident_id_of(session, donor) == f"330324{'*' * 10}{entry.resident_id[-2:]}"
    for search in ("小溪", "linxiao", "lxx", str(donor.number)):
        assert list_donors(session, scope=SCOPE, search=search).rows == [donor]


def test_the_same_code_or_the_same_person_is_registered_once(session: Session) -> None:
    code = organisation_code()
    first = make_enterprise(session, uscc=code)
    with pytest.raises(Conflict) as error:
        make_enterprise(session, uscc=code.lower(), name="又一家公司")
    assert str(first.number) in error.value.text
    entry = volunteer_entry()
    register_donor(session, entry=entry, actor=CLERK, scope=SCOPE, now=NOW)
    with pytest.raises(Conflict) as error:
        make_volunteer(session, resident_id=entry.resident_id, name="同一个人")
    assert error.value.field == "resident_id"


def test_a_duplicate_in_another_county_is_refused_without_a_name(session: Session) -> None:
    code = organisation_code()
    make_enterprise(session, uscc=code, region_code=OTHER_COUNTY, name="瑞安公司")
    with pytest.raises(Conflict) as error:
        register_donor(session, entry=enterprise_entry(uscc=code), actor=CLERK, scope=SCOPE, now=NOW)
    assert "瑞安" not in error.value.text


def test_two_racing_registrations_of_one_code_give_one_donor_and_one_conflict(
    sessions: sessionmaker[Session],
) -> None:
    code = organisation_code()
    with sessions() as one, sessions() as other:
        make_enterprise(one, uscc=code)
        one.commit()
        # The second session looked before the first committed: the unique constraint has the last word.
        other.execute(Donor.__table__.select())
        with pytest.raises(Conflict):
            make_enterprise(other, uscc=code)
        make_enterprise(other, name="可用事务公司")  # the refusal left the transaction usable
        other.commit()


def test_a_region_outside_the_scope_is_refused_and_its_donors_are_invisible(session: Session) -> None:
    with pytest.raises(OutsideScope):
        register_donor(session, entry=enterprise_entry(region_code=OTHER_COUNTY), actor=CLERK, scope=SCOPE, now=NOW)
    donor = make_enterprise(session, region_code=SIBLING_TOWNSHIP)
    with pytest.raises(NotFound):
        get_donor(session, donor.id, scope=(TOWNSHIP,))
    assert get_donor(session, donor.id, scope=(), own=[donor.id]) is donor
    assert list_donors(session, scope=()).rows == []


def test_an_unknown_region_or_skill_is_named(session: Session) -> None:
    with pytest.raises(NotFound) as error:
        make_enterprise(session, region_code="330324999")
    assert error.value.field == "region_code"
    with pytest.raises(InvalidInput) as invalid:
        make_volunteer(session, skills=("flying",))
    assert invalid.value.field == "skills"


def test_an_update_keeps_what_is_sealed_unless_given_anew_and_refuses_a_stale_form(session: Session) -> None:
    entry = volunteer_entry()
    donor = register_donor(session, entry=entry, actor=CLERK, scope=SCOPE, now=NOW)
    seen = donor.version
    changed = volunteer_entry(name="林大溪", resident_id="", phone="", skills=("driving", "nursing"))
    update_donor(session, donor_id=donor.id, entry=changed, version=seen, actor=CLERK, scope=SCOPE, now=NOW)
    assert (donor.name, donor.initials, donor.skills) == ("林大溪", "ldx", ["driving", "nursing"])
    assert masked_resident_id_of(session, donor)
    assert phone_of(session, donor) == "+8613800000002"
    with pytest.raises(Conflict) as error:
        update_donor(session, donor_id=donor.id, entry=changed, version=seen, actor=CLERK, scope=SCOPE, now=NOW)
    assert error.value.field == "version"


def test_suspending_gives_a_reason_and_leaves_a_trail_without_personal_numbers(session: Session) -> None:
    donor = make_volunteer(session)
    with pytest.raises(InvalidInput):
        suspend_donor(session, donor_id=donor.id, reason=" ", actor=CLERK, scope=SCOPE, now=NOW)
    suspend_donor(session, donor_id=donor.id, reason="投诉核查中", actor=CLERK, scope=SCOPE, now=NOW)
    with pytest.raises(Conflict):
        suspend_donor(session, donor_id=donor.id, reason="again", actor=CLERK, scope=SCOPE, now=NOW)
    resume_donor(session, donor_id=donor.id, reason="已核实", actor=CLERK, scope=SCOPE, now=NOW)
    session.commit()
    trail = session.query(AuditEntry).filter_by(subject_id=str(donor.id)).order_by(AuditEntry.id).all()
    assert [entry.action for entry in trail] == ["donor.registered", "donor.suspended", "donor.resumed"]
    assert "13800000002" not in str([entry.detail for entry in trail])


def test_pages_follow_each_other_by_key_without_gap_or_double(session: Session) -> None:
    made = [make_enterprise(session, name=f"公司{n}").number for n in range(7)]
    seen: list[int] = []
    after = None
    while True:
        page = list_donors(session, scope=(COUNTY,), after=after, limit=3)
        seen += [donor.number for donor in page.rows]
        if page.next_after is None:
            break
        after = int(page.next_after)
    assert seen == sorted(made, reverse=True)
