"""The charity projects of the demonstration, their shifts, who has signed up, and what is tied to them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from donors.offerings.rules import OfferingEntry
from households.needs.rules import CheckedNeed
from kernel.clock import SHANGHAI
from marketplace.demo import figures
from marketplace.demo.keys import Keys
from marketplace.demo.places import Places, Village
from marketplace.demo.reference import COUNTY
from marketplace.demo.supply import Giver

# Assumptions: shares of the needs and offerings of a project's categories, in its region, that are tied to it.
TIED_NEEDS = 0.25
TIED_OFFERINGS = 0.10


@dataclass(frozen=True)
class Outline:
    """A project in words; `region` is the subtree it works in, `wanted` the households it looks for; `tied` the share of its offerings."""

    name: str
    summary: str
    organiser: str
    region: str
    categories: tuple[str, ...]
    budget_yuan: int
    wanted: int
    shift: str
    requires: tuple[str, ...] = ()
    tied: float = TIED_OFFERINGS


# The themes are those of the county's plan of 2023-06-15 and of the conference report of April 2023 (善居工程: 16,000 yuan per
# household); budgets and numbers wanted are assumptions.
OUTLINES = (
    Outline("善居工程·居室改善", "为住房条件差的困难家庭修缮居室、改造卫生间和通道，每户约1.6万元。", "永嘉县慈善总会（演示）", COUNTY, ("home_repair", "barrier_removal"), 800_000, 50, "入户清洁与旧家具搬运", tied=0.30),
    Outline("1619接续奋斗助学", "陪伴16至19岁职校学生完成学业、掌握技能、走上岗位。", "永嘉县慈善总会（演示）", COUNTY, ("tuition_aid", "internship", "skills_training"), 600_000, 185, "职业规划面谈", ("tutoring",)),
    Outline("楠溪暖冬", "入冬前为山区困难家庭送去棉被和冬衣。", "永嘉县慈善总会（演示）", COUNTY, ("quilt", "winter_clothing"), 120_000, 300, "冬衣分拣与配送"),
    Outline("银龄守望", "每周探访独居老人，陪聊、助餐、查看居家安全。", "永嘉县慈善总会（演示）", "330324110", ("companionship_hours", "meal_delivery", "haircut"), 90_000, 80, "独居老人探访"),
    Outline("康复有伴", "为重度残疾人提供辅具和康复训练。", "永嘉县慈善总会（演示）", COUNTY, ("wheelchair", "rehabilitation", "adult_nappies"), 200_000, 120, "辅具适配与陪练", ("nursing",)),
    Outline("米油到家", "为低保和特困家庭按月送米送油。", "永嘉县慈善总会（演示）", COUNTY, ("rice", "cooking_oil", "food_parcel"), 150_000, 400, "物资打包与送达"),
    Outline("童心港湾", "周末陪留守儿童做功课、读书、做游戏。", "永嘉县慈善总会（演示）", "330324108", ("tutoring_hours", "counselling_hours", "school_supplies"), 80_000, 60, "周末课业辅导", ("tutoring",)),
    Outline("就业直通车", "每人每年至少一次走访、一次培训、两次岗位推荐。", "永嘉县慈善总会（演示）", COUNTY, ("job", "skills_training"), 100_000, 300, "招聘会服务"),
    Outline("共富工坊", "把来料加工和种养项目带到家门口。", "永嘉县慈善总会（演示）", COUNTY, ("industry_project",), 260_000, 64, "工坊开工日帮忙", tied=0.30),
    Outline("助医护航", "帮大病家庭就医陪诊、申请医疗救助。", "永嘉县慈善总会（演示）", COUNTY, ("medical_aid", "medicine_voucher", "escort_hours"), 400_000, 150, "陪同就医", ("first_aid",)),
    Outline("居家照护小队", "为失能老人和重度残疾人上门照护，让家人喘口气。", "永嘉县慈善总会（演示）", "330324009", ("care_hours", "housework_hours", "respite_place"), 160_000, 90, "上门照护", ("nursing",)),
    Outline("邻里服务日", "每月一天，理发、维修、法律咨询到村口。", "永嘉县慈善总会（演示）", COUNTY, ("haircut", "housework_hours", "legal_aid", "hygiene_kit"), 60_000, 200, "村口服务日"),
)  # fmt: skip
_HOURS = ((time(9), time(11, 30)), (time(13, 30), time(16)), (time(9), time(16, 30)))


@dataclass(frozen=True)
class PlannedShift:
    """A shift with its place and times; `volunteers` have signed up."""

    id: uuid.UUID
    project: int
    title: str
    village: Village
    starts_at: datetime
    ends_at: datetime
    capacity: int
    requires: tuple[str, ...]
    volunteers: tuple[uuid.UUID, ...]


def plan_shifts(
    draw: Random, keys: Keys, places: Places, volunteers: Sequence[Giver], *, home: Village, today: date
) -> list[PlannedShift]:
    """Three to six shifts per project in the four weeks after today; the first of 银龄守望 is in the village `home`, and open to all.

    Nobody is on two shifts of one day, so that none overlap; one shift in ten is full.
    """
    shifts: list[PlannedShift] = []
    busy: set[tuple[uuid.UUID, date]] = set()
    for project, outline in enumerate(OUTLINES):
        for position in range(draw.randint(3, 6)):
            day = today + timedelta(days=draw.randint(2, 28))
            village = _village(draw, places, outline.region)
            if outline.name == "银龄守望" and position == 0:
                day, village = today + timedelta(days=3), home
            start, end = draw.choice(_HOURS)
            capacity = draw.randint(4, 16)
            full = draw.random() < 0.10
            places_taken = capacity if full else draw.randint(0, capacity - 2)
            able = [
                giver.id
                for giver in volunteers
                if set(outline.requires) <= set(giver.entry.skills) and (giver.id, day) not in busy
            ]
            chosen = tuple(draw.sample(able, min(places_taken, len(able))))
            busy |= {(one, day) for one in chosen}
            shifts.append(
                PlannedShift(
                    keys.of("shift", len(shifts)),
                    project,
                    outline.shift,
                    village,
                    datetime.combine(day, start, SHANGHAI),
                    datetime.combine(day, end, SHANGHAI),
                    capacity,
                    outline.requires,
                    chosen,
                )
            )
    return shifts


def _village(draw: Random, places: Places, region: str) -> Village:
    return draw.choice([village for village in places.villages if village.code.startswith(region)])


def tie_needs(draw: Random, needs: Sequence[CheckedNeed]) -> dict[int, int]:
    """Need position → project position: a need belongs to at most one project."""
    tied: dict[int, int] = {}
    for position, need in enumerate(needs):
        for project, outline in enumerate(OUTLINES):
            fits = need.category_code in outline.categories and need.region_code.startswith(outline.region)
            if fits and draw.random() < TIED_NEEDS:
                tied.setdefault(position, project)
    return tied


def tie_offers(draw: Random, offers: Sequence[OfferingEntry]) -> list[tuple[int, int]]:
    """(offering position, project position) for offerings that are for a project's needs alone; money stays free."""
    return [
        (position, project)
        for position, offer in enumerate(offers)
        for project, outline in enumerate(OUTLINES)
        if offer.category_code in outline.categories
        and offer.unit_cost_fen != figures.MONEY_UNIT_FEN
        and offer.region_code.startswith(outline.region)
        and draw.random() < outline.tied
    ]
