"""Fills Yongjia county 永嘉县 with people, help and money that do not exist, in the plan's real figures and reproducibly.

The same seed and day give the same rows, apart from sealed bytes, accounts and times; so the pool of a round over it has one
hash. The rules of each package check every row before it is written in bulk, and money comes in through the ledger.
"""

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from donors.models import Donor, DonorPerson
from donors.offerings.models import Offering
from donors.offerings.rules import OfferingEntry
from households.history.models import IndicatorValue
from households.models import Household, HouseholdEvent, HouseholdPerson, Member
from households.needs.models import Need
from households.needs.queries import catalogue_of
from households.needs.rules import CheckedNeed
from households.policy.packaged import demo_policy
from households.policy.queries import policy_set_in_force
from households.policy.reading import read_policy
from kernel import audit
from kernel.accounts.models import User
from kernel.accounts.operations import create_user, grant_role
from kernel.audit import SYSTEM, AuditEntry
from kernel.crypto import vault_of
from kernel.database import within
from kernel.errors import Conflict
from marketplace.demo import activities, figures, rows
from marketplace.demo.accounts import DEMO_LOGINS, DEMO_PASSWORD, TOWNSHIP, require_local
from marketplace.demo.asking import needs_of
from marketplace.demo.care import write_care
from marketplace.demo.families import Family, build_families
from marketplace.demo.keys import Keys
from marketplace.demo.leads import write_leads
from marketplace.demo.money import build_purses, write_money
from marketplace.demo.offers import build_offers
from marketplace.demo.people import Numbers
from marketplace.demo.places import Places, Village, mark_points, villages_of_county
from marketplace.demo.plans import write_plans
from marketplace.demo.policies import write_policies
from marketplace.demo.profiles import value_rows, write_profiles
from marketplace.demo.projects import write_projects
from marketplace.demo.reference import COUNTY, load_reference
from marketplace.demo.supply import FEDERATION_NAME, Giver, build_givers
from marketplace.demo.writing import copy_rows

SEED = 330324
FILLED = "demo.filled"
_FILL_LOCK = 0x5A46_0003  # two starts at once fill once


@dataclass(frozen=True)
class DemoReport:
    """What was written: rows by table, and the seconds it took. `filled` is False where the county was filled before."""

    filled: bool
    counts: dict[str, int]
    seconds: float


def fill_demo_county(
    session_factory: sessionmaker[Session], *, today: date, now: datetime, seed: int = SEED
) -> DemoReport:
    """Fills the county in one transaction, once; a second call changes nothing. About 6 s on two cores.

    Raises NotAllowed in production (the accounts' password is known), Conflict where the county holds households or donors of
    its own: the demonstration never mixes with real people.
    """
    require_local(os.environ)
    started = time.monotonic()
    with session_factory() as session:
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_FILL_LOCK)))
        before = _filled_before(session)
        if before is not None:
            return DemoReport(False, before, time.monotonic() - started)
        _require_empty(session)
        load_reference(session)
        counts = _fill(session, Keys(seed), seed, today=today, now=now)
        audit.record(
            session,
            actor=SYSTEM,
            action=FILLED,
            subject_type="region",
            subject_id=COUNTY,
            now=now,
            region_code=COUNTY,
            seed=seed,
            counts=counts,
        )
        session.commit()
    return DemoReport(True, counts, time.monotonic() - started)


def _filled_before(session: Session) -> dict[str, int] | None:
    entry = session.scalar(
        sa.select(AuditEntry).where(AuditEntry.action == FILLED, AuditEntry.subject_id == COUNTY).limit(1)
    )
    return None if entry is None else dict(entry.detail["counts"])


def _require_empty(session: Session) -> None:
    for model in (Household, Donor):
        if session.scalar(sa.select(sa.exists().where(within(model.region_code, (COUNTY,))))):
            raise Conflict(
                "County %(county)s holds households or donors already; the demonstration fills an empty county only, so use a database of its own",
                county=COUNTY,
            )


