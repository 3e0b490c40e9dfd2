"""The funds of the demonstration and the donations that filled them, booked through the real ledger: 10,000,000 yuan in all."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from donors.funds import ledger
from donors.funds.booking import book
from donors.funds.models import ACCOUNT_KINDS, Donation, Fund, LedgerAccount
from donors.funds.rules import DonationEntry, FundEntry, checked_donation, checked_fund
from kernel.audit import SYSTEM
from marketplace.demo import figures
from marketplace.demo.keys import Keys
from marketplace.demo.places import FARM_AREAS, TOWNSHIPS
from marketplace.demo.reference import COUNTY
from marketplace.demo.supply import Giver
from marketplace.demo.writing import copy_rows


@dataclass(frozen=True)
class Purse:
    """One fund with its amount in fen. `project` is the number of the charity project it is tied to, if any."""

    id: uuid.UUID
    entry: FundEntry
    amount_fen: int
    giver: str | None = None
    project: int | None = None


# Government-bought services keep within 5 % of the money, as 元江县人民政府, 改革完善社会救助制度任务清单, 2021-12-26, has it.
# (name, kind, thousand yuan, categories, regions, types, who gives: None for many donors, project)
_COUNTY_FUNDS: tuple[tuple, ...] = (
    ("低收入家庭综合帮扶专项基金", "special_fund", 2_200, ("cash_aid", "living_allowance", "home_repair"), None, None, None, None),
    ("楠溪医助慈善信托", "charitable_trust", 2_800, ("medical_aid", "rehabilitation", "care_hours"), None, None, "永嘉县演示信托委托人", None),
    ("楠溪助学慈善信托", "charitable_trust", 800, ("tuition_aid", "skills_training"), None, None, "永嘉县演示信托委托人", None),
    ("善居工程专项资金", "public_programme", 800, ("home_repair", "barrier_removal"), None, None, None, 0),
    ("政府购买救助服务资金", "public_programme", 500, ("meal_delivery", "rehabilitation", "care_hours"), None, None, "永嘉县财政局（演示）", None),
    ("综合慈善捐赠", "donation", 900, None, None, None, None, None),
    ("银龄助餐专项", "donation", 120, ("meal_delivery",), None, ("care",), None, None),
    ("瓯北企业助困专项", "donation", 150, ("cash_aid", "living_allowance", "medical_aid"), ("330324009",), None, None, None),
    ("桥头纽扣行业助学专项", "donation", 120, ("tuition_aid",), ("330324102",), None, None, None),
    ("桥下玩教具行业儿童专项", "donation", 100, ("tuition_aid", "medical_aid"), ("330324104",), None, None, None),
    ("山区老人就医专项", "donation", 180, ("medical_aid",), ("330324107", "330324227", "330324228", "330324229"), None, None, None),
    ("就业技能提升专项", "donation", 230, ("skills_training",), None, ("development",), None, None),
)  # fmt: skip
RESERVE_PER_TOWNSHIP_FEN = 50_000 * figures.YUAN  # assumption: 临时救助备用金 of each of the 22 townships
RESERVE_CATEGORIES = ("cash_aid", "food_parcel", "quilt")


def build_purses(keys: Keys, township_names: dict[str, str]) -> list[Purse]:
    """All funds with their earmarks; the amounts sum to `figures.MONEY_FEN`."""
    rows = [
        (FundEntry(name, kind, COUNTY, categories, regions, types), thousands * 1_000 * figures.YUAN, giver, project)
        for name, kind, thousands, categories, regions, types, giver, project in _COUNTY_FUNDS
    ]
    for code, _, _ in TOWNSHIPS:
        if code not in FARM_AREAS:
            entry = FundEntry(
                f"{township_names[code]}临时救助备用金",
                "emergency_reserve",
                code,
                RESERVE_CATEGORIES,
                (code,),
                ("emergency",),
            )
            rows.append((entry, RESERVE_PER_TOWNSHIP_FEN, "永嘉县财政局（演示）", None))
    return [
        Purse(keys.of("fund", number), checked_fund(entry), fen, giver, project)
        for number, (entry, fen, giver, project) in enumerate(rows)
    ]


def write_money(
    session: Session,
    draw: Random,
    keys: Keys,
    purses: Sequence[Purse],
    givers: Sequence[Giver],
    *,
    today: date,
    now: datetime,
) -> int:
    """Writes funds and accounts, books every donation in double entry, and returns how many donations there were."""
    copy_rows(
        session,
        Fund,
        [
            {
                "id": purse.id,
                "name": purse.entry.name,
                "kind": purse.entry.kind,
                "region_code": purse.entry.region_code,
                "categories": _list(purse.entry.categories),
                "regions": _list(purse.entry.regions),
                "types": _list(purse.entry.types),
                "created_at": now,
            }
            for purse in purses
        ],
    )
    copy_rows(
        session,
        LedgerAccount,
        [
            {"id": keys.of(f"account:{kind}", number), "fund_id": purse.id, "kind": kind}
            for number, purse in enumerate(purses)
            for kind in ACCOUNT_KINDS
        ],
    )
    donors = [giver for giver in givers if giver.entry.kind == "enterprise"]
    entries = [entry for purse in purses for entry in _donations(draw, purse, donors, today)]
    bookings = [
        ledger.donation(
            entry.fund_id,
            entry.amount_fen,
            reference=f"donation:{keys.of('donation', number)}",
            memo=entry.giver_name,
        )
        for number, entry in enumerate(entries)
    ]
    booked = book(session, bookings, actor=SYSTEM, now=now)
    return copy_rows(
        session,
        Donation,
        [
            {
                "id": keys.of("donation", number),
                "fund_id": entry.fund_id,
                "donor_id": entry.donor_id,
                "giver_name": entry.giver_name,
                "amount_fen": entry.amount_fen,
                "received_on": entry.received_on,
                "transaction_id": booked[bookings[number].reference],
                "created_at": now,
            }
            for number, entry in enumerate(entries)
        ],
    )


def _donations(draw: Random, purse: Purse, donors: Sequence[Giver], today: date) -> list[DonationEntry]:
    """One donation from a named giver, or many of 5,000 to 60,000 yuan from enterprises; they sum to the fund's amount."""

    def entry(fen: int, giver: Giver | None, name: str) -> DonationEntry:
        received_on = today - timedelta(days=draw.randint(1, 180))
        return checked_donation(
            DonationEntry(purse.id, fen, received_on, name, giver.id if giver else None), today=today
        )

    if purse.giver is not None:
        return [entry(purse.amount_fen, None, purse.giver)]
    found, left = [], purse.amount_fen
    while left:
        fen = min(left, draw.choice((5, 10, 10, 20, 30, 60)) * 1_000 * figures.YUAN)
        giver = draw.choice(donors)
        found.append(entry(fen, giver, giver.entry.name))
        left -= fen
    return found


def _list(codes: Sequence[str] | None) -> list[str] | None:
    return None if codes is None else list(codes)
