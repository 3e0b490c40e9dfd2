"""The demonstration county, filled once for the whole module: the plan's figures, shares, numbers, and that it repeats exactly."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker
from stdnum.cn import uscc

from donors.funds.models import Fund, LedgerAccount
from donors.models import Donor, DonorPerson
from donors.offerings.models import Offering
from households.models import Household, HouseholdPerson, Indicator, Member
from households.needs.models import Need
from kernel.accounts.models import User
from kernel.accounts.operations import sign_in
from kernel.audit import AuditEntry, verify_chain
from kernel.crypto import vault_of
from kernel.errors import Conflict, NotAllowed
from kernel.identity import parse_resident_id
from kernel.regions.models import Region
from marketplace.cli.demo import demo
from marketplace.demo import figures
from marketplace.demo.accounts import DEMO_LOGINS, DEMO_PASSWORD, require_no_demo_accounts
from marketplace.demo.county import DemoReport, fill_demo_county
from marketplace.demo.places import POINT_SOURCE, TOWNSHIPS
from marketplace.serving.postgres import EmbeddedPostgres
from matching.pairs import build_pairs
from matching.pool import Held, RoundScope
from matching.problem import parse_problem
from matching.snapshot import take_snapshot
from projects.models import Project, ProjectFund, ProjectNeed, ProjectOffering
from projects.volunteering.models import Shift, SignUp
from tests.integration.demo.conftest import NOW, TODAY


def _count(session: Session, model: type, *where: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0


def test_the_plans_figures_stand(filled: Session):
    kinds = Counter(filled.scalars(sa.select(Donor.kind)))
    assert kinds == {"enterprise": 420, "social_organisation": 150, "volunteer": 570}
    assert _count(filled, Household) == 2_000
    assert _count(filled, Offering) == 2_500
    assert 5_400 <= _count(filled, Need) <= 6_600
    assert _count(filled, Project, Project.status == "listed") == 12
    assert _count(filled, Offering, Offering.category_code == "industry_project") == 16
    students = _count(
        filled, Member, Member.in_school, Member.born_on <= date(2011, 3, 5), Member.born_on > date(2007, 3, 5)
    )
    assert students == 185
    assert 1_800 <= _count(filled, Member, Member.able_to_work) <= 2_000


def test_ten_million_yuan_came_in_through_the_ledger(filled: Session):
    balance = dict(
        filled.execute(
            sa.select(LedgerAccount.kind, sa.func.sum(LedgerAccount.balance_fen)).group_by(LedgerAccount.kind)
        ).all()
    )
    assert balance == {"source": -1_000_000_000, "available": 1_000_000_000, "reserved": 0, "spent": 0}
    trusts = filled.scalar(
        sa.select(sa.func.sum(LedgerAccount.balance_fen))
        .join(Fund, Fund.id == LedgerAccount.fund_id)
        .where(Fund.kind == "charitable_trust", LedgerAccount.kind == "available")
    )
    assert trusts == 360_000_000
    assert set(filled.scalars(sa.select(Fund.kind))) == {
        "special_fund", "donation", "charitable_trust", "emergency_reserve", "public_programme",
    }  # fmt: skip


def test_types_and_statuses_have_their_shares(filled: Session):
    types = Counter(filled.scalars(sa.select(Household.main_type)))
    assert {kind: count / 2_000 for kind, count in types.items()} == pytest.approx(figures.TYPE_SHARES)
    statuses = Counter(filled.scalars(sa.select(Household.status_category)))
    assert {status: count / 2_000 for status, count in statuses.items()} == pytest.approx(figures.STATUS_SHARES)


@pytest.mark.parametrize(
    ("indicator", "share"),
    [
        ("lone_elders", figures.OLD_ALONE_SHARE),
        ("left_behind", figures.LEFT_BEHIND_CHILD_SHARE),
        ("severely_ill", figures.SEVERE_ILLNESS_SHARE),
    ],
)
def test_indicators_follow_their_shares(filled: Session, indicator: str, share: float):
    households = _count(filled, Indicator, Indicator.code == indicator, Indicator.value > 0)
    assert households / 2_000 == pytest.approx(share, abs=0.02)


def test_disability_consent_and_opting_out_have_their_shares(filled: Session):
    disabled = filled.scalar(
        sa.select(sa.func.count(sa.distinct(Member.household_id))).where(Member.disability_grade.is_not(None))
    )
    assert disabled / 2_000 == pytest.approx(figures.DISABILITY_SHARE, abs=0.02)
    assert _count(filled, Household, Household.consented_at.is_not(None)) / 2_000 == pytest.approx(0.95, abs=0.02)
    assert 10 <= _count(filled, Household, Household.opted_out) <= 60


def test_incomes_fit_the_status_and_the_subsistence_line(filled: Session):
    people = sa.select(Member.household_id, sa.func.count().label("n")).group_by(Member.household_id).subquery()
    for status, income, number in filled.execute(
        sa.select(Household.status_category, Indicator.value, people.c.n)
        .join(Indicator, sa.and_(Indicator.household_id == Household.id, Indicator.code == "wages_year"))
        .join(people, people.c.household_id == Household.id)
        .where(Indicator.value > 0)  # where nobody works the income is a transfer
    ):
        per_head = int(income) / number
        if status in ("extreme_poverty", "subsistence_allowance"):
            assert per_head <= figures.SUBSISTENCE_LINE_YEAR
        elif status == "subsistence_edge":
            assert figures.SUBSISTENCE_LINE_YEAR * 0.99 <= per_head <= 2 * figures.SUBSISTENCE_LINE_YEAR
        elif status == "relative_low_income":
            assert per_head + 10_000 >= 2 * figures.SUBSISTENCE_LINE_YEAR
            assert per_head * 3 <= figures.RELATIVE_LOW_INCOME_OF_THREE_YEAR


def test_every_township_has_households_and_needs(filled: Session):
    township = sa.func.substr(Household.region_code, 1, 9)
    known = set(filled.scalars(sa.select(township).distinct()))
    assert (
        known
        == {code for code, _, _ in TOWNSHIPS}
        == set(filled.scalars(sa.select(Region.code).where(Region.parent_code == "330324")))
    )
    assert set(filled.scalars(sa.select(sa.func.substr(Need.region_code, 1, 9)).distinct())) == known


def test_village_points_are_there_and_marked_as_derived(filled: Session):
    villages = filled.scalars(sa.select(Region).where(Region.code.like("330324%"), Region.level == 5)).all()
    assert villages and all(one.lat is not None and one.point_source == POINT_SOURCE for one in villages)
    assert filled.get_one(Region, "330324226").lat is None  # Yunling has no known point, and none is made up for it


def test_every_sealed_resident_id_is_valid_nobodys_and_the_persons_own(filled: Session):
    vault = vault_of(filled)
    seen = set()
    for member in filled.scalars(sa.select(Member).where(Member.resident_id_sealed.is_not(None))):
        number = parse_resident_id(
            vault.open(member.resident_id_sealed, table="members", row=member.id, column="resident_id"), today=TODAY
        )
        assert (number.number[14:17], number.born_on, number.sex) == ("000", member.born_on, member.sex)
        assert vault.blind_index("resident_id", number.number) == member.resident_id_index
        seen.add(number.number)
    for donor in filled.scalars(sa.select(Donor).where(Donor.kind == "volunteer")):
        number = parse_resident_id(
            vault.open(donor.resident_id_sealed, table="donors", row=donor.id, column="resident_id"), today=TODAY
        )
        assert number.number[14:17] == "000"
        seen.add(number.number)
    written = _count(filled, Member, Member.resident_id_index.is_not(None)) + figures.VOLUNTEERS
    assert len(seen) == written > 3_000


def test_credit_codes_are_valid_and_of_no_register(filled: Session):
    codes = filled.scalars(sa.select(Donor.uscc).where(Donor.uscc.is_not(None))).all()
    assert len(set(codes)) == 570
    assert all(uscc.is_valid(code) and code[2:10] == "330324XX" for code in codes)


def test_needs_and_offerings_carry_the_points_of_their_places(filled: Session):
    assert _count(filled, Need, Need.lat.is_(None)) == 0
    assert _count(filled, Offering, Offering.lat.is_(None), Offering.unit_cost_fen != figures.MONEY_UNIT_FEN) == 0
    assert _count(filled, Offering, Offering.government_bought) > 20
    assert _count(filled, Need, Need.category_code == "wheelchair", Need.fill != "whole") == 0
    assert _count(filled, Need, Need.category_code.like("%\\_hours"), Need.fill != "single") == 0


def test_shifts_lie_ahead_are_not_overbooked_and_match_their_sign_ups(filled: Session):
    shifts = filled.scalars(sa.select(Shift)).all()
    per_project = Counter(shift.project_id for shift in shifts)
    assert len(per_project) == 12 and set(per_project.values()) <= {3, 4, 5, 6}
    assert all(NOW < shift.starts_at < NOW + timedelta(days=30) for shift in shifts)
    signed = Counter(filled.scalars(sa.select(SignUp.shift_id)))
    assert all(signed[shift.id] == shift.taken <= shift.capacity for shift in shifts)
    assert min(_count(filled, model) for model in (ProjectNeed, ProjectOffering, ProjectFund)) > 0


def test_every_account_signs_in_and_is_linked_to_its_rows(filled: Session):
    for login in ("coordinator", "volunteer"):
        assert sign_in(filled, login=login, password=DEMO_PASSWORD, now=NOW).login == login
    users = filled.scalars(sa.select(User)).all()
    assert len({user.password_hash for user in users}) == 1  # so the others sign in as these do
    assert {(user.login, grant.role) for user in users for grant in user.grants} == {
        (one.login, one.role) for one in DEMO_LOGINS
    }
    kinds = dict(
        filled.execute(
            sa.select(User.login, Donor.kind)
            .join(DonorPerson, DonorPerson.user_id == User.id)
            .join(Donor, Donor.id == DonorPerson.donor_id)
        ).all()
    )
    assert kinds == {
        "enterprise": "enterprise", "organisation": "social_organisation", "volunteer": "volunteer",
    }  # fmt: skip
    own = filled.execute(
        sa.select(Household).join(HouseholdPerson).join(User, User.id == HouseholdPerson.user_id)
    ).scalar_one()
    assert own.region_code.startswith("330324110") and own.consented_at is not None
    assert _count(filled, Need, Need.household_id == own.id) >= 3


def test_the_demonstrations_volunteer_lives_near_an_open_shift(filled: Session):
    volunteer = filled.execute(
        sa.select(Donor).join(DonorPerson).join(User, User.id == DonorPerson.user_id).where(User.login == "volunteer")
    ).scalar_one()
    assert _count(filled, SignUp, SignUp.volunteer_id == volunteer.id) == 0
    near = filled.scalars(sa.select(Shift).where(Shift.region_code == volunteer.region_code)).all()
    assert any(set(shift.requires) <= set(volunteer.skills) and shift.taken < shift.capacity for shift in near)


def test_the_trail_tells_of_the_fill_once_and_holds(filled: Session):
    assert _count(filled, AuditEntry, AuditEntry.action == "demo.filled") == 1
    assert list(verify_chain(filled)) == []


def test_a_second_fill_changes_nothing(county: tuple[sessionmaker[Session], DemoReport]):
    factory, first = county
    again = fill_demo_county(factory, today=TODAY + timedelta(days=9), now=NOW + timedelta(days=9))
    assert first.filled and not again.filled and again.counts == first.counts
    with factory() as session:
        assert _count(session, Household) == 2_000


def test_a_round_over_the_county_has_room_to_choose(filled: Session):
    snapshot = take_snapshot(filled, RoundScope("330324", "永嘉县"), held=Held(), today=TODAY)
    problem = parse_problem({**snapshot.document, "seed": 1})
    assert 100_000 <= len(build_pairs(problem)) <= 400_000
    assert {one.reason for one in snapshot.excluded} == {"consent_missing", "opted_out"}


_NOT_COMPARED = {"created_at", "updated_at", "posted_at", "signed_up_at", "listed_by", "transaction_id"}


def _fingerprints(session: Session) -> dict[str, str]:
    """A hash per table over all rows, without times, sealed bytes (their nonces are random) and what points at accounts."""
    found = {}
    for model in (
        Donor,
        Offering,
        Household,
        Member,
        Indicator,
        Need,
        Fund,
        Project,
        Shift,
        SignUp,
        ProjectNeed,
        ProjectOffering,
        ProjectFund,
    ):
        columns = [
            column
            for column in model.__table__.columns
            if column.name not in _NOT_COMPARED
            and not column.name.endswith("_sealed")
            and column.name != "consented_at"
        ]
        keys = list(model.__table__.primary_key.columns)
        rows = session.execute(sa.select(*columns).order_by(*keys)).all()
        text = json.dumps([[str(value) for value in row] for row in rows])
        found[model.__tablename__] = hashlib.sha256(text.encode()).hexdigest()
    return found


def test_two_databases_are_filled_alike_and_their_pools_have_one_hash(
    filled: Session, clone: Callable[[str], sessionmaker[Session]]
):
    second = clone("test_demo_second")
    assert fill_demo_county(second, today=TODAY, now=NOW + timedelta(hours=1)).filled
    scope = RoundScope("330324", "永嘉县")
    with second() as other:
        assert _fingerprints(other) == _fingerprints(filled)
        pools = [take_snapshot(one, scope, held=Held(), today=TODAY).document for one in (filled, other)]
    assert pools[0] == pools[1]


def test_a_county_with_people_of_its_own_is_left_alone(session: Session, sessions: sessionmaker[Session]):
    session.add(
        Household(
            region_code="330324110", head_name="李娜", pinyin="lina", initials="ln", status_category="other",
            main_type="care", created_at=NOW, updated_at=NOW,
        )
    )  # fmt: skip
    session.commit()
    with pytest.raises(Conflict, match="a database of its own"):
        fill_demo_county(sessions, today=TODAY, now=NOW)
    assert _count(session, User) == 0


def test_production_is_never_filled(session: Session, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZHONGFU_ENV", "production")
    with pytest.raises(NotAllowed, match="production"):
        fill_demo_county(sessions, today=TODAY, now=NOW)
    assert _count(session, User) == 0


def test_a_database_with_the_demonstrations_accounts_is_refused_for_production(filled: Session, session: Session):
    require_no_demo_accounts(session)
    with pytest.raises(NotAllowed, match="coordinator"):
        require_no_demo_accounts(filled)


def test_the_command_leaves_a_filled_county_and_prints_counts_and_logins(
    county: tuple[sessionmaker[Session], DemoReport],
    postgres: EmbeddedPostgres,
    temporary_home: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("DATABASE_URL", postgres.url("zhongfu_app", "test_demo_county").replace("+psycopg", ""))
    monkeypatch.setenv("DATABASE_OWNER_URL", postgres.url("zhongfu_owner", "test_demo_county").replace("+psycopg", ""))
    monkeypatch.setenv("ZHONGFU_HOME", str(temporary_home / "demo-command"))
    again = CliRunner().invoke(demo, ["fill"])
    assert again.exit_code == 0, again.output
    assert "stays as it is" in again.output and "households             2,000" in again.output
    assert DEMO_PASSWORD in again.output and all(one.login in again.output for one in DEMO_LOGINS)


def test_the_command_is_refused_in_production_before_it_touches_the_database(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZHONGFU_ENV", "production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    refused = CliRunner().invoke(demo, ["fill"])
    assert refused.exit_code == 1 and "ZHONGFU_ENV" in refused.output
