"""What the givers of the demonstration offer: amounts follow the demand by a stated ratio below one, so that help is scarce."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from donors.offerings.rules import OfferingEntry, checked_offering
from households.needs.rules import CheckedNeed
from marketplace.demo import figures
from marketplace.demo.money import Purse
from marketplace.demo.places import TOWNSHIPS, Village
from marketplace.demo.reference import COUNTY
from marketplace.demo.supply import FEDERATION_NAME, Giver


@dataclass(frozen=True)
class Plan:
    """`count` offerings of a category that together hold `ratio` of what is asked for. All figures are assumptions.

    `cost_fen` per unit where a fund pays for it; `bought` is the share of those that the government buys.
    """

    category: str
    count: int
    ratio: float
    cost_fen: int = 0
    bought: float = 0.0
    provides: tuple[str, ...] = ()
    later: float = 0.0
    """Share that is available only after some weeks (`wait`, in days)"""
    wait: tuple[int, int] = (25, 50)
    types: tuple[str, ...] = ()
    """Household types that four in five of these offerings are meant for, where the giver says so"""


ENTERPRISE_PLANS = (
    Plan("rice", 95, 0.95), Plan("cooking_oil", 85, 0.65), Plan("food_parcel", 95, 0.95), Plan("milk", 75, 0.40),
    Plan("quilt", 55, 0.90), Plan("winter_clothing", 75, 0.45, later=0.30), Plan("school_supplies", 85, 0.65),
    Plan("hygiene_kit", 70, 0.38), Plan("adult_nappies", 45, 0.90), Plan("wheelchair", 30, 0.70),
    Plan("home_appliance", 55, 0.35), Plan("medicine_voucher", 60, 0.50), Plan("job", 180, 0.62), Plan("internship", 60, 0.70, later=1.0, wait=(40, 80)),
    Plan("skills_training", 40, 0.22, later=0.7),
)  # fmt: skip
# Respite care has no offering at all: the county's home for the disabled is still being built (plan of 2023-06-15).
ORGANISATION_PLANS = (
    Plan("meal_delivery", 80, 0.85, 1_500, 0.5), Plan("home_repair", 65, 0.70, 30_000), Plan("barrier_removal", 35, 0.60, 250_000, later=0.4),
    Plan("rehabilitation", 60, 0.60, 12_000, 0.4), Plan("legal_aid", 30, 0.80, provides=("legal",), types=("subsistence", "care")), Plan("haircut", 65, 0.40),
    Plan("skills_training", 45, 0.30, 60_000, later=0.7), Plan("care_hours", 80, 0.70, 4_000, 0.3, ("nursing",)),
    Plan("counselling_hours", 45, 0.60, provides=("counselling",)), Plan("escort_hours", 50, 0.25, provides=("first_aid",)),
    Plan("tutoring_hours", 45, 0.25, provides=("tutoring",)), Plan("housework_hours", 40, 0.12),
)  # fmt: skip
INDUSTRY_TITLES = (
    "楠溪江早香柚种植", "高山茶园代管", "乌牛早茶采摘车间", "香榧林下种植", "中药材基地", "土鸡养殖", "中蜂养殖", "番薯粉丝加工",
    "麦饼共富工坊", "田鱼养殖", "民宿帮工联营", "来料加工点", "教玩具装配点", "纽扣分拣点", "电商直播助农", "光伏收益共享",
)  # fmt: skip
MONEY_CATEGORIES = ("cash_aid", "living_allowance", "medical_aid", "tuition_aid")
# What a volunteer may offer, and the skill it takes; everybody can keep company and help in the house.
VOLUNTEER_WORK = (
    ("companionship_hours", None, 5), ("housework_hours", None, 2), ("tutoring_hours", "tutoring", 4), ("care_hours", "nursing", 4),
    ("escort_hours", "driving", 3), ("counselling_hours", "counselling", 3),
)  # fmt: skip
_LARGEST_OF_ONE = {"internship": 4, "job": 6, "wheelchair": 4, "home_appliance": 4}
_EVERYWHERE = 0.18  # share of offerings without any area
_NARROWED = 0.12  # share of goods that are for some household types only


def build_offers(
    draw: Random, givers: Sequence[Giver], purses: Sequence[Purse], needs: Sequence[CheckedNeed], *, today: date
) -> list[OfferingEntry]:
    """`figures.OFFERINGS` checked offerings: enterprises', organisations', money by fund, then volunteers' for the rest."""
    asked: Counter[str] = Counter()
    for need in needs:
        asked[need.category_code] += need.quantity
    by_kind: dict[str, list[Giver]] = {}
    for giver in givers:
        by_kind.setdefault(giver.entry.kind, []).append(giver)
    federation = next(giver for giver in givers if giver.entry.name == FEDERATION_NAME)
    offers: list[OfferingEntry] = []
    for plan in ENTERPRISE_PLANS:
        offers += _planned(draw, plan, by_kind["enterprise"], asked[plan.category], purses, today)
    offers += _industry(draw, by_kind["enterprise"], today)
    for plan in ORGANISATION_PLANS:
        offers += _planned(draw, plan, by_kind["social_organisation"], asked[plan.category], purses, today)
    offers += _money(federation, purses)
    offers += _hours(draw, by_kind["volunteer"], figures.OFFERINGS - len(offers), today)
    return [checked_offering(offer) for offer in offers]


