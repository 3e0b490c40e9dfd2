"""Guards: what the tables alone cannot say, so that no path around the application breaks it

Append-only tables refuse change; a ledger transaction sums to zero when it commits; balances follow the entries.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_APPEND_ONLY = (
    "audit_entries",
    "ledger_entries",
    "ledger_transactions",
    "stock_movements",
    "round_events",
    "pool_draws",
)


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only';
        END $$
    """)
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    # The balance follows the entries in the same statement; the CHECK on the account then refuses an overdraft.
    op.execute("""
        CREATE FUNCTION apply_ledger_entries() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE ledger_accounts account SET balance_fen = account.balance_fen + moved.fen
            FROM (SELECT account_id, sum(amount_fen) AS fen FROM added GROUP BY account_id) moved
            WHERE account.id = moved.account_id;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER apply_entries AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION apply_ledger_entries()
    """)
    op.execute("""
        CREATE FUNCTION ledger_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT sum(amount_fen) FROM ledger_entries WHERE transaction_id = NEW.transaction_id) <> 0 THEN
                RAISE EXCEPTION 'the entries of ledger transaction % do not sum to zero', NEW.transaction_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_sums_to_zero';
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER sums_to_zero AFTER INSERT ON ledger_entries
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_sums_to_zero()
    """)
    # Balances are the trigger's alone: a direct change would part them from the entries.
    op.execute("""
        CREATE FUNCTION only_entries_move_money() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF pg_trigger_depth() < 2 AND NEW.balance_fen <> OLD.balance_fen THEN
                RAISE EXCEPTION 'a balance changes by ledger entries alone' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_entries_move_money';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER only_entries_move_money BEFORE UPDATE ON ledger_accounts FOR EACH ROW EXECUTE FUNCTION only_entries_move_money()"
    )
    op.execute(
        "CREATE UNLOGGED TABLE rate_limits (key text PRIMARY KEY, hits integer NOT NULL, until timestamptz NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE rate_limits")
    op.execute("DROP TRIGGER only_entries_move_money ON ledger_accounts")
    op.execute("DROP TRIGGER sums_to_zero ON ledger_entries")
    op.execute("DROP TRIGGER apply_entries ON ledger_entries")
    for table in _APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(f"DROP TRIGGER append_only_whole ON {table}")
    for function in ("only_entries_move_money", "ledger_sums_to_zero", "apply_ledger_entries", "refuse_change"):
        op.execute(f"DROP FUNCTION {function}()")
