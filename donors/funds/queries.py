"""Reading funds, their balances, the ledger behind them, and the path of each yuan."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.ledger import Flow, flows
from donors.funds.models import Donation, Fund, LedgerAccount, LedgerEntry, LedgerTransaction
from donors.funds.rules import Earmarks
from donors.models import Donor
from kernel.database import escape_like, within
from kernel.errors import NotFound
from kernel.paging import MOST, Page, page_of


@dataclass(frozen=True)
class Balances:
    """A fund's money in fen. ``received = available + reserved + spent``, always."""

    received_fen: int = 0
    available_fen: int = 0
    reserved_fen: int = 0
    spent_fen: int = 0


@dataclass(frozen=True)
class FundRow:
    """A fund with its balances, as lists show them."""

    fund: Fund
    balances: Balances


@dataclass(frozen=True)
class LedgerLine:
    """One booking as one fund sees it: the change of each account in fen, and what it was for."""

    id: int
    at: datetime
    kind: str
    reference: str
    memo: str
    available_fen: int
    reserved_fen: int
    spent_fen: int


@dataclass(frozen=True)
class Trace:
    """The path of a fund's money: donations in order, confirmed uses in order, and which donation paid for which use."""

    donations: tuple[Donation, ...]
    posts: tuple[LedgerLine, ...]
    flows: tuple[Flow, ...]


@dataclass(frozen=True)
class Difference:
    """An account whose kept balance is not the sum of its entries, or (account None) a transaction that does not sum to zero."""

    fund_id: uuid.UUID | None
    account_id: uuid.UUID | None
    account_kind: str | None
    transaction_id: uuid.UUID | None
    kept_fen: int
    entries_fen: int


def list_funds(
    session: Session,
    *,
    scope: tuple[str, ...],
    search: str = "",
    kind: str | None = None,
    status: str | None = None,
    region_code: str | None = None,
    ids: Iterable[uuid.UUID] | None = None,
    after: int | None = None,
    limit: int = 50,
) -> Page:
    """FundRows within `scope`, newest first; `after` is the number of the last one seen."""
    query = sa.select(Fund).where(within(Fund.region_code, scope))
    if wanted := search.strip():
        found = [Fund.name.ilike(f"%{escape_like(wanted)}%")]
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
            found.append(Fund.number == int(wanted))
        query = query.where(sa.or_(*found))
    if kind:
        query = query.where(Fund.kind == kind)
    if status:
        query = query.where(Fund.status == status)
    if region_code:
        query = query.where(within(Fund.region_code, (region_code,)))
    if ids is not None:
        query = query.where(Fund.id.in_(list(ids)))
    if after is not None:
        query = query.where(Fund.number < after)
    limit = min(limit, MOST)
    funds = session.scalars(query.order_by(Fund.number.desc()).limit(limit + 1)).all()
    known = balances_of(session, [fund.id for fund in funds])
    return page_of([FundRow(fund, known[fund.id]) for fund in funds], limit=limit, key=lambda row: row.fund.number)


def get_fund(session: Session, fund_id: uuid.UUID, *, scope: tuple[str, ...]) -> Fund:
    """The fund, where it is managed within `scope`. Raises NotFound."""
    fund = session.get(Fund, fund_id)
    if fund is None or not any(fund.region_code.startswith(code) for code in scope):
        raise NotFound("There is no such fund, or it lies outside your regions", field="fund_id")
    return fund


def balances_of(session: Session, fund_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Balances]:
    """The balances of each fund; one without entries has zeros."""
    wanted = list(fund_ids)
    kept: dict[uuid.UUID, dict[str, int]] = {key: {} for key in wanted}
    for fund_id, kind, fen in session.execute(
        sa.select(LedgerAccount.fund_id, LedgerAccount.kind, LedgerAccount.balance_fen).where(
            LedgerAccount.fund_id.in_(wanted)
        )
    ):
        kept[fund_id][kind] = fen
    return {
        key: Balances(-row.get("source", 0), row.get("available", 0), row.get("reserved", 0), row.get("spent", 0))
        for key, row in kept.items()
    }


