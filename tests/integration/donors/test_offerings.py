"""Registering and changing offerings."""

import uuid
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.orm import Session

from donors.offerings.models import Offering
from donors.offerings.operations import (
    change_offering,
    pause_offering,
    register_offering,
    resume_offering,
    withdraw_offering,
)
from donors.offerings.queries import get_offering, list_offerings
from donors.offerings.rules import OfferingEntry
from donors.offerings.stock import hold, release
from donors.operations import suspend_donor
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound, OutsideScope
from tests.factories import NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_supply import CLERK, SCOPE, make_enterprise, make_fund, make_offering


def entry_of(offering: Offering, **changes: object) -> OfferingEntry:
    given = OfferingEntry(
        donor_id=offering.donor_id, category_code=offering.category_code, title=offering.title,
        quantity=offering.quantity, region_code=offering.region_code,
    )  # fmt: skip
    return replace(given, **changes)  # type: ignore[arg-type]


def change(session: Session, offering: Offering, **changes: object) -> Offering:
    return change_offering(
        session, offering_id=offering.id, entry=entry_of(offering, **changes), version=offering.version,
        actor=CLERK, scope=SCOPE, now=NOW,
    )  # fmt: skip


def test_an_offering_is_found_by_title_number_and_donor(session: Session) -> None:
    offering = make_offering(session, title="东北大米", starts_on=date(2027, 3, 1), ends_on=date(2027, 3, 31))
    for search in ("大米", str(offering.number), "nanxijiang", "楠溪江", "nxj"):
        (row,) = list_offerings(session, scope=SCOPE, search=search).rows
        assert row.offering is offering
        assert row.available == 100
    assert list_offerings(session, scope=SCOPE, available_on=date(2027, 4, 1)).rows == []
    assert list_offerings(session, scope=(OTHER_COUNTY,)).rows == []
    hold(session, offering_id=offering.id, quantity=100, reference="a", now=NOW)
    assert list_offerings(session, scope=SCOPE, only_available=True).rows == []


def test_unknown_codes_are_all_named_at_once(session: Session) -> None:
    with pytest.raises(InvalidFields) as error:
        make_offering(
            session, category_code="gold", provides=("flying",), areas=("999999",), unit_cost_fen=100,
            fund_ids=(uuid.uuid4(),),
        )  # fmt: skip
    assert [fault.field for fault in error.value.faults] == ["category_code", "provides", "areas", "fund_ids"]


def test_a_bought_offering_names_the_funds_that_pay(session: Session) -> None:
    fund = make_fund(session)
    offering = make_offering(session, unit_cost_fen=1_600, fund_ids=(fund.id,), types=("care",), areas=(TOWNSHIP,))
    session.expire_all()
    assert (offering.fund_ids, offering.types, offering.areas) == ([fund.id], ["care"], [TOWNSHIP])


def test_a_donor_offers_within_its_own_county_without_a_clerks_scope(session: Session) -> None:
    donor = make_enterprise(session, region_code=TOWNSHIP)
    entry = OfferingEntry(donor_id=donor.id, category_code="rice", title="米", quantity=5, region_code=SIBLING_TOWNSHIP)
    offering = register_offering(session, entry=entry, actor=CLERK, scope=(), now=NOW, own_donor_ids=[donor.id])
    assert get_offering(session, offering.id, scope=(), own_donor_ids=[donor.id]) is offering
    with pytest.raises(OutsideScope):
        register_offering(
            session, entry=replace(entry, region_code=OTHER_COUNTY), actor=CLERK, scope=(), now=NOW,
            own_donor_ids=[donor.id],
        )  # fmt: skip
    with pytest.raises(NotFound):
        register_offering(session, entry=entry, actor=CLERK, scope=(), now=NOW)


def test_a_suspended_donor_offers_nothing_new(session: Session) -> None:
    donor = make_enterprise(session)
    suspend_donor(session, donor_id=donor.id, reason="核查", actor=CLERK, scope=SCOPE, now=NOW)
    with pytest.raises(Conflict):
        make_offering(session, donor=donor)


def test_the_quantity_never_falls_below_what_is_promised(session: Session) -> None:
    offering = make_offering(session)
    hold(session, offering_id=offering.id, quantity=40, reference="a", now=NOW)
    assert change(session, offering, quantity=40).quantity == 40
    with pytest.raises(InvalidFields):
        change(session, offering, quantity=39)


def test_donor_and_category_stay_and_a_stale_form_is_refused(session: Session) -> None:
    offering = make_offering(session)
    with pytest.raises(InvalidInput):
        change(session, offering, category_code="milk")
    seen = offering.version
    change(session, offering, title="新米")
    with pytest.raises(Conflict):
        change_offering(
            session, offering_id=offering.id, entry=entry_of(offering), version=seen, actor=CLERK, scope=SCOPE, now=NOW
        )


def test_promised_units_keep_an_offering_from_being_withdrawn(session: Session) -> None:
    offering = make_offering(session)
    call = {"offering_id": offering.id, "actor": CLERK, "scope": SCOPE, "now": NOW}
    hold(session, offering_id=offering.id, quantity=4, reference="a", now=NOW)
    with pytest.raises(Conflict) as error:
        withdraw_offering(session, **call)
    assert "4" in error.value.text
    pause_offering(session, **call)
    with pytest.raises(Conflict):
        pause_offering(session, **call)
    resume_offering(session, **call)
    release(session, offering_id=offering.id, quantity=4, reference="a", now=NOW)
    assert withdraw_offering(session, **call).status == "withdrawn"
    with pytest.raises(Conflict):
        change(session, offering, title="again")
