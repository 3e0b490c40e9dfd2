"""Leads and departments' data of the demonstration: a dozen leads in various states, warnings handled, open and late. Nobody in them exists."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from households.leads.operations import close_lead, escalate_leads, merge_lead, record_lead, tie_to_household
from households.leads.rules import LeadEntry
from households.monitoring.operations import enter_monitoring, handle_warning
from households.monitoring.queries import list_warnings
from households.monitoring.records import add_records
from households.monitoring.rules import RecordEntry
from kernel.audit import SYSTEM, Actor
from marketplace.demo.accounts import TOWNSHIP
from marketplace.demo.families import Family
from marketplace.demo.people import Numbers
from marketplace.demo.reference import COUNTY

SCOPE = (COUNTY,)


@dataclass(frozen=True)
class Telling:
    """A lead as it came in `days` ago; `place` counts the villages of the worker's township, None: the neighbouring township."""

    days: int
    channel: str
    place: int | None
    name: str | None
    told: str
    teller: str | None = None
    reference: str | None = None
    end: str | None = None


TELLINGS = (
    Telling(1, "tip_off", 0, "金阿凤", "老人独居，前几天摔倒后一直没出门，儿女都在外地。", teller="邻居"),
    Telling(
        0, "hotline", 1, "麻德顺", "来电人称家中两人患病，今年医药费负担重，想咨询救助。", reference="12345-20270001"
    ),
    Telling(2, "application", 2, "柯美香", "本人申请：丈夫去年去世，带两个孩子，收入不稳定。"),
    Telling(1, "home_visit", 3, "滕光明", "走访发现屋顶漏雨，老人腿脚不便。", teller="网格员"),
    Telling(3, "tip_off", 0, "金阿凤", "老人行动不便，米缸快见底了。", teller="志愿者", end="merge"),
    Telling(4, "tip_off", 4, None, "桥头小卖部旁边的平房，住着一位老奶奶和一个上小学的孩子。"),
    Telling(14, "hotline", 5, "廖招兰", "来电人反映邻居生活困难，已多日未生火做饭。", reference="12345-20260871"),
    Telling(40, "application", None, "瞿志华", "本人申请临时救助：工地受伤，暂时不能干活。", end="referred"),
    Telling(60, "tip_off", 6, "单福生", "听说这家人没有收入来源。", end="no_hardship"),
    Telling(75, "home_visit", 7, "南玉珍", "走访未见，村里说已随女儿搬到温州城区。", teller="村干部", end="moved_away"),
    Telling(
        30, "hotline", 8, None, "来电人反映某户孩子无人照看，地址说不清。", reference="12349-20260302", end="not_found"
    ),
    Telling(20, "home_visit", 1, None, "走访时遇到的一户，核对后是已建档家庭。", teller="社会救助协理员", end="known"),
)
REASONS = {
    "referred": "属工伤，已转人社部门办理工伤认定。",
    "no_hardship": "入户核实：子女每月给生活费，本人有养老金，生活无困难。",
    "moved_away": "已迁出本县，告知迁入地。",
    "not_found": "多方查找，无此户。",
}


def write_leads(
    session: Session,
    numbers: Numbers,
    families: Sequence[tuple[uuid.UUID, Family]],
    *,
    worker: uuid.UUID,
    today: date,
    now: datetime,
) -> dict[str, int]:
    """Writes leads, records and what came of them; rows by kind."""
    actor = Actor(worker, "worker")
    here = [pair for pair in families if pair[1].village.township == TOWNSHIP]
    villages = sorted({family.village.code for _, family in here})
    elsewhere = next(family.village.code for _, family in families if family.village.township != TOWNSHIP)
    first: dict[str, uuid.UUID] = {}
    for one in TELLINGS:
        at = now - timedelta(days=one.days)
        region = elsewhere if one.place is None else villages[one.place % len(villages)]
        entry = LeadEntry(
            region, one.channel, one.told, name=one.name, phone=numbers.phone() if one.name else None, teller=one.teller,
            reference=one.reference,
        )  # fmt: skip
        lead = record_lead(
            session, entry=entry, actor=actor if one.channel == "home_visit" else SYSTEM, scope=SCOPE, now=at
        )
        done = {"actor": actor, "scope": SCOPE, "now": min(now, at + timedelta(days=3))}
        if one.end == "merge":
            merge_lead(session, lead_id=lead.id, into_id=first[one.name or ""], **done | {"now": now})
        elif one.end == "known":
            tie_to_household(session, lead_id=lead.id, household_id=here[0][0], **done)
        elif one.end is not None:
            close_lead(session, lead_id=lead.id, closing=one.end, reason=REASONS[one.end], **done)
        elif one.name is not None:
            first[one.name] = lead.id
    escalate_leads(session, now=now)
    taken = _take_in(session, numbers, here, actor, today=today, now=now)
    return {"leads": len(TELLINGS) + taken[2], "department_records": taken[0], "warnings": taken[1]}


