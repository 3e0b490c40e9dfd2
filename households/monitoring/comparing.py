"""Comparing records with the rules of the policy in force: warnings for known households, leads for people of no known household.

Comparisons stand in one queue, so that a record never slips in with a number below what a warning has counted to.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from households.leads.models import Lead
from households.leads.operations import Owners, add_lead
from households.leads.rules import CheckedLead, LeadEntry
from households.models import Household, Member
from households.monitoring.models import DepartmentRecord, HouseholdWarning, MonitoringSpell
from households.monitoring.rules import Finding, Seen, findings
from households.policy.models import PolicySet
from households.policy.monitoring import Comparison, Monitoring
from households.policy.queries import policy_of, policy_set_in_force
from kernel import audit
from kernel.accounts.rules import covers
from kernel.clock import day_of
from kernel.crypto import vault_of

_COMPARE_LOCK = 0x5A46_0008  # an arbitrary number of our own
CHUNK = 2_000


def lock_comparison(session: Session) -> None:
    """One transaction at a time takes records in and compares."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_COMPARE_LOCK)))


class _Policies:
    """The monitoring part in force for a region on one day, asked for once."""

    def __init__(self, session: Session, day: date) -> None:
        self._session, self._day = session, day
        self._known: dict[str, tuple[PolicySet, Monitoring] | None] = {}

    def of(self, region_code: str) -> tuple[PolicySet, Monitoring] | None:
        """None where no set with such a part holds."""
        if region_code not in self._known:
            row = policy_set_in_force(self._session, region_code=region_code, day=self._day)
            monitoring = policy_of(row).monitoring if row is not None else None
            self._known[region_code] = (row, monitoring) if row is not None and monitoring is not None else None
        return self._known[region_code]


def compare_households(
    session: Session, *, people: Iterable[bytes], homes: Iterable[uuid.UUID], scope: tuple[str, ...], now: datetime
) -> tuple[int, set[bytes]]:
    """Compares the households of these people (by the blind index of their resident ID) and these households; how many warnings were raised
    within `scope`, and the people who are of no household that is open: nobody watches over a closed one, so its members are looked for anew.
    """
    wanted, homes_of, people = sorted(people), set(homes), set()
    for start in range(0, len(wanted), CHUNK):
        rows = session.execute(
            sa.select(Member.resident_id_index, Member.household_id)
            .join(Household, Household.id == Member.household_id)
            .where(Member.resident_id_index.in_(wanted[start : start + CHUNK]), Household.status == "active")
        ).all()
        people |= {bytes(row[0]) for row in rows}
        homes_of |= {row[1] for row in rows}
    policies, raised, keys = _Policies(session, day_of(now)), 0, sorted(homes_of)
    for start in range(0, len(keys), CHUNK):
        raised += _compare(session, keys[start : start + CHUNK], policies, scope, now)
    return raised, set(wanted) - people


def _compare(
    session: Session, keys: Sequence[uuid.UUID], policies: _Policies, scope: tuple[str, ...], now: datetime
) -> int:
    day = day_of(now)
    households = session.scalars(
        sa.select(Household).where(Household.id.in_(keys), Household.status == "active").order_by(Household.number)
    ).all()
    seen = _seen_of(session, keys)
    counts = sa.select(Member.household_id, sa.func.count()).where(Member.household_id.in_(keys))
    heads = {row[0]: row[1] for row in session.execute(counts.group_by(Member.household_id))}
    watched = set(
        session.scalars(
            sa.select(MonitoringSpell.household_id).where(MonitoringSpell.household_id.in_(keys), MonitoringSpell.left_on.is_(None))
        )
    )  # fmt: skip
    counted: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    standing: dict[tuple[uuid.UUID, str], HouseholdWarning] = {}
    # held, so that none is handled between the reading and the writing of what it counts
    warnings = sa.select(HouseholdWarning).where(HouseholdWarning.household_id.in_(keys))
    for one in session.scalars(
        warnings.order_by(HouseholdWarning.number).with_for_update().execution_options(populate_existing=True)
    ):
        if one.status == "open":
            standing[one.household_id, one.rule] = one
        else:
            before = counted[one.household_id].get(one.rule, 0)
            counted[one.household_id][one.rule] = max(before, one.counted_to)
    raised = 0
    for household in households:
        held = policies.of(household.region_code)
        if held is None:
            continue
        rules = [rule for rule in held[1].rules if rule.way == "in" or household.id in watched]
        for found in findings(
            seen[household.id], rules, day=day, heads=heads.get(household.id, 1), counted=counted[household.id]
        ):
            new = _raise(session, household, held[0].code, found, standing.get((household.id, found.rule.id)), now)
            raised += new if covers(scope, household.region_code) else 0
    session.flush()
    return raised


def _seen_of(session: Session, keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Seen]]:
    """The records of these households: of their present members, and of their addresses."""
    columns = (
        DepartmentRecord.number, DepartmentRecord.kind, DepartmentRecord.state, DepartmentRecord.happened_on,
        DepartmentRecord.amount_fen, DepartmentRecord.grade,
    )  # fmt: skip
    seen: dict[uuid.UUID, list[Seen]] = defaultdict(list)
    of_people = (
        sa.select(Member.household_id, Member.id, Member.born_on, *columns)
        .join(DepartmentRecord, DepartmentRecord.person_index == Member.resident_id_index)
        .where(Member.household_id.in_(keys))
    )
    for home, person, born, number, kind, state, day, amount, grade in session.execute(of_people):
        seen[home].append(Seen(number, kind, state, day, amount or 0, grade, person, born))
    of_addresses = sa.select(DepartmentRecord.household_id, *columns).where(DepartmentRecord.household_id.in_(keys))
    for home, number, kind, state, day, amount, grade in session.execute(of_addresses):
        seen[home].append(Seen(number, kind, state, day, amount or 0, grade))
    return seen