def _planned(
    draw: Random, plan: Plan, givers: Sequence[Giver], asked: int, purses: Sequence[Purse], today: date
) -> list[OfferingEntry]:
    whole = max(plan.count, round(asked * plan.ratio))
    parts = _parts(draw, whole, plan.count, _LARGEST_OF_ONE.get(plan.category))
    return [_offer(draw, plan, draw.choice(givers), quantity, purses, today) for quantity in parts]


def _parts(draw: Random, whole: int, count: int, largest: int | None) -> list[int]:
    """`whole` units split into `count` uneven parts of at least 1 each (at most `largest`, then the sum may fall short)."""
    lots = [draw.lognormvariate(0, 0.8) for _ in range(count)]
    scale = (whole - count) / sum(lots)
    parts = [1 + int(lot * scale) for lot in lots]
    for _ in range(whole - sum(parts)):
        parts[draw.randrange(count)] += 1
    return [min(part, largest) for part in parts] if largest else parts


def _offer(
    draw: Random, plan: Plan, giver: Giver, quantity: int, purses: Sequence[Purse], today: date
) -> OfferingEntry:
    bought = plan.cost_fen > 0 and draw.random() < plan.bought
    everywhere = draw.random() < _EVERYWHERE
    starts_on = today + timedelta(days=draw.randint(*plan.wait)) if draw.random() < plan.later else None
    types: tuple[str, ...] | None = None
    if plan.types:
        types = plan.types if draw.random() < 0.8 else None
    elif plan.cost_fen == 0 and draw.random() < _NARROWED:
        types = draw.choice((("subsistence", "care"), ("subsistence",), ("development", "expenditure")))
    payers = tuple(
        purse.id for purse in purses if bought and purse.entry.kind == "public_programme" and purse.project is None
    )
    return OfferingEntry(
        donor_id=giver.id,
        category_code=plan.category,
        title=_title(draw, plan.category, giver),
        quantity=quantity,
        region_code=giver.village.code,
        unit_cost_fen=plan.cost_fen,
        government_bought=bought,
        areas=None if everywhere else _areas(draw, giver.village),
        lat=giver.entry.lat,
        lon=giver.entry.lon,
        provides=plan.provides,
        starts_on=starts_on,
        ends_on=today + timedelta(days=draw.randint(60, 240)),
        max_needs=draw.randint(3, 15) if draw.random() < 0.10 else None,
        types=types,
        fund_ids=payers or None,
    )


_TITLES = {
    "job": ("普工岗位", "包装岗位", "保洁岗位", "仓管岗位", "缝纫岗位", "家政岗位"),
    "internship": ("机电实习岗位", "电商实习岗位", "护理实习岗位"),
    "skills_training": ("养老护理培训", "电工培训", "电商培训", "家政培训", "茶艺培训"),
    "home_appliance": ("电冰箱", "洗衣机", "电热水器", "电风扇"),
}
_GOODS_TITLES = {
    "rice": "大米", "cooking_oil": "食用油", "food_parcel": "爱心食品包", "milk": "牛奶", "quilt": "棉被", "winter_clothing": "冬衣",
    "school_supplies": "学习用品", "hygiene_kit": "卫生用品包", "adult_nappies": "成人护理垫", "wheelchair": "轮椅",
    "medicine_voucher": "购药券", "meal_delivery": "助餐配送", "home_repair": "住房修缮", "barrier_removal": "无障碍改造",
    "rehabilitation": "康复训练", "legal_aid": "法律援助", "haircut": "上门理发", "companionship_hours": "陪伴探访",
    "tutoring_hours": "课业辅导", "care_hours": "居家照护", "escort_hours": "陪同就医", "counselling_hours": "心理疏导",
    "housework_hours": "家务助洁", "cash_aid": "现金救助", "living_allowance": "生活补贴", "medical_aid": "医疗救助金",
    "tuition_aid": "助学金",
}  # fmt: skip