def earmarks_of(fund: Fund, project_ids: frozenset[uuid.UUID] | None = None) -> Earmarks:
    """The fund's earmarks as the rules see them; `project_ids` are those it is tied to, None for none (any project)."""
    return Earmarks(
        categories=frozenset(fund.categories) if fund.categories is not None else None,
        regions=frozenset(fund.regions) if fund.regions is not None else None,
        types=frozenset(fund.types) if fund.types is not None else None,
        projects=project_ids or None,
    )


def donations_of(session: Session, fund_id: uuid.UUID, *, after: int | None = None, limit: int = 50) -> Page:
    """(Donation, Donor or None) of a fund, newest first; `after` is the number of the last one seen."""
    query = (
        sa.select(Donation, Donor).outerjoin(Donor, Donor.id == Donation.donor_id).where(Donation.fund_id == fund_id)
    )
    if after is not None:
        query = query.where(Donation.number < after)
    limit = min(limit, MOST)
    rows = session.execute(query.order_by(Donation.number.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, key=lambda row: row[0].number)


def ledger_lines(session: Session, fund_id: uuid.UUID, *, after: int | None = None, limit: int = 50) -> Page:
    """LedgerLines of a fund, newest first; `after` is the id of the last line seen."""
    query = _lines(fund_id)
    if after is not None:
        query = query.having(sa.func.max(LedgerEntry.id) < after)
    limit = min(limit, MOST)
    rows = [_line(row) for row in session.execute(query.order_by(sa.desc("id")).limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda line: line.id)


def trace(session: Session, *, fund_id: uuid.UUID) -> Trace:
    """Every yuan of the fund from donation to use. A use is named by the reference of its booking (``post:`` and the allocation's).

    First in, first out, in the order of booking; a later donation or use never changes an earlier flow.
    """
    donations = tuple(
        session.scalars(
            sa.select(Donation)
            .join(LedgerEntry, LedgerEntry.transaction_id == Donation.transaction_id)
            .where(Donation.fund_id == fund_id)
            .group_by(Donation.id)
            .order_by(sa.func.min(LedgerEntry.id))
        )
    )
    posts = tuple(
        _line(row)
        for row in session.execute(_lines(fund_id).where(LedgerTransaction.kind == "post").order_by(sa.asc("id")))
    )
    found = flows([(row.id, row.amount_fen) for row in donations], [(line.reference, line.spent_fen) for line in posts])
    return Trace(donations, posts, tuple(found))


def reconcile(session: Session) -> list[Difference]:
    """Rebuilds every balance from its entries and names each difference; a sound ledger gives an empty list (promise 8)."""
    summed = (
        sa.select(LedgerEntry.account_id, sa.func.sum(LedgerEntry.amount_fen).label("fen"))
        .group_by(LedgerEntry.account_id)
        .subquery()
    )
    fen = sa.func.coalesce(summed.c.fen, 0)
    found = [
        Difference(row.fund_id, row.id, row.kind, None, row.balance_fen, int(row[4]))
        for row in session.execute(
            sa.select(LedgerAccount.fund_id, LedgerAccount.id, LedgerAccount.kind, LedgerAccount.balance_fen, fen)
            .outerjoin(summed, summed.c.account_id == LedgerAccount.id)
            .where(LedgerAccount.balance_fen != fen)
            .order_by(LedgerAccount.id)
        )
    ]
    total = sa.func.sum(LedgerEntry.amount_fen)
    found += [
        Difference(None, None, None, transaction_id, 0, int(amount))
        for transaction_id, amount in session.execute(
            sa.select(LedgerEntry.transaction_id, total)
            .group_by(LedgerEntry.transaction_id)
            .having(total != 0)
            .order_by(LedgerEntry.transaction_id)
        )
    ]
    return found


def _lines(fund_id: uuid.UUID) -> sa.Select:
    def moved(kind: str) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((LedgerAccount.kind == kind, LedgerEntry.amount_fen), else_=0)).label(kind)

    return (
        sa.select(
            sa.func.max(LedgerEntry.id).label("id"),
            LedgerTransaction.at,
            LedgerTransaction.kind,
            LedgerTransaction.reference,
            LedgerTransaction.memo,
            moved("available"),
            moved("reserved"),
            moved("spent"),
        )
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerAccount.fund_id == fund_id)
        .group_by(LedgerTransaction.id)
    )


def _line(row: sa.Row) -> LedgerLine:
    return LedgerLine(
        row.id, row.at, row.kind, row.reference, row.memo, int(row.available), int(row.reserved), int(row.spent)
    )