def _raise(
    session: Session,
    household: Household,
    policy_code: str,
    found: Finding,
    standing: HouseholdWarning | None,
    now: datetime,
) -> int:
    """A new warning, or the open one with what came since; how many were raised."""
    facts = found.facts()
    if standing is not None:
        if standing.counted_to != found.counted_to:
            standing.facts, standing.counted_to = facts, found.counted_to
            _record(session, standing, "warning.grew", now, value=found.value)
        return 0
    warning = HouseholdWarning(
        household_id=household.id, region_code=household.region_code, policy_code=policy_code, rule=found.rule.id, way=found.rule.way,
        facts=facts, counted_to=found.counted_to, due_on=day_of(now) + timedelta(days=found.rule.due_days), raised_at=now,
    )  # fmt: skip
    session.add(warning)
    session.flush()
    _record(session, warning, "warning.raised", now, rule=found.rule.id, value=found.value, due=warning.due_on)
    return 1


def compare_unknown(session: Session, *, people: set[bytes], records: Sequence[uuid.UUID], now: datetime) -> int:
    """Leads of the channel of data comparison for people of no known household, one open for each; and for the `records` of addresses that
    are no known household's. How many were made. What was known when an earlier lead of the person ended does not count again."""
    policies, owners, made = _Policies(session, day_of(now)), Owners(session), 0
    wanted = sorted(people)
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        ended = _ended(session, part)
        by_person: dict[bytes, list[DepartmentRecord]] = defaultdict(list)
        for row in session.scalars(
            sa.select(DepartmentRecord).where(DepartmentRecord.person_index.in_(part)).order_by(DepartmentRecord.number)
        ):
            by_person[bytes(row.person_index or b"")].append(row)
        for index, rows in by_person.items():
            if index in ended and ended[index] is None:
                continue  # an open lead speaks of this person
            since = ended.get(index)
            fresh = [row for row in rows if since is None or row.created_at > since]
            made += _suggest(session, fresh, policies.of(rows[-1].region_code), owners, now)
    for row in session.scalars(sa.select(DepartmentRecord).where(DepartmentRecord.id.in_(records))):
        made += _suggest(session, [row], policies.of(row.region_code), owners, now)
    return made


def _ended(session: Session, people: Sequence[bytes]) -> dict[bytes, datetime | None]:
    """When the last lead of data comparison about each of these people ended, or the one it went on in; None while one is open."""
    found: dict[bytes, datetime | None] = {}
    into = aliased(Lead)
    done_at = sa.case((Lead.merged_into_id.is_not(None), into.done_at), else_=Lead.done_at)
    for index, status, done in session.execute(
        sa.select(Lead.resident_id_index, sa.func.coalesce(into.status, Lead.status), done_at)
        .outerjoin(into, into.id == Lead.merged_into_id)
        .where(Lead.channel == "data_comparison", Lead.resident_id_index.in_(people))
        .order_by(done_at.asc().nulls_last())
    ):
        found[bytes(index)] = None if status == "open" else done
    return found


def _suggest(
    session: Session,
    rows: Sequence[DepartmentRecord],
    held: tuple[PolicySet, Monitoring] | None,
    owners: Owners,
    now: datetime,
) -> int:
    """A lead about whom these records speak of, where a rule holds."""
    if held is None or not rows:
        return 0
    vault, last = vault_of(session), rows[-1]
    person = {"resident_id": None, "name": None, "born_on": None}
    if last.person_sealed is not None:
        person = json.loads(vault.open(last.person_sealed, table="department_records", row=last.id, column="person"))
    born = date.fromisoformat(person["born_on"]) if person["born_on"] else None
    seen = [
        Seen(row.number, row.kind, row.state, row.happened_on, row.amount_fen or 0, row.grade, person["resident_id"], born)
        for row in rows
    ]  # fmt: skip
    rules: list[Comparison] = [rule for rule in held[1].rules if rule.way == "in"]
    found = findings(seen, rules, day=day_of(now), heads=None)
    if not found:
        return 0
    address = None
    if last.address_sealed is not None:
        address = vault.open(last.address_sealed, table="department_records", row=last.id, column="address")
    entry = LeadEntry(last.region_code, "data_comparison", "", name=person["name"], address=address)
    add_lead(
        session, checked=CheckedLead(entry, person["name"], None, person["resident_id"]), actor=audit.SYSTEM, now=now, owners=owners,
        found={"policy": held[0].code, "rules": [one.facts() for one in found]},
    )  # fmt: skip
    return 1


def _record(session: Session, warning: HouseholdWarning, action: str, now: datetime, **detail: object) -> None:
    audit.record(
        session, actor=audit.SYSTEM, action=action, subject_type="warning", subject_id=warning.id, now=now,
        region_code=warning.region_code, **detail,
    )  # fmt: skip
