"""Moving money: reserve, post, release. Each reference is booked once; the database keeps the balances and refuses a minus.

Accounts are locked in the order of their ids before a shortage is looked for, so that two commits over the same funds queue up
and never deadlock. A caller that moves stock and money in one transaction moves the stock first.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from donors.funds import ledger
from donors.funds.ledger import Booking
from donors.funds.models import Fund, LedgerAccount, LedgerEntry, LedgerTransaction
from donors.funds.queries import earmarks_of
from donors.funds.rules import Charge, EarmarkBroken, FundsShort, Purpose, ShortFund, may_pay
from kernel.accounts.rules import Actor
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, InvalidInput, NotEnough, NotFound


def reserve_many(
    session: Session,
    charges: Sequence[Charge],
    *,
    project_earmarks: Mapping[uuid.UUID, frozenset[uuid.UUID]],
    memo: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Promises money for all charges or for none; returns how many references were new.

    `project_earmarks` maps a fund to the projects it is tied to (``projects.queries.projects_of_funds``); a fund without a key is
    for all. Raises EarmarkBroken, FundsShort naming every fund that has too little or is closed, Conflict where a reference was
    used for other amounts, InvalidInput for an amount below 1 fen.
    """
    wanted: dict[str, dict[uuid.UUID, int]] = {}
    for charge in charges:
        if isinstance(charge.amount_fen, bool) or charge.amount_fen < 1:
            raise InvalidInput("At least one fen must be asked for", field="amount_fen")
        amounts = wanted.setdefault(charge.reference, {})
        amounts[charge.fund_id] = amounts.get(charge.fund_id, 0) + charge.amount_fen
    fresh = _not_yet(session, wanted, "reserve")
    if not fresh:
        return 0
    asked: dict[uuid.UUID, int] = defaultdict(int)
    for amounts in fresh.values():
        for fund_id, fen in amounts.items():
            asked[fund_id] += fen
    available = _lock(session, list(asked))
    funds = {fund.id: fund for fund in session.scalars(sa.select(Fund).where(Fund.id.in_(list(asked))))}
    for charge in charges:
        if charge.reference in fresh and charge.fund_id in funds:
            _require_purpose(funds[charge.fund_id], charge.purpose, project_earmarks)
    short = [
        ShortFund(key, fund.number if fund else None, fund.name if fund else "", fen, available.get(key, 0), bool(fund and fund.status != "open"))
        for key, fen in sorted(asked.items())
        if (fund := funds.get(key)) is None or fund.status != "open" or available.get(key, 0) < fen
    ]  # fmt: skip
    if short:
        raise FundsShort(tuple(short))
    bookings = [ledger.reserve(amounts, reference=reference, memo=memo) for reference, amounts in fresh.items()]
    return len(book(session, bookings, actor=actor, now=now))


def post(
    session: Session,
    *,
    reference: str,
    amounts: Mapping[uuid.UUID, int] | None = None,
    memo: str,
    actor: Actor,
    now: datetime,
) -> bool:
    """A delivery is confirmed: what `reference` reserved becomes spent, or the part `amounts` (fund → fen) of it.

    False where it was posted already. Raises NotFound (nothing reserved), NotEnough (more than is left), Conflict.
    """
    return _settle(session, {reference: amounts}, kind="post", memo=memo, actor=actor, now=now) == 1


def release(
    session: Session,
    *,
    reference: str,
    amounts: Mapping[uuid.UUID, int] | None = None,
    memo: str,
    actor: Actor,
    now: datetime,
) -> bool:
    """A promise is void: what `reference` still reserves is available again, or the part `amounts` of it. As `post`."""
    return _settle(session, {reference: amounts}, kind="release", memo=memo, actor=actor, now=now) == 1


def release_many(session: Session, references: Iterable[str], *, memo: str, actor: Actor, now: datetime) -> int:
    """Voids all these reservations, or none (a voided round); returns how many were new. Raises as `release`."""
    return _settle(session, dict.fromkeys(references), kind="release", memo=memo, actor=actor, now=now)