def _title(draw: Random, category: str, giver: Giver) -> str:
    # A title is read by everybody who sees the round: it names no person.
    name = (
        "志愿者"
        if giver.entry.kind == "volunteer"
        else giver.entry.name.removeprefix("永嘉县").removesuffix("有限公司")
    )
    what = draw.choice(_TITLES[category]) if category in _TITLES else _GOODS_TITLES[category]
    return f"{what}·{name}"


def _areas(draw: Random, village: Village) -> tuple[str, ...]:
    """The giver's own township and up to five more: people give around where they are, now and then far in the mountains."""
    codes = [code for code, _, _ in TOWNSHIPS]
    at = codes.index(village.township)
    near = codes[max(0, at - 3) : at + 4]
    chosen = {
        village.township,
        *draw.sample(near, draw.randint(0, min(4, len(near)))),
        *draw.sample(codes, draw.randint(0, 2)),
    }
    return tuple(sorted(chosen))


def _industry(draw: Random, givers: Sequence[Giver], today: date) -> list[OfferingEntry]:
    """The county plan's 16 industry projects, each open to a few households of the development type."""
    chosen = draw.sample(list(givers), figures.INDUSTRY_PROJECTS)
    return [
        OfferingEntry(
            donor_id=giver.id,
            category_code="industry_project",
            title=f"{title}·{giver.entry.name.removeprefix('永嘉县').removesuffix('有限公司')}",
            quantity=draw.randint(2, 6),
            region_code=giver.village.code,
            areas=_areas(draw, giver.village) if draw.random() < 0.6 else None,
            lat=giver.entry.lat,
            lon=giver.entry.lon,
            types=("development",),
            ends_on=today + timedelta(days=draw.randint(120, 360)),
        )
        for title, giver in zip(INDUSTRY_TITLES, chosen, strict=True)
    ]


def _money(federation: Giver, purses: Sequence[Purse]) -> list[OfferingEntry]:
    """Money as offerings of the federation, one per fund and category it may pay: units of 100 yuan, each paid by that fund."""
    offers = []
    for purse in purses:
        for category in MONEY_CATEGORIES:
            if purse.entry.categories is not None and category not in purse.entry.categories:
                continue
            offers.append(
                OfferingEntry(
                    donor_id=federation.id,
                    category_code=category,
                    title=f"{_GOODS_TITLES[category]}·{purse.entry.name}",
                    quantity=purse.amount_fen // figures.MONEY_UNIT_FEN,
                    region_code=purse.entry.region_code
                    if purse.entry.region_code != COUNTY
                    else federation.village.code,
                    unit_cost_fen=figures.MONEY_UNIT_FEN,
                    areas=purse.entry.regions,
                    types=purse.entry.types,
                    fund_ids=(purse.id,),
                )
            )
    return offers


def _hours(draw: Random, volunteers: Sequence[Giver], count: int, today: date) -> list[OfferingEntry]:
    """`count` offerings of hours: one of each volunteer, a second of some. Small capacities, a radius, few households each."""
    second = draw.sample(list(volunteers), count - len(volunteers))
    offers = []
    done: dict[uuid.UUID, str] = {}
    for giver in [*volunteers, *second]:
        works = [row for row in VOLUNTEER_WORK if (row[1] is None or row[1] in giver.entry.skills)]
        works = [row for row in works if row[0] != done.get(giver.id)]
        category = draw.choices([row[0] for row in works], [row[2] for row in works])[0]
        done[giver.id] = category
        offers.append(
            OfferingEntry(
                donor_id=giver.id,
                category_code=category,
                title=f"{_GOODS_TITLES[category]}·志愿者",
                quantity=draw.randint(4, 24),
                region_code=giver.village.code,
                radius_m=giver.entry.reach_m,
                lat=giver.entry.lat,
                lon=giver.entry.lon,
                provides=giver.entry.skills,
                ends_on=today + timedelta(days=draw.randint(45, 180)),
                max_needs=giver.entry.max_households,
            )
        )
    return offers
