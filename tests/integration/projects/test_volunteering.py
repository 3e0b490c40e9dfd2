"""Shifts are never overbooked and a volunteer is never at two places at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from donors.operations import suspend_donor
from kernel.database import constraint_of
from kernel.errors import Conflict, NotAllowed, NotFound
from projects.volunteering.models import Shift, SignUp
from projects.volunteering.operations import cancel_shift, cancel_sign_up, sign_up
from projects.volunteering.queries import hours_of, list_shifts, shifts_near, sign_ups_of
from projects.volunteering.rules import ShiftFull, ShiftOver, ShiftsOverlap, SkillMissing
from tests.factories import NOW, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_supply import CLERK, SCOPE, make_enterprise, make_project, make_shift, make_volunteer

CALL = {"actor": CLERK, "now": NOW}


def test_sixteen_volunteers_racing_for_five_places_get_exactly_five(
    sessions: sessionmaker[Session],
) -> None:  # promise 1
    with sessions.begin() as session:
        shift_id = make_shift(session, capacity=5).id
        volunteers = [make_volunteer(session).id for _ in range(16)]
    ready = threading.Barrier(16)

    def ask(volunteer_id: object) -> str:
        ready.wait()
        with sessions() as session:
            try:
                sign_up(session, shift_id=shift_id, volunteer_id=volunteer_id, **CALL)  # type: ignore[arg-type]
                session.commit()
            except ShiftFull:
                return "full"
        return "in"

    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(ask, volunteers))
    assert (replies.count("in"), replies.count("full")) == (5, 11)
    with sessions() as session:
        assert session.get_one(Shift, shift_id).taken == 5
        assert session.scalar(sa.select(sa.func.count()).select_from(SignUp)) == 5


def test_one_volunteer_racing_for_overlapping_shifts_gets_one(sessions: sessionmaker[Session]) -> None:  # promise 1
    with sessions.begin() as session:
        project = make_project(session)
        first = make_shift(session, project=project)
        shifts = [first.id] + [
            make_shift(
                session, project=project, starts_at=first.starts_at + timedelta(minutes=10 * n),
                ends_at=first.ends_at + timedelta(minutes=10 * n),
            ).id
            for n in range(1, 8)
        ]  # fmt: skip
        volunteer_id = make_volunteer(session).id
    ready = threading.Barrier(len(shifts))

    def ask(shift_id: object) -> str:
        ready.wait()
        with sessions() as session:
            try:
                sign_up(session, shift_id=shift_id, volunteer_id=volunteer_id, **CALL)  # type: ignore[arg-type]
                session.commit()
            except ShiftsOverlap:
                session.commit()  # the refusal leaves a usable transaction, and no place taken
                return "overlap"
        return "in"

    with ThreadPoolExecutor(len(shifts)) as pool:
        replies = list(pool.map(ask, shifts))
    assert (replies.count("in"), replies.count("overlap")) == (1, len(shifts) - 1)
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.sum(Shift.taken))) == 1


def test_the_database_refuses_overbooking_and_overlap_by_itself(session: Session) -> None:  # promise 1
    shift, volunteer = make_shift(session), make_volunteer(session)
    place = sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    with pytest.raises(IntegrityError) as error, session.begin_nested():
        session.execute(sa.text("UPDATE shifts SET taken = taken + 5"))
    assert constraint_of(error.value) == "ck_shifts_never_overbooked"
    with pytest.raises(IntegrityError) as error, session.begin_nested():
        session.add(SignUp(shift_id=shift.id, volunteer_id=volunteer.id, period=place.period, signed_up_at=NOW))
        session.flush()
    assert constraint_of(error.value) == "ex_sign_ups_no_overlap"


def test_shifts_that_follow_each_other_do_not_overlap_and_signing_up_twice_is_one_place(session: Session) -> None:
    first = make_shift(session)
    second = make_shift(session, starts_at=first.ends_at, ends_at=first.ends_at + timedelta(hours=1))
    volunteer = make_volunteer(session)
    for shift in (first, second, first):
        sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    assert (first.taken, second.taken) == (1, 1)
    assert [row.shift for row in sign_ups_of(session, volunteer.id, now=NOW, upcoming=True)] == [first, second]


def test_a_place_given_back_can_be_taken_again(session: Session) -> None:
    shift, volunteer, other = make_shift(session, capacity=1), make_volunteer(session), make_volunteer(session)
    sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    with pytest.raises(ShiftFull):
        sign_up(session, shift_id=shift.id, volunteer_id=other.id, **CALL)
    cancel_sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    with pytest.raises(NotFound):
        cancel_sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    sign_up(session, shift_id=shift.id, volunteer_id=other.id, **CALL)
    assert shift.taken == 1
    with pytest.raises(ShiftFull):
        sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)


def test_past_cancelled_unlisted_and_too_skilled_shifts_are_refused(session: Session) -> None:
    volunteer = make_volunteer(session)
    shift = make_shift(session)
    with pytest.raises(ShiftOver):
        sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, actor=CLERK, now=shift.starts_at)
    skilled = make_shift(session, requires=("nursing", "tutoring"))
    with pytest.raises(SkillMissing) as error:
        sign_up(session, shift_id=skilled.id, volunteer_id=volunteer.id, **CALL)
    assert "nursing" in error.value.text
    assert "tutoring" not in error.value.text
    cancel_shift(session, shift_id=shift.id, actor=CLERK, scope=SCOPE, now=NOW)
    with pytest.raises(ShiftOver):
        sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    hidden = make_shift(session, project=make_project(session, listed=False))
    with pytest.raises(NotFound):
        sign_up(session, shift_id=hidden.id, volunteer_id=volunteer.id, **CALL)


def test_only_active_volunteers_sign_up(session: Session) -> None:
    shift, enterprise, volunteer = make_shift(session), make_enterprise(session), make_volunteer(session)
    suspend_donor(session, donor_id=volunteer.id, reason="核查", actor=CLERK, scope=SCOPE, now=NOW)
    for donor in (enterprise, volunteer):
        with pytest.raises(NotAllowed):
            sign_up(session, shift_id=shift.id, volunteer_id=donor.id, **CALL)


def test_cancelling_a_shift_frees_its_volunteers_for_another_at_that_time(session: Session) -> None:
    shift, volunteer = make_shift(session), make_volunteer(session)
    sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    other = make_shift(session)
    with pytest.raises(ShiftsOverlap):
        sign_up(session, shift_id=other.id, volunteer_id=volunteer.id, **CALL)
    cancel_shift(session, shift_id=shift.id, actor=CLERK, scope=SCOPE, now=NOW)
    sign_up(session, shift_id=other.id, volunteer_id=volunteer.id, **CALL)
    with pytest.raises(Conflict):
        cancel_shift(session, shift_id=shift.id, actor=CLERK, scope=SCOPE, now=NOW)


def test_shifts_near_me_come_nearest_first_and_only_those_i_can_do(session: Session) -> None:
    volunteer = make_volunteer(session, lat=28.40, lon=120.70, skills=("driving",))
    far = make_shift(session, lat=28.10, lon=120.70, title="远")
    near = make_shift(session, lat=28.41, lon=120.70, title="近")
    by_region = make_shift(session, region_code=SIBLING_TOWNSHIP, title="按镇")
    make_shift(session, requires=("nursing",))
    taken = make_shift(session, title="满", capacity=1)
    sign_up(session, shift_id=taken.id, volunteer_id=make_volunteer(session).id, **CALL)
    found = shifts_near(session, volunteer=volunteer, now=NOW)
    assert [row.shift.title for row in found if row.shift in (near, far)] == ["近", "远"]
    assert {row.shift for row in found} == {near, far, by_region}
    assert found[0].distance_m == 1_112
    sign_up(session, shift_id=near.id, volunteer_id=volunteer.id, **CALL)
    assert near not in {row.shift for row in shifts_near(session, volunteer=volunteer, now=NOW)}


def test_my_hours_are_those_of_shifts_that_are_over(session: Session) -> None:
    shift, volunteer = make_shift(session), make_volunteer(session)
    sign_up(session, shift_id=shift.id, volunteer_id=volunteer.id, **CALL)
    before = hours_of(session, volunteer.id, now=NOW)
    assert (before.served, before.shifts_served, before.coming, before.shifts_coming) == (
        timedelta(), 0, timedelta(hours=3), 1,
    )  # fmt: skip
    after = hours_of(session, volunteer.id, now=shift.ends_at)
    assert (after.served, after.shifts_served, after.shifts_coming) == (timedelta(hours=3), 1, 0)
    assert [row.shift for row in sign_ups_of(session, volunteer.id, now=shift.ends_at, upcoming=False)] == [shift]


def test_lists_of_shifts_page_by_key(session: Session) -> None:
    project = make_project(session)
    first = make_shift(session, project=project)
    for day in range(1, 5):
        make_shift(
            session, project=project, starts_at=first.starts_at + timedelta(days=day),
            ends_at=first.ends_at + timedelta(days=day), region_code=TOWNSHIP,
        )  # fmt: skip
    one = list_shifts(session, scope=None, now=NOW, limit=3)
    two = list_shifts(session, scope=None, now=NOW, limit=3, after=one.next_after)
    starts = [row.shift.starts_at for row in (*one.rows, *two.rows)]
    assert len(starts) == 5
    assert starts == sorted(starts)
    with pytest.raises(NotFound):
        list_shifts(session, scope=None, now=NOW, after="nonsense")