def _fill(session: Session, keys: Keys, seed: int, *, today: date, now: datetime) -> dict[str, int]:
    def stream(name: str) -> Random:
        """A stream of chance of its own for each part, so that a change in one part moves no other."""
        return Random(f"{seed}:{name}")  # noqa: S311 — invented data, no secret

    vault = vault_of(session)
    villages = villages_of_county(session)
    mark_points(session, villages)
    places, numbers = Places(villages), Numbers()
    givers = build_givers(stream("givers"), keys, numbers, places, today=today)
    purses = build_purses(keys, {village.township: village.township_name for village in villages})
    homes = places.of_households(stream("homes"), figures.HOUSEHOLDS)
    families = [
        (keys.of("household", number), family)
        for number, family in enumerate(build_families(stream("families"), numbers, homes, today=today))
    ]
    needs = needs_of(stream("needs"), families, catalogue_of(session), today=today)
    offers = build_offers(stream("offers"), givers, purses, needs, today=today)

    counts = {
        "donors": copy_rows(session, Donor, rows.donor_rows(vault, givers, now=now)),
        "donations": write_money(session, stream("money"), keys, purses, givers, today=today, now=now),
        "funds": len(purses),
        "households": copy_rows(session, Household, rows.household_rows(vault, stream("dates"), families, now=now)),
        "members": copy_rows(session, Member, rows.member_rows(vault, keys, families)),
        "indicator_values": copy_rows(session, IndicatorValue, value_rows(keys, families, now=now, today=today)),
        "household_events": copy_rows(session, HouseholdEvent, rows.event_rows(keys, families, now=now, today=today)),
        "needs": copy_rows(session, Need, rows.need_rows(stream("posted"), keys, needs, now=now)),
        "offerings": copy_rows(session, Offering, rows.offering_rows(keys, offers, now=now)),
    }
    counts |= write_policies(session, now=now, today=today)
    policy_set = policy_set_in_force(session, region_code=COUNTY, day=today)
    helper = next(one for one in givers if one.entry.kind == "volunteer" and one.village.township == TOWNSHIP)
    home_id, home = _household_of_account(families, needs)
    counts |= write_profiles(session, vault, keys, families, home_id, now=now, today=today)
    users = _write_accounts(session, home.village, now=now)
    counts |= write_plans(session, stream("plans"), keys, families, needs, policy_set, users, now=now)
    volunteers = [one for one in givers if one.entry.kind == "volunteer" and one is not helper]
    shifts = activities.plan_shifts(stream("shifts"), keys, places, volunteers, home=helper.village, today=today)
    counts |= write_projects(
        session,
        stream("ties"),
        keys,
        shifts=shifts,
        needs=needs,
        offers=offers,
        purses=purses,
        listed_by=users["federation"],
        today=today,
        now=now,
    )
    _link(session, users, givers, offers, helper, home_id)
    counts |= write_leads(session, numbers, families, worker=users["worker"], today=today, now=now)
    counts |= write_care(
        session, stream("care"), keys, families, read_policy(demo_policy()), users, today=today, now=now
    )
    counts["accounts"] = len(users)
    return counts


def _household_of_account(
    families: Sequence[tuple[uuid.UUID, Family]], needs: Sequence[CheckedNeed]
) -> tuple[uuid.UUID, Family]:
    """The household of the demonstration's account: in the worker's township, in the rounds, and asking for the most."""
    asked: dict[uuid.UUID, int] = {}
    for need in needs:
        asked[need.household_id] = asked.get(need.household_id, 0) + 1
    return max(
        (
            (key, family)
            for key, family in families
            if family.village.township == TOWNSHIP and family.checked.entry.consented and not family.opted_out
        ),
        key=lambda pair: asked.get(pair[0], 0),
    )


def _write_accounts(session: Session, village: Village, *, now: datetime) -> dict[str, uuid.UUID]:
    """Login → id; an account without a region of its own works in `village`.

    The password is one and printed, so it is hashed once: thirteen argon2 hashes would take longer than all the rest.
    """
    found: dict[str, uuid.UUID] = {}
    password_hash = ""
    for one in DEMO_LOGINS:
        role, name = (one.role, one.region_code or village.code), f"{one.name_zh}（演示）"
        if not found:
            user = create_user(
                session, login=one.login, display_name=name, password=DEMO_PASSWORD, roles=[role], actor=SYSTEM, now=now
            )
            password_hash = user.password_hash
        else:
            user = User(login=one.login, display_name=name, password_hash=password_hash, created_at=now)
            session.add(user)
            session.flush()
            grant_role(session, user=user, role=role[0], region_code=role[1], actor=SYSTEM, now=now)
        found[one.login] = user.id
    return found


def _link(
    session: Session,
    users: dict[str, uuid.UUID],
    givers: Sequence[Giver],
    offers: Sequence[OfferingEntry],
    helper: Giver,
    household_id: uuid.UUID,
) -> None:
    """Ties the accounts of donors and of a household to rows of the demonstration; an organisation with many offerings each."""
    offered: dict[uuid.UUID, int] = {}
    for offer in offers:
        offered[offer.donor_id] = offered.get(offer.donor_id, 0) + 1

    def busiest(kind: str) -> uuid.UUID:
        return max(
            (one.id for one in givers if one.entry.kind == kind and one.entry.name != FEDERATION_NAME),
            key=lambda key: offered.get(key, 0),
        )

    session.add_all(
        (
            DonorPerson(donor_id=busiest("enterprise"), user_id=users["enterprise"]),
            DonorPerson(donor_id=busiest("social_organisation"), user_id=users["organisation"]),
            DonorPerson(donor_id=helper.id, user_id=users["volunteer"]),
            HouseholdPerson(household_id=household_id, user_id=users["household"]),
        )
    )
    session.flush()