def reserved_under(session: Session, references: Iterable[str]) -> dict[str, dict[uuid.UUID, int]]:
    """What each reference still reserves: fund → fen. A reference that never reserved anything is absent."""
    names = {f"{kind}:{reference}": reference for reference in references for kind in ("reserve", "post", "release")}
    left: dict[str, dict[uuid.UUID, int]] = {}
    for name, fund_id, fen in session.execute(
        sa.select(LedgerTransaction.reference, LedgerAccount.fund_id, sa.func.sum(LedgerEntry.amount_fen))
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerTransaction.reference.in_(list(names)), LedgerAccount.kind == "reserved")
        .group_by(LedgerTransaction.reference, LedgerAccount.fund_id)
    ):
        amounts = left.setdefault(names[name], {})
        amounts[fund_id] = amounts.get(fund_id, 0) + int(fen)
    return left


def book(session: Session, bookings: Sequence[Booking], *, actor: Actor, now: datetime) -> dict[str, uuid.UUID]:
    """Writes balanced bookings; returns reference → transaction id of those that were new.

    A reference booked before is left as it is. The database refuses an overdraft at once (raised as NotEnough) and a sum other
    than zero at the commit.
    """
    for item in bookings:
        ledger.require_balanced(item.entries)
    accounts = {
        (fund_id, kind): key
        for key, fund_id, kind in session.execute(
            sa.select(LedgerAccount.id, LedgerAccount.fund_id, LedgerAccount.kind)
            .where(LedgerAccount.fund_id.in_({entry.fund for item in bookings for entry in item.entries}))
            .order_by(LedgerAccount.id)
            .with_for_update(key_share=True)
        )
    }
    try:
        with session.begin_nested():
            added = _add_transactions(session, bookings, actor=actor, now=now)
            entries = [
                (added[item.reference], accounts[entry.fund, entry.kind], entry.amount_fen)
                for item in bookings
                if item.reference in added
                for entry in item.entries
            ]
            if entries:
                # One statement whatever the number of rows: the trigger on the balances runs once, and nothing long is compiled.
                added_entries = (
                    sa.func.unnest(
                        *(
                            sa.cast(list(column), ARRAY(kind))
                            for column, kind in zip(
                                zip(*entries, strict=True), (sa.Uuid, sa.Uuid, sa.BigInteger), strict=True
                            )
                        )
                    )
                    .table_valued("transaction_id", "account_id", "amount_fen")
                    .render_derived(name="added")
                )
                names = ["transaction_id", "account_id", "amount_fen"]
                session.execute(sa.insert(LedgerEntry).from_select(names, sa.select(added_entries)))
    except IntegrityError as error:
        if constraint_of(error) == "ck_ledger_accounts_never_overdrawn":
            raise NotEnough("A fund has less than is asked for; nothing was booked", field="fund_id") from error
        raise
    for loaded in list(session.identity_map.values()):
        if isinstance(loaded, LedgerAccount):
            session.expire(loaded, ["balance_fen"])
    return added


def _add_transactions(
    session: Session, bookings: Sequence[Booking], *, actor: Actor, now: datetime
) -> dict[str, uuid.UUID]:
    """Writes the heads of the bookings whose reference is new; reference → id of those."""
    columns = (
        sa.cast([new_id() for _ in bookings], ARRAY(sa.Uuid)),
        sa.cast([item.kind for item in bookings], ARRAY(sa.Text)),
        sa.cast([item.reference for item in bookings], ARRAY(sa.Text)),
        sa.cast([item.memo for item in bookings], ARRAY(sa.Text)),
    )
    heads = sa.func.unnest(*columns).table_valued("id", "kind", "reference", "memo").render_derived(name="heads")
    statement = (
        insert(LedgerTransaction)
        .from_select(
            ["id", "kind", "reference", "memo", "at", "actor_id"],
            sa.select(heads, sa.cast(now, sa.DateTime(timezone=True)), sa.cast(actor.id, sa.Uuid)),
        )
        .on_conflict_do_nothing(index_elements=[LedgerTransaction.reference])
        .returning(LedgerTransaction.reference, LedgerTransaction.id)
    )
    return {reference: key for reference, key in session.execute(statement)}


