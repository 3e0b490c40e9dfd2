"""Opening funds and receiving donations."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds import ledger
from donors.funds.booking import book
from donors.funds.models import ACCOUNT_KINDS, Donation, Fund, LedgerAccount
from donors.funds.queries import balances_of, get_fund
from donors.funds.rules import DonationEntry, FundEntry, FundsShort, ShortFund, checked_donation, checked_fund
from donors.models import Donor
from kernel import audit
from kernel.accounts.rules import Actor, require_scope
from kernel.catalogue.queries import require_categories
from kernel.checking import Faults, checked_text
from kernel.clock import day_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.regions.models import Region
from kernel.regions.queries import get_region


def open_fund(session: Session, *, entry: FundEntry, actor: Actor, scope: tuple[str, ...], now: datetime) -> Fund:
    """A new fund with its four accounts, empty. Raises InvalidFields, NotFound (region), OutsideScope."""
    entry = checked_fund(entry)
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    _require_known(session, entry)
    fund = Fund(
        id=new_id(),
        name=entry.name,
        kind=entry.kind,
        region_code=entry.region_code,
        categories=list(entry.categories) if entry.categories else None,
        regions=list(entry.regions) if entry.regions else None,
        types=list(entry.types) if entry.types else None,
        created_at=now,
    )
    session.add(fund)
    session.flush()
    session.add_all(LedgerAccount(fund_id=fund.id, kind=kind) for kind in ACCOUNT_KINDS)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="fund.opened",
        subject_type="fund",
        subject_id=fund.id,
        now=now,
        region_code=fund.region_code,
        kind=fund.kind,
    )
    return fund


def close_fund(
    session: Session, *, fund_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Fund:
    """The fund pays for nothing new and receives nothing. Raises NotFound, and Conflict while money in it is promised."""
    get_fund(session, fund_id, scope=scope)
    fund = session.get_one(Fund, fund_id, populate_existing=True, with_for_update={"key_share": True})
    reason = checked_text(reason, field="reason", most=500) or ""
    if fund.status != "open":
        raise Conflict("The fund %(fund)s is closed", field="status", fund=fund.name)
    if balances_of(session, [fund.id])[fund.id].reserved_fen:
        raise Conflict("Money of this fund is still promised; have it delivered or released first", field="status")
    fund.status = "closed"
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="fund.closed",
        subject_type="fund",
        subject_id=fund.id,
        now=now,
        region_code=fund.region_code,
        reason=reason,
    )
    return fund


def receive_donation(
    session: Session, *, entry: DonationEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Donation:
    """Books money that arrived into a fund. Raises InvalidFields, NotFound (fund, donor), FundsShort (the fund is closed)."""
    entry = checked_donation(entry, today=day_of(now))
    fund = get_fund(session, entry.fund_id, scope=scope)
    if fund.status != "open":
        raise FundsShort((ShortFund(fund.id, fund.number, fund.name, entry.amount_fen, 0, closed=True),))
    giver = entry.giver_name
    if entry.donor_id is not None:
        # A giver from another county is welcome; only the name is read here.
        name = session.scalar(sa.select(Donor.name).where(Donor.id == entry.donor_id))
        if name is None:
            raise NotFound("There is no such donor, or it lies outside your regions", field="donor_id")
        giver = giver or name
    donation_id = new_id()
    transaction_id = book(
        session,
        [ledger.donation(fund.id, entry.amount_fen, reference=f"donation:{donation_id}", memo=giver)],
        actor=actor,
        now=now,
    )[f"donation:{donation_id}"]
    donation = Donation(
        id=donation_id,
        fund_id=fund.id,
        donor_id=entry.donor_id,
        giver_name=giver,
        amount_fen=entry.amount_fen,
        received_on=entry.received_on,
        transaction_id=transaction_id,
        created_at=now,
    )
    session.add(donation)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="donation.received",
        subject_type="fund",
        subject_id=fund.id,
        now=now,
        region_code=fund.region_code,
        donation_id=donation.id,
        amount_fen=donation.amount_fen,
    )
    return donation


def _require_known(session: Session, entry: FundEntry) -> None:
    faults = Faults()
    with faults.gathering():
        require_categories(session, list(entry.categories or ()), field="categories")
    known = set(session.scalars(sa.select(Region.code).where(Region.code.in_(entry.regions or ()))))
    for code in entry.regions or ():
        if code not in known:
            faults.add(
                InvalidInput(
                    "There is no region with code %(code)s; look the code up by name", field="regions", code=code
                )
            )
    faults.raise_any()
