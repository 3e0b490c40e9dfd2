"""Visits of the past quarter, visits and reviews that lie ahead, problems on their way, and two case conferences of the demonstration.

Days follow from the policy set's own figures; texts are sealed as the operations seal them.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.cases.operations import call_case, confirm_case, decide_case
from households.cases.rules import CaseEntry, DecisionEntry, MeasureEntry, ParticipantEntry
from households.models import Household
from households.policy.document import Policy
from households.portrait.facts import Known, facts_of
from households.visits.models import CareVisit, HouseholdReview, Problem, ProblemStep
from households.visits.rules import months_later, review_cycle
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import Vault, vault_of
from marketplace.demo.accounts import TOWNSHIP
from marketplace.demo.families import Family
from marketplace.demo.keys import Keys
from marketplace.demo.reference import COUNTY
from marketplace.demo.writing import copy_rows

QUARTER_DAYS = 99  # and a few more, so that what is late has a visit before it
LATE_SHARE = 0.03  # assumption: of the visits that lie ahead
DUE_TODAY_SHARE = 0.12  # of those in the demonstration's township, so that its worker has a day's way to go
LATE_REVIEW_SHARE = {
    True: 0.15,
    False: 0.02,
}  # in the demonstration's township, and elsewhere: of the reviews that fell due
LATE_DAYS = 15
PROBLEMS = 60
WORKER = "村级社会救助协理员"
EVIDENCE = "核对工资流水、住院票据和银行余额，入户核实。"
# kind, what was found, how it was put right
FOUND = (
    ("safety", "电线老化，灶台旁堆放柴草。", "电工上门更换线路，柴草已清走。"),
    ("health", "慢性病药品快用完，行动不便。", "村医已送药上门，并约定每月随访。"),
    ("care", "独居，近期很少出门，无人说话。", "已安排邻里结对，志愿者每周上门。"),
    ("living", "米油所剩不多。", "已送去粮油，列入下月物资名单。"),
    ("housing", "厨房屋顶漏水。", "瓦匠已补漏，雨后复查不再渗水。"),
    ("benefits", "电费减免未落实。", "已与供电所核对户号，下月起减免。"),
    ("work_school", "孩子缺一学期学费。", "已对接助学项目，学费已缴。"),
)


def write_care(
    session: Session,
    draw: Random,
    keys: Keys,
    families: Sequence[tuple[uuid.UUID, Family]],
    policy: Policy,
    users: Mapping[str, uuid.UUID],
    *,
    today: date,
    now: datetime,
) -> dict[str, int]:
    """Writes them all and returns the rows by table. About half a second for a county."""
    vault = vault_of(session)
    registered = {
        key: day_of(moment) for key, moment in session.execute(sa.select(Household.id, Household.created_at)).all()
    }
    done, ahead = _visits(draw, keys, families, policy, users, registered, today=today, now=now)
    troubled = _troubled(draw, done)
    problems, steps = _problems(keys, vault, troubled, policy, users, today=today, now=now)
    for visit, (kind, found, _put_right) in troubled:
        visit["findings"] = [kind]
        visit["words_sealed"] = vault.seal(found, table="care_visits", row=visit["id"], column="words")
    reviews = _reviews(draw, keys, vault, families, policy, registered, today=today, now=now)
    counts = {
        "care_visits": copy_rows(session, CareVisit, [*done, *ahead]),
        "visit_problems": copy_rows(session, Problem, problems),
        "problem_steps": copy_rows(session, ProblemStep, steps),
        "household_reviews": copy_rows(session, HouseholdReview, reviews),
    }
    return counts | {"case_conferences": _cases(session, families, users, today=today, now=now)}


def _visits(
    draw: Random,
    keys: Keys,
    families: Sequence[tuple[uuid.UUID, Family]],
    policy: Policy,
    users: Mapping[str, uuid.UUID],
    registered: Mapping[uuid.UUID, date],
    *,
    today: date,
    now: datetime,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The visits done, back to a quarter ago, and the one that lies ahead of each household: a few of them late, some due today."""
    assert policy.visits is not None
    done: list[dict[str, Any]] = []
    ahead: list[dict[str, Any]] = []
    for household_id, family in families:
        entry = family.checked.entry
        every = policy.visits.tiers[entry.risk_tier].every_days
        left = -draw.randint(1, 6) if draw.random() < LATE_SHARE else draw.randint(0, every - 1)
        mine = entry.region_code.startswith(TOWNSHIP)
        if mine and left > 0 and draw.random() < DUE_TODAY_SHARE:
            left = 0
        due = today + timedelta(days=left)
        row = {
            "household_id": household_id, "tier": entry.risk_tier, "every_days": every, "try_on": None, "way": None,
            "done_on": None, "recorded_at": None, "worker_id": None, "worker": None, "region_code": None, "findings": [],
            "words_sealed": None, "created_at": now,
        }  # fmt: skip
        base = max(due - timedelta(days=every), registered[household_id])
        ahead.append(
            {
                **row,
                "id": keys.of("visit_ahead", len(ahead)),
                "base_on": base,
                "due_on": max(due, base),
                "status": "planned",
            }
        )
        at = due - timedelta(days=every)
        while at > today - timedelta(days=QUARTER_DAYS) and at >= registered[household_id]:
            before = max(at - timedelta(days=every), registered[household_id])
            way = "telephone" if draw.random() < 0.2 and entry.risk_tier != "high" else "home"
            done.append(
                {
                    **row, "id": keys.of("visit", len(done)), "base_on": before, "due_on": at, "status": "done", "way": way,
                    "done_on": at, "recorded_at": now - (today - at), "worker_id": users["worker"] if mine else None,
                    "worker": "worker" if mine else WORKER, "region_code": entry.region_code,
                }
            )  # fmt: skip
            at -= timedelta(days=every)
    return done, ahead


