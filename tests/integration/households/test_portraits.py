"""Portraits on record: kept with what made them, renewed at once where facts change and in bulk where a policy does."""

import random
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from households.indicators import KINDS, IndicatorEntry
from households.models import EVENT_KINDS, Household
from households.operations import close_household, record_event, reopen_household, set_indicators
from households.policy.models import PolicySet
from households.policy.operations import add_policy_set
from households.policy.preview import TooManyHouseholds, preview
from households.policy.queries import policy_set_in_force
from households.policy.reading import read_policy
from households.portrait import renewal
from households.portrait.models import KeptPortrait, PortraitRenewal
from households.portrait.operations import renew_portrait
from households.portrait.portrait import portrait_of
from households.portrait.queries import facts_on_record, kept_portrait, kept_portraits, portrait_on_record
from households.portrait.record import known_from, result_of
from households.portrait.renewal import TOPIC, plan_daily_renewals, plan_renewal, renew_piece
from kernel.audit import SYSTEM
from kernel.clock import SHANGHAI
from kernel.errors import NotFound
from kernel.outbox import OutboxItem
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household
from tests.integration.households.test_policies import ADMIN, DAY, WORKER, document, values

UNITS = {"persons": 4, "fen": 7_000_000, "count": 3, "m2": 120, "grade": 4, "mu": 8}


def current(session, household):
    return session.scalar(
        sa.select(KeptPortrait).where(KeptPortrait.household_id == household.id, KeptPortrait.superseded_at.is_(None))
    )


def renew(session, region=COUNTY, now=NOW, most=3):
    """A whole renewal, in pieces of three households."""
    planned = plan_renewal(session, region_code=region, reason="asked", actor=SYSTEM, now=now)
    while (found := renew_piece(session, renewal_id=planned.id, now=now, most=most)).status != "done":
        pass
    return found