def _settle(
    session: Session,
    wanted: Mapping[str, Mapping[uuid.UUID, int] | None],
    *,
    kind: str,
    memo: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Posts or releases what is reserved. The accounts are locked first, so that what is left is read once and stays true."""
    first = reserved_under(session, wanted)
    _lock(session, sorted({fund_id for amounts in first.values() for fund_id in amounts}))
    done = dict(
        session.execute(
            sa.select(LedgerTransaction.reference, LedgerTransaction.id).where(
                LedgerTransaction.reference.in_([f"{kind}:{reference}" for reference in wanted])
            )
        ).all()
    )
    left = reserved_under(session, wanted)
    bookings = []
    for reference, part in wanted.items():
        if reference not in left:
            raise NotFound("Nothing is reserved under %(reference)s", field="reference", reference=reference)
        if f"{kind}:{reference}" in done:
            if part is not None and dict(part) != _booked(session, done[f"{kind}:{reference}"]):
                raise Conflict(
                    "The reference %(reference)s was used for something else before",
                    field="reference",
                    reference=reference,
                )
            continue
        remaining = left[reference]
        amounts = dict(part) if part is not None else {key: fen for key, fen in remaining.items() if fen}
        for fund_id, fen in amounts.items():
            if fen > remaining.get(fund_id, 0):
                raise NotEnough(
                    "Only %(left)s fen of this promise are left; %(asked)s fen were asked for",
                    field="amount_fen",
                    left=remaining.get(fund_id, 0),
                    asked=fen,
                )
        if amounts:
            make = ledger.post if kind == "post" else ledger.release
            bookings.append(make(amounts, reference=reference, memo=memo))
    return len(book(session, bookings, actor=actor, now=now)) if bookings else 0


def _booked(session: Session, transaction_id: uuid.UUID) -> dict[uuid.UUID, int]:
    """What one booking moved: fund → fen, as positive amounts."""
    return {
        fund_id: int(fen)
        for fund_id, fen in session.execute(
            sa.select(LedgerAccount.fund_id, LedgerEntry.amount_fen)
            .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
            .where(LedgerEntry.transaction_id == transaction_id, LedgerEntry.amount_fen > 0)
        )
    }


def _not_yet(session: Session, wanted: dict[str, dict[uuid.UUID, int]], kind: str) -> dict[str, dict[uuid.UUID, int]]:
    """What was not booked before. Raises Conflict where a reference was booked with other amounts."""
    fresh = dict(wanted)
    for name, key in session.execute(
        sa.select(LedgerTransaction.reference, LedgerTransaction.id).where(
            LedgerTransaction.reference.in_([f"{kind}:{reference}" for reference in wanted])
        )
    ):
        reference = name.removeprefix(f"{kind}:")
        if fresh.pop(reference) != _booked(session, key):
            raise Conflict(
                "The reference %(reference)s was used for something else before", field="reference", reference=reference
            )
    return fresh


def _lock(session: Session, fund_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Locks all accounts of the funds in the order of their ids; returns what each fund has available, in fen."""
    rows = session.execute(
        sa.select(LedgerAccount.fund_id, LedgerAccount.kind, LedgerAccount.balance_fen)
        .where(LedgerAccount.fund_id.in_(fund_ids))
        .order_by(LedgerAccount.id)
        .with_for_update(key_share=True)
    )
    return {fund_id: fen for fund_id, kind, fen in rows if kind == "available"}


def _require_purpose(fund: Fund, purpose: Purpose, project_earmarks: Mapping[uuid.UUID, frozenset[uuid.UUID]]) -> None:
    if not may_pay(earmarks_of(fund, project_earmarks.get(fund.id)), purpose):
        raise EarmarkBroken(
            "The fund %(fund)s is earmarked and may not pay for %(category)s here", field="fund_id",
            fund=fund.name, category=purpose.category,
        )  # fmt: skip