def _take_in(
    session: Session,
    numbers: Numbers,
    here: Sequence[tuple[uuid.UUID, Family]],
    actor: Actor,
    *,
    today: date,
    now: datetime,
) -> tuple[int, int, int]:
    """Records in two deliveries, of three weeks ago and of yesterday: (records, warnings, leads)."""
    known = [
        (key, family, member)
        for key, family in here
        for member in family.checked.members
        if member.resident_id is not None and len(family.checked.members) <= 3
    ]
    homes: dict[uuid.UUID, tuple[Family, str, str, bool, int]] = {}
    for key, family, member in known:
        assert member.resident_id is not None
        age = today.year - member.born_on.year
        homes.setdefault(key, (family, member.resident_id.number, member.entry.name, member.entry.able_to_work, age))
    ill = [one for one in homes.values() if one[4] > 60][:4]
    able = [one for one in homes.items() if one[1][3] and 20 < one[1][4] < 58][:2]

    def record(number: str, person: tuple[Family, str, str, bool, int], source: str, kind: str, state: str, days: int, **more: object) -> RecordEntry:  # fmt: skip
        family, resident_id, name = person[:3]
        day = today - timedelta(days=days)
        return RecordEntry(
            source, number, kind, state, day, family.village.code, resident_id=resident_id, name=name, **more
        )  # type: ignore[arg-type]

    early = [
        record(f"YB{place:04d}", person, "medical_insurance", "medical_bill", "paid", 25 + place, amount_fen=4_200_000 + place * 150_000)
        for place, person in enumerate(ill[:2])
    ]  # fmt: skip
    if able:
        early.append(record("RS0001", able[0][1], "human_resources", "employment", "lost", 30))
        enter_monitoring(session, household_id=able[-1][0], actor=actor, scope=SCOPE, now=now - timedelta(days=200))
    before = now - timedelta(days=21)
    first = add_records(session, entries=early, actor=SYSTEM, scope=SCOPE, now=before)
    rows = list_warnings(session, scope=SCOPE).rows
    for row, outcome, note in zip(
        rows, ("plan_to_change",), ("大病自付费用较高，已与家庭商定申请医疗救助。",), strict=False
    ):
        handle_warning(
            session,
            warning_id=row.warning.id,
            outcome=outcome,
            note=note,
            actor=actor,
            scope=SCOPE,
            now=before + timedelta(days=4),
        )
    late = [
        record(f"YB{10 + place:04d}", person, "medical_insurance", "medical_bill", "paid", 2, amount_fen=4_800_000)
        for place, person in enumerate(ill[2:])
    ]  # fmt: skip
    stranger_born = date(today.year - 52, 5, 17)
    stranger = (here[0][1], numbers.resident_id(stranger_born), "厉秀琴", False, 52)
    late.append(record("YB0100", stranger, "medical_insurance", "medical_bill", "paid", 3, amount_fen=8_650_000))
    if len(able) > 1:
        late.append(record("RS0002", able[1][1], "human_resources", "employment", "found", 5))
    second = add_records(session, entries=late, actor=SYSTEM, scope=SCOPE, now=now - timedelta(days=1))
    return first.new + second.new, first.warnings + second.warnings, first.leads + second.leads