def households(session, count, seed=1):
    """Households with indicators and events drawn by a seed, some with none."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        household = make_household(
            session,
            a_head(resident_id=resident_id(born=f"19{draw.randrange(40, 99)}{draw.randrange(1, 13):02d}{number % 28 + 1:02d}")),
            region_code=draw.choice((TOWNSHIP, SIBLING_TOWNSHIP)),
        )  # fmt: skip
        made.append(household)
        if number % 7 == 6:
            continue
        chosen = [kind for kind in KINDS.values() if draw.random() < 0.4]
        entries = tuple(
            IndicatorEntry(kind.code, draw.randrange(0, min(kind.most, UNITS[kind.unit]) + 1), DAY, "入户")
            for kind in chosen
        )
        set_indicators(session, household_id=household.id, entries=entries, **WORKER)
        if draw.random() < 0.3:
            record_event(
                session, household_id=household.id, kind=draw.choice(EVENT_KINDS),
                happened_on=DAY - timedelta(days=draw.randrange(0, 200)), source="社区", **WORKER,
            )  # fmt: skip
    return made


def test_a_change_of_facts_records_the_portrait_at_once_and_the_one_before_stays_explainable(session):
    household = make_household(session)
    values(session, household, transfers_year=1_500_000, supporters=1)
    assert current(session, household) is None  # no policy, no portrait
    add_policy_set(session, document=document(), **ADMIN)
    values(session, household, transfers_year=1_500_001)
    first = current(session, household)
    assert (first.category, first.day, first.facts["indicators"]["transfers_year"]) == (
        "subsistence_edge",
        DAY,
        1_500_001,
    )
    values(session, household, transfers_year=1_500_000)
    second = current(session, household)
    assert second.category == "subsistence_allowance"
    assert first.superseded_at == NOW
    assert [kept.id for kept, _ in kept_portraits(session, household)] == [second.id, first.id]
    kept, made = kept_portrait(session, household, first.id)
    assert made.portrait.category.reasons[0].at_most == 27_120_00
    assert result_of(made.portrait).scores == tuple(kept.scores)
    with pytest.raises(NotFound):
        kept_portrait(session, make_household(session, a_head(resident_id=resident_id(born="19700101"))), first.id)


def test_an_old_portrait_is_explained_by_the_policy_it_was_made_under(session):
    add_policy_set(session, document=document("old"), **ADMIN)
    household = make_household(session)
    values(session, household, transfers_year=1_500_001, supporters=1)
    before = current(session, household)
    add_policy_set(session, document=document("new", start="2027-04-01", subsistence_line=1_600_000), **ADMIN)
    later = datetime(2027, 4, 1, 3, tzinfo=SHANGHAI)
    assert renew(session, now=later).changed == 1
    assert current(session, household).category == "subsistence_allowance"
    kept, made = kept_portrait(session, household, before.id)
    assert (made.policy_set.code, made.portrait.category.name, kept.superseded_at) == ("old", "subsistence_edge", later)


def test_the_same_facts_again_write_nothing_even_when_days_go_by(session):
    add_policy_set(session, document=document(), **ADMIN)
    household = make_household(session)
    values(session, household, transfers_year=1_500_000)
    record_event(session, household_id=household.id, kind="fire", happened_on=DAY, source="消防", **WORKER)
    kept = current(session, household)
    assert renew_portrait(session, household, now=NOW + timedelta(days=30)).id == kept.id
    assert renew(session, now=NOW + timedelta(days=30)).changed == 0
    assert renew(session, now=NOW + timedelta(days=91)).changed == 1  # the fire counts for ninety days
    assert current(session, household).scores[2] == 0


def test_a_renewal_of_a_region_writes_what_the_rule_for_one_says(session):
    made = households(session, 40)
    assert session.scalar(sa.select(sa.func.count()).select_from(KeptPortrait)) == 0
    add_policy_set(session, document=document("county"), **ADMIN)
    add_policy_set(session, document=document("town", region=SIBLING_TOWNSHIP, subsistence_line=2_500_000), **ADMIN)
    done = renew(session)
    known = [one for one in made if facts_on_record(one, DAY) is not None]
    assert (done.total, done.done, done.changed) == (len(known), len(known), len(known))
    assert 30 <= len(known) < 40
    for household in made:
        kept, alone = current(session, household), portrait_on_record(session, household, day=DAY)
        if alone is None:
            assert kept is None
            continue
        result = result_of(alone.portrait)
        assert kept.policy_set_id == alone.policy_set.id
        assert (kept.category, kept.main_type, kept.risk_tier) == (result.category, result.main_type, result.risk_tier)
        assert (tuple(kept.secondary), tuple(kept.scores), kept.suggested) == (
            result.secondary, result.scores, result.suggested,
        )  # fmt: skip
        assert kept.facts == facts_on_record(household, DAY)
        # the bulk and the single way know each other's marks: nothing is written twice
        assert renew_portrait(session, household, now=NOW).id == kept.id
    assert {kept.policy_set_id for kept in session.scalars(sa.select(KeptPortrait))} == set(
        session.scalars(sa.select(PolicySet.id))
    )
    assert renew(session).changed == 0


def test_a_region_without_a_set_any_more_has_no_current_portraits(session):
    add_policy_set(session, document=document(end="2027-03-31"), **ADMIN)
    household = make_household(session)
    values(session, household, transfers_year=1)
    assert renew(session, now=NOW + timedelta(days=60)).changed == 1
    assert current(session, household) is None
    assert len(kept_portraits(session, household)) == 1


def test_when_a_set_ends_and_none_follows_its_portraits_end_that_day_or_when_the_worker_is_back(session):
    add_policy_set(session, document=document(end="2027-03-31"), **ADMIN)
    add_policy_set(session, document=document("town", region=SIBLING_TOWNSHIP), **ADMIN)
    here, there = (
        make_household(session, a_head(resident_id=resident_id(born=born)), region_code=region)
        for born, region in (("19700101", TOWNSHIP), ("19700201", SIBLING_TOWNSHIP))
    )
    for household in (here, there):
        values(session, household, transfers_year=1)
    last, first = datetime(2027, 3, 31, 20, tzinfo=SHANGHAI), datetime(2027, 4, 1, 1, tzinfo=SHANGHAI)
    for now, regions in ((last, 1), (first, 1), (first + timedelta(days=6), 1), (first + timedelta(days=7), 1)):
        assert plan_daily_renewals(session, now=now) == regions
    planned = session.execute(
        sa.select(PortraitRenewal.id, PortraitRenewal.region_code, PortraitRenewal.planned_on)
        .where(PortraitRenewal.reason == "daily")
        .order_by(PortraitRenewal.planned_on)
    ).all()
    # the county's set has ended, and its renewal takes in the township, which has a set of its own; a week later only that one is left
    assert [(row.region_code, row.planned_on.day) for row in planned] == [
        (COUNTY, 31), (COUNTY, 1), (COUNTY, 7), (SIBLING_TOWNSHIP, 8),
    ]  # fmt: skip
    assert current(session, here) is not None
    renew_piece(session, renewal_id=planned[1].id, now=first)
    assert (current(session, here), current(session, there).policy_set_id is not None) == (None, True)


def test_a_closed_household_keeps_its_last_portrait_until_it_is_open_again(session):
    add_policy_set(session, document=document(), **ADMIN)
    household = make_household(session)
    values(session, household, transfers_year=1)
    kept = current(session, household)
    close_household(session, household_id=household.id, reason="迁出", **WORKER)
    add_policy_set(session, document=document("new", start="2027-04-01"), **ADMIN)
    later = {**WORKER, "now": NOW + timedelta(days=60)}
    assert renew(session, now=later["now"]).changed == 0
    assert current(session, household).id == kept.id
    reopen_household(session, household_id=household.id, **later)
    assert current(session, household).policy_set_id != kept.policy_set_id


def test_a_household_that_changes_while_its_region_is_renewed_is_left_to_its_own_change(sessions):
    with sessions.begin() as session:
        make_household(session)
        household_id = session.scalar(sa.select(Household.id))
        values(session, session.get_one(Household, household_id), transfers_year=1_500_000)
        add_policy_set(session, document=document(), **ADMIN)
        planned = plan_renewal(session, region_code=COUNTY, reason="asked", actor=SYSTEM, now=NOW).id
    with sessions() as slow:
        read = renewal.read_piece

        def read_then_wait(*given, **options):
            piece = read(*given, **options)
            with sessions.begin() as other:
                entry = IndicatorEntry("transfers_year", 9_000_000, DAY, "入户")
                later = {**WORKER, "now": NOW + timedelta(minutes=1)}
                set_indicators(other, household_id=household_id, entries=(entry,), **later)
            return piece

        renewal.read_piece = read_then_wait
        try:
            assert renew_piece(slow, renewal_id=planned, now=NOW).changed == 0
            slow.commit()
        finally:
            renewal.read_piece = read
    with sessions() as session:
        kept = session.scalars(sa.select(KeptPortrait)).one()
        assert kept.facts["indicators"]["transfers_year"] == 9_000_000


def test_two_workers_with_the_same_renewal_do_not_meet(sessions):
    with sessions.begin() as session:
        values(session, make_household(session), transfers_year=1)
        add_policy_set(session, document=document(), **ADMIN)
        planned = plan_renewal(session, region_code=COUNTY, reason="asked", actor=SYSTEM, now=NOW).id
    with sessions() as one, sessions() as other:
        assert renew_piece(one, renewal_id=planned, now=NOW).status == "done"
        assert renew_piece(other, renewal_id=planned, now=NOW) is None
        one.commit()
        other.rollback()
        assert renew_piece(other, renewal_id=planned, now=NOW).changed == 1  # done, and not done again
        assert other.scalar(sa.select(sa.func.count()).select_from(KeptPortrait)) == 1


def test_a_published_set_and_a_new_day_plan_renewals_for_the_right_moment(session):
    add_policy_set(session, document=document("now"), **ADMIN)
    add_policy_set(session, document=document("later", start="2027-05-01"), **ADMIN)
    add_policy_set(session, document=document("town", region=TOWNSHIP), **ADMIN)
    due = dict(session.execute(sa.select(OutboxItem.due_at, OutboxItem.payload).where(OutboxItem.topic == TOPIC)).all())
    assert set(due) == {NOW, datetime(2027, 5, 1, tzinfo=SHANGHAI)}
    assert plan_daily_renewals(session, now=NOW) == 1  # the township lies in the county's
    assert plan_daily_renewals(session, now=NOW + timedelta(hours=3)) == 0
    assert plan_daily_renewals(session, now=NOW + timedelta(days=1)) == 1
    daily = session.scalars(sa.select(PortraitRenewal).where(PortraitRenewal.reason == "daily")).all()
    assert [one.region_code for one in daily] == [COUNTY, COUNTY]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE portraits SET category = 'other'",
        "UPDATE portraits SET facts = '{}'",
        "UPDATE portraits SET superseded_at = made_at - interval '1 second'",
        "UPDATE policy_sets SET document = '{}'",
        "DELETE FROM policy_sets",
    ],
)
def test_the_database_lets_nobody_rewrite_what_was_made(session, change):
    add_policy_set(session, document=document(), **ADMIN)
    household = make_household(session)
    values(session, household, transfers_year=1)
    session.flush()
    with pytest.raises(IntegrityError):
        session.execute(sa.text(change))


def test_a_portrait_that_ended_does_not_come_back(session):
    add_policy_set(session, document=document(), **ADMIN)
    household = make_household(session)
    values(session, household, transfers_year=1)
    values(session, household, transfers_year=2_000_000)
    with pytest.raises(IntegrityError):
        session.execute(sa.text("UPDATE portraits SET superseded_at = NULL WHERE superseded_at IS NOT NULL"))


def test_a_preview_counts_all_names_page_by_page_and_spares_villages_with_their_own_set(session):
    add_policy_set(session, document=document("county"), **ADMIN)
    add_policy_set(session, document=document("town", region=SIBLING_TOWNSHIP), **ADMIN)
    made = households(session, 40, seed=2)
    new = document(
        "new", start="2027-06-01", subsistence_line=15_000_000, minimum_wage_month=5_000_000, savings_limit=20_000_000
    )
    found = preview(session, document=new, scope=(COUNTY,), day=DAY, limit=4)
    mine = [one for one in made if one.region_code == TOWNSHIP and facts_on_record(one, DAY) is not None]
    assert found.count == len(mine)
    expected = {}
    for household in mine:
        known = known_from(facts_on_record(household, DAY), DAY)
        row = policy_set_in_force(session, region_code=household.region_code, day=DAY)
        old, other = (result_of(portrait_of(known, read_policy(one))) for one in (row.document, new))
        told = [(one.category, one.main_type, one.risk_tier) for one in (old, other)]
        if told[0] != told[1]:
            expected[household.number] = tuple(told)
    assert found.changed == len(expected) > 4
    assert sum(times for (what, _, _), times in found.moves.items() if what == "category") == sum(
        old[0] != other[0] for old, other in expected.values()
    )
    seen, after = {}, 0
    while after is not None:
        page = preview(session, document=new, scope=(COUNTY,), day=DAY, after=after, limit=4)
        seen |= {change.household.number: (change.before, change.after) for change in page.changes}
        after = page.next_after
    assert seen == expected
    assert preview(session, document=new, scope=(TOWNSHIP,), day=DAY).count == len(mine)
    assert preview(session, document=new, scope=(SIBLING_TOWNSHIP,), day=DAY).count == 0
    assert date.fromisoformat(new["valid_from"]) > DAY  # by today's facts, for a day to come


def test_nobody_waits_for_the_preview_of_a_province(session):
    for one in households(session, 3):
        values(session, one, transfers_year=1)
    new = document("new", start="2027-06-01")
    assert preview(session, document=new, scope=(COUNTY,), day=DAY, most=3).count == 3
    with pytest.raises(TooManyHouseholds, match="3 households"):
        preview(session, document=new, scope=(COUNTY,), day=DAY, most=2)