def _troubled(draw: Random, done: list[dict[str, Any]]) -> list[tuple[dict[str, Any], tuple[str, str, str]]]:
    """The visits on which something was found; every third of them in the demonstration's township."""
    near = [visit for visit in done if visit["region_code"].startswith(TOWNSHIP)]
    far = [visit for visit in done if not visit["region_code"].startswith(TOWNSHIP)]
    chosen = draw.sample(near, min(len(near), PROBLEMS // 3))
    chosen += draw.sample(far, min(len(far), PROBLEMS - len(chosen)))
    return [(visit, draw.choice(FOUND)) for visit in chosen]


def _problems(
    keys: Keys,
    vault: Vault,
    troubled: Sequence[tuple[dict[str, Any], tuple[str, str, str]]],
    policy: Policy,
    users: Mapping[str, uuid.UUID],
    *,
    today: date,
    now: datetime,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Problems and their steps: those past their day are resolved, but for every other one of the last days, which the county has."""
    assert policy.visits is not None
    problems, steps = [], []
    for number, (visit, (kind, found, put_right)) in enumerate(troubled):
        key, mine = keys.of("problem", number), visit["region_code"].startswith(TOWNSHIP)
        owner = ("worker" if mine else "coordinator", users["worker" if mine else "coordinator"])
        found_on, at = visit["done_on"], visit["recorded_at"]
        due = found_on + timedelta(days=policy.visits.problem_days[kind])
        late, resolved_on = today - timedelta(days=LATE_DAYS) <= due < today and number % 2 == 0, None
        told = [("opened", at, owner, found)]
        if due < today and not late:
            resolved_on = found_on + (due - found_on) // 2
            told.append(("resolved", now - (today - resolved_on), owner, put_right))
        elif late:
            told.append(("escalated", now - (today - due - timedelta(days=1)), ("system", None), None))
        problems.append(
            {
                "id": key, "household_id": visit["household_id"], "visit_id": visit["id"], "kind": kind,
                "region_code": visit["region_code"] if resolved_on else None, "owner_id": owner[1], "found_on": found_on,
                "due_on": due, "status": "resolved" if resolved_on else "open", "resolved_on": resolved_on,
                "escalated_at": told[-1][1] if late else None, "created_at": at, "updated_at": told[-1][1],
            }
        )  # fmt: skip
        for step, moment, (label, person), words in told:
            step_id = keys.of("problem_step", len(steps))
            sealed = vault.seal(words, table="problem_steps", row=step_id, column="words") if words else None
            steps.append(
                {
                    "id": step_id, "problem_id": key, "at": moment, "step": step, "actor_id": person, "actor": label,
                    "words_sealed": sealed,
                }
            )  # fmt: skip
    return problems, steps


def _reviews(
    draw: Random,
    keys: Keys,
    vault: Vault,
    families: Sequence[tuple[uuid.UUID, Family]],
    policy: Policy,
    registered: Mapping[uuid.UUID, date],
    *,
    today: date,
    now: datetime,
) -> list[dict[str, Any]]:
    """The review ahead of each household, and the one before it where that fell due; a few of those are late instead."""
    rows: list[dict[str, Any]] = []
    for household_id, family in families:
        known = Known(
            max(1, len(family.checked.members)), {code: int(value) for code, value in family.indicators.items()}
        )
        cycle = review_cycle(
            policy, facts_of(known, policy.accounting), status_category=family.checked.entry.status_category
        )
        assert cycle is not None
        base = registered[household_id]
        due = months_later(base, cycle.months)
        row = {
            "household_id": household_id, "policy_code": policy.id, "rule_group": cycle.group, "months": cycle.months,
            "outcome": None, "done_on": None, "recorded_at": None, "reviewer_id": None, "reviewer": None,
            "evidence_sealed": None, "created_at": now,
        }  # fmt: skip
        late = LATE_REVIEW_SHARE[family.checked.entry.region_code.startswith(TOWNSHIP)]
        if due < today and draw.random() > late:
            key = keys.of("review", len(rows))
            rows.append(
                {
                    **row, "id": key, "base_on": base, "due_on": due, "status": "done", "outcome": "unchanged", "done_on": due,
                    "recorded_at": now - (today - due), "reviewer": WORKER,
                    "evidence_sealed": vault.seal(EVIDENCE, table="household_reviews", row=key, column="evidence"),
                }
            )  # fmt: skip
            base, due = due, months_later(due, cycle.months)
        rows.append({**row, "id": keys.of("review", len(rows)), "base_on": base, "due_on": due, "status": "open"})
    return rows


def _cases(
    session: Session,
    families: Sequence[tuple[uuid.UUID, Family]],
    users: Mapping[str, uuid.UUID],
    *,
    today: date,
    now: datetime,
) -> int:
    """Two conferences on households of the township: one that acts, and one whose decision awaits the second person."""
    chair = {"actor": Actor(users["coordinator"], "coordinator"), "scope": (COUNTY,), "now": now}
    second = {"actor": Actor(users["reviewer"], "reviewer"), "scope": (COUNTY,), "now": now}
    capped = [
        key for key, family in families
        if family.village.township == TOWNSHIP and family.checked.entry.cap_fen is not None and family.checked.entry.consented
    ]  # fmt: skip
    near = [key for key, family in families if family.village.township == TOWNSHIP and key not in capped]
    chosen = [*capped, *near][:2]
    for place, household_id in enumerate(chosen):
        people = (
            ParticipantEntry("县民政局", "陈科长"), ParticipantEntry("县医疗保障局", "林主任"), ParticipantEntry("岩坦镇人民政府", "潘副镇长"),
        )  # fmt: skip
        case = call_case(
            session,
            household_id=household_id,
            entry=CaseEntry(
                "above_cap", today - timedelta(days=9 - place), "主要劳动力住院，两名子女在读，自付费用较高。", people
            ),
            **chair,
        )
        measures = (
            MeasureEntry("追加临时救助金", "cash_aid", "县民政局", today + timedelta(days=20)),
            MeasureEntry("住房修缮", "home_repair", "岩坦镇人民政府", today + timedelta(days=120)),
        )
        decide_case(
            session,
            case_id=case.id,
            entry=DecisionEntry(
                "经会商，同意在每轮上限之外增加救助，并由镇政府落实住房修缮。", measures, 300_000 - 100_000 * place,
                "《社会救助暂行办法》第九章；县临时救助实施办法", today - timedelta(days=7 - place), today + timedelta(days=170),
            ),
            version=case.version,
            **chair,
        )  # fmt: skip
        if place == 0:
            confirm_case(session, case_id=case.id, version=case.version, **second)
    return len(chosen)
