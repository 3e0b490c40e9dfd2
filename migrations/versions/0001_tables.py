"""Ground: every table of the first release"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Trusted extensions: the database's owner may create them.
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_entries_hash")),
    )
    op.create_index(op.f("ix_audit_entries_action"), "audit_entries", ["action"], unique=False)
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject_type", "subject_id"], unique=False)
    op.create_table(
        "categories",
        sa.Column("code", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("unit_zh", sa.Text(), nullable=False),
        sa.Column("unit_en", sa.Text(), nullable=False),
        sa.Column("single_source", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('goods','money','hours','service','job','place')", name=op.f("ck_categories_kind_known")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_categories")),
    )
    op.create_table(
        "idempotency_records",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reply", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("actor_id", "key", name=op.f("pk_idempotency_records")),
    )
    op.create_table(
        "outbox_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_items")),
    )
    op.create_index(
        "ix_outbox_items_due", "outbox_items", ["due_at"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_table(
        "pool_draws",
        sa.Column("pool_sha256", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pool_sha256", name=op.f("pk_pool_draws")),
    )
    op.create_table(
        "regions",
        sa.Column("code", sa.String(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("parent_code", sa.String(collation="C"), nullable=True),
        sa.Column("pinyin", sa.String(collation="C"), nullable=False),
        sa.Column("initials", sa.String(collation="C"), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("point_source", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "code ~ '^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?$'", name=op.f("ck_regions_code_form")
        ),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_regions_point_whole")),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_regions_level_range")),
        sa.CheckConstraint("parent_code IS NULL OR starts_with(code, parent_code)", name=op.f("ck_regions_code_nests")),
        sa.ForeignKeyConstraint(["parent_code"], ["regions.code"], name=op.f("fk_regions_parent_code_regions")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
    )
    op.create_index("ix_regions_initials", "regions", ["initials"], unique=False)
    op.create_index(
        "ix_regions_name_trgm",
        "regions",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_regions_parent_code"), "regions", ["parent_code"], unique=False)
    op.create_index("ix_regions_pinyin", "regions", ["pinyin"], unique=False)
    op.create_table(
        "skills",
        sa.Column("code", sa.String(collation="C"), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_skills")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(collation="C"), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("login ~ '^[a-z0-9][a-z0-9._-]{1,39}$'", name=op.f("ck_users_login_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "donors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pinyin", sa.String(collation="C"), nullable=False),
        sa.Column("initials", sa.String(collation="C"), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("uscc", sa.String(collation="C"), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("resident_id_index", sa.LargeBinary(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("skills", postgresql.ARRAY(sa.String(collation="C")), nullable=False),
        sa.Column("reach_m", sa.Integer(), nullable=True),
        sa.Column("max_households", sa.Integer(), nullable=True),
        sa.Column("consent_public", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(kind = 'volunteer') = (uscc IS NULL)", name=op.f("ck_donors_organisations_have_uscc")),
        sa.CheckConstraint(
            "kind IN ('enterprise', 'social_organisation', 'volunteer')", name=op.f("ck_donors_kind_known")
        ),
        sa.CheckConstraint("status IN ('active', 'suspended', 'closed')", name=op.f("ck_donors_status_known")),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_donors_point_whole")),
        sa.CheckConstraint("(phone_sealed IS NULL) = (phone_index IS NULL)", name=op.f("ck_donors_phone_whole")),
        sa.CheckConstraint(
            "(resident_id_sealed IS NULL) = (resident_id_index IS NULL)", name=op.f("ck_donors_resident_id_whole")
        ),
        sa.CheckConstraint("max_households > 0", name=op.f("ck_donors_max_households_positive")),
        sa.CheckConstraint("reach_m > 0", name=op.f("ck_donors_reach_positive")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_donors_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donors")),
        sa.UniqueConstraint("number", name=op.f("uq_donors_number")),
        sa.UniqueConstraint("resident_id_index", name=op.f("uq_donors_resident_id_index")),
        sa.UniqueConstraint("uscc", name=op.f("uq_donors_uscc")),
    )
    op.create_index(
        "ix_donors_name_trgm",
        "donors",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_donors_phone_index"), "donors", ["phone_index"], unique=False)
    op.create_index("ix_donors_pinyin", "donors", ["pinyin"], unique=False)
    op.create_index(op.f("ix_donors_region_code"), "donors", ["region_code"], unique=False)
    op.create_table(
        "funds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.String(collation="C")), nullable=True),
        sa.Column("regions", postgresql.ARRAY(sa.String(collation="C")), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.String(collation="C")), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('special_fund', 'donation', 'charitable_trust', 'emergency_reserve', 'public_programme')",
            name=op.f("ck_funds_kind_known"),
        ),
        sa.CheckConstraint("status IN ('open','closed')", name=op.f("ck_funds_status_known")),
        sa.CheckConstraint(
            "cardinality(categories) > 0 AND cardinality(regions) > 0 AND cardinality(types) > 0",
            name=op.f("ck_funds_earmarks_not_empty"),
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_funds_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funds")),
        sa.UniqueConstraint("number", name=op.f("uq_funds_number")),
    )
    op.create_index(op.f("ix_funds_region_code"), "funds", ["region_code"], unique=False)
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("head_name", sa.Text(), nullable=False),
        sa.Column("pinyin", sa.String(collation="C"), nullable=False),
        sa.Column("initials", sa.String(collation="C"), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("status_category", sa.Text(), nullable=False),
        sa.Column("main_type", sa.Text(), nullable=False),
        sa.Column("risk_tier", sa.Text(), nullable=False),
        sa.Column("cap_fen", sa.BigInteger(), nullable=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "main_type IN ('subsistence','expenditure','emergency','development','care')",
            name=op.f("ck_households_main_type_known"),
        ),
        sa.CheckConstraint("risk_tier IN ('high', 'key', 'general')", name=op.f("ck_households_risk_tier_known")),
        sa.CheckConstraint("status IN ('active','closed')", name=op.f("ck_households_status_known")),
        sa.CheckConstraint(
            "status_category IN ('extreme_poverty', 'subsistence_allowance', 'subsistence_edge', 'expenditure_hardship', 'relative_low_income', 'other')",
            name=op.f("ck_households_status_category_known"),
        ),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_households_point_whole")),
        sa.CheckConstraint("(phone_sealed IS NULL) = (phone_index IS NULL)", name=op.f("ck_households_phone_whole")),
        sa.CheckConstraint("cap_fen >= 0", name=op.f("ck_households_cap_not_negative")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_households_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sa.UniqueConstraint("number", name=op.f("uq_households_number")),
    )
    op.create_index(
        "ix_households_name_trgm",
        "households",
        ["head_name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"head_name": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_households_phone_index"), "households", ["phone_index"], unique=False)
    op.create_index("ix_households_pinyin", "households", ["pinyin"], unique=False)
    op.create_index(op.f("ix_households_region_code"), "households", ["region_code"], unique=False)
    op.create_table(
        "import_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('donors','offerings','households','needs')", name=op.f("ck_import_batches_kind_known")
        ),
        sa.CheckConstraint("status IN ('checked','imported','discarded')", name=op.f("ck_import_batches_status_known")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_import_batches_created_by_users")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_import_batches_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
    )
    op.create_index(op.f("ix_import_batches_created_by"), "import_batches", ["created_by"], unique=False)
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('donation', 'reserve', 'post', 'release', 'correction')",
            name=op.f("ck_ledger_transactions_kind_known"),
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_ledger_transactions_actor_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("reference", name=op.f("uq_ledger_transactions_reference")),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pinyin", sa.String(collation="C"), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.String(collation="C")), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("beneficiaries_wanted", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("listed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'listed', 'closed')", name=op.f("ck_projects_status_known")),
        sa.CheckConstraint("beneficiaries_wanted > 0", name=op.f("ck_projects_beneficiaries_positive")),
        sa.CheckConstraint("budget_fen >= 0", name=op.f("ck_projects_budget_not_negative")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_projects_period_in_order")),
        sa.ForeignKeyConstraint(["listed_by"], ["users.id"], name=op.f("fk_projects_listed_by_users")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_projects_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("number", name=op.f("uq_projects_number")),
    )
    op.create_index(op.f("ix_projects_region_code"), "projects", ["region_code"], unique=False)
    op.create_table(
        "role_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('administrator', 'coordinator', 'reviewer', 'finance', 'federation', 'worker', 'enterprise', 'social_organisation', 'volunteer', 'household', 'auditor')",
            name=op.f("ck_role_grants_role_known"),
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_role_grants_region_code_regions")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_role_grants_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
        sa.UniqueConstraint("user_id", "role", "region_code", name=op.f("uq_role_grants_user_id_role_region_code")),
    )
    op.create_index(op.f("ix_role_grants_user_id"), "role_grants", ["user_id"], unique=False)
    op.create_table(
        "donations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=True),
        sa.Column("giver_name", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_donations_amount_positive")),
        sa.ForeignKeyConstraint(["donor_id"], ["donors.id"], name=op.f("fk_donations_donor_id_donors")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_donations_fund_id_funds")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transactions.id"], name=op.f("fk_donations_transaction_id_ledger_transactions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donations")),
        sa.UniqueConstraint("number", name=op.f("uq_donations_number")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_donations_transaction_id")),
    )
    op.create_index(op.f("ix_donations_donor_id"), "donations", ["donor_id"], unique=False)
    op.create_index(op.f("ix_donations_fund_id"), "donations", ["fund_id"], unique=False)
    op.create_table(
        "donor_people",
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["donor_id"], ["donors.id"], name=op.f("fk_donor_people_donor_id_donors")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_donor_people_user_id_users")),
        sa.PrimaryKeyConstraint("donor_id", "user_id", name=op.f("pk_donor_people")),
    )
    op.create_index(op.f("ix_donor_people_user_id"), "donor_people", ["user_id"], unique=False)
    op.create_table(
        "household_people",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_people_household_id_households")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_household_people_user_id_users")),
        sa.PrimaryKeyConstraint("household_id", "user_id", name=op.f("pk_household_people")),
    )
    op.create_index(op.f("ix_household_people_user_id"), "household_people", ["user_id"], unique=False)
    op.create_table(
        "indicators",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(collation="C"), nullable=False),
        sa.Column("value", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_indicators_value_not_negative")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_indicators_household_id_households")
        ),
        sa.PrimaryKeyConstraint("household_id", "code", name=op.f("pk_indicators")),
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind = 'source' OR balance_fen >= 0", name=op.f("ck_ledger_accounts_never_overdrawn")),
        sa.CheckConstraint(
            "kind IN ('source', 'available', 'reserved', 'spent')", name=op.f("ck_ledger_accounts_kind_known")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_ledger_accounts_fund_id_funds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint("fund_id", "kind", name=op.f("uq_ledger_accounts_fund_id_kind")),
    )
    op.create_table(
        "match_rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.String(collation="C")), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("fund_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("floor_percent", sa.Integer(), nullable=False),
        sa.Column("tolerance_permille", sa.Integer(), nullable=False),
        sa.Column("household_cap_fen", sa.BigInteger(), nullable=True),
        sa.Column("time_limit_s", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("refreezes_id", sa.Uuid(), nullable=True),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=True),
        sa.Column("review_reason", sa.Text(), nullable=True),
        sa.Column("committer_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pool_sha256", sa.Text(), nullable=True),
        sa.Column("pool_summary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("seed_source", sa.Text(), nullable=True),
        sa.Column("seed_value", sa.Text(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("result_sha256", sa.Text(), nullable=True),
        sa.Column("plan_status", sa.Text(), nullable=True),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("solver", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("comparison", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("coverage", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fencing_token", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'frozen', 'queued', 'solving', 'proposed', 'approved', 'committed', 'voided', 'rejected', 'cancelled', 'failed', 'expired')",
            name=op.f("ck_match_rounds_status_known"),
        ),
        sa.CheckConstraint("(seed IS NULL) = (seed_value IS NULL)", name=op.f("ck_match_rounds_seed_has_its_value")),
        sa.CheckConstraint("floor_percent BETWEEN 0 AND 100", name=op.f("ck_match_rounds_floor_percent_range")),
        sa.CheckConstraint("household_cap_fen >= 0", name=op.f("ck_match_rounds_household_cap_not_negative")),
        sa.CheckConstraint(
            "reviewer_id <> creator_id AND committer_id <> creator_id AND committer_id <> reviewer_id",
            name=op.f("ck_match_rounds_three_people"),
        ),
        sa.CheckConstraint("time_limit_s BETWEEN 5 AND 3600", name=op.f("ck_match_rounds_time_limit_range")),
        sa.CheckConstraint("tolerance_permille BETWEEN 0 AND 1000", name=op.f("ck_match_rounds_tolerance_range")),
        sa.ForeignKeyConstraint(["committer_id"], ["users.id"], name=op.f("fk_match_rounds_committer_id_users")),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_match_rounds_creator_id_users")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_match_rounds_project_id_projects")),
        sa.ForeignKeyConstraint(
            ["refreezes_id"], ["match_rounds.id"], name=op.f("fk_match_rounds_refreezes_id_match_rounds")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_match_rounds_region_code_regions")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["users.id"], name=op.f("fk_match_rounds_reviewer_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_rounds")),
        sa.UniqueConstraint("number", name=op.f("uq_match_rounds_number")),
    )
    op.create_index("ix_match_rounds_pool_sha256", "match_rounds", ["pool_sha256"], unique=False)
    op.create_index(op.f("ix_match_rounds_region_code"), "match_rounds", ["region_code"], unique=False)
    op.create_index(op.f("ix_match_rounds_status"), "match_rounds", ["status"], unique=False)
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("resident_id_index", sa.LargeBinary(), nullable=True),
        sa.Column("disability_grade", sa.SmallInteger(), nullable=True),
        sa.Column("diagnosis_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("able_to_work", sa.Boolean(), nullable=False),
        sa.Column("in_school", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "relation IN ('head', 'spouse', 'child', 'parent', 'grandparent', 'grandchild', 'sibling', 'other')",
            name=op.f("ck_members_relation_known"),
        ),
        sa.CheckConstraint("sex IN ('female','male')", name=op.f("ck_members_sex_known")),
        sa.CheckConstraint(
            "(resident_id_sealed IS NULL) = (resident_id_index IS NULL)", name=op.f("ck_members_resident_id_whole")
        ),
        sa.CheckConstraint("disability_grade BETWEEN 1 AND 4", name=op.f("ck_members_disability_grade_range")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_members_household_id_households")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("resident_id_index", name=op.f("uq_members_resident_id_index")),
    )
    op.create_index(op.f("ix_members_household_id"), "members", ["household_id"], unique=False)
    op.create_index(
        "uq_members_one_head", "members", ["household_id"], unique=True, postgresql_where=sa.text("relation = 'head'")
    )
    op.create_table(
        "needs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("category_code", sa.String(collation="C"), nullable=False),
        sa.Column("accepts", postgresql.ARRAY(sa.String(collation="C")), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("fill", sa.Text(), nullable=False),
        sa.Column("unit_worth_fen", sa.BigInteger(), nullable=False),
        sa.Column("requires", postgresql.ARRAY(sa.String(collation="C")), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rounds_waited", sa.Integer(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("fill IN ('any', 'whole', 'single')", name=op.f("ck_needs_fill_known")),
        sa.CheckConstraint("status IN ('open', 'met', 'withdrawn', 'expired')", name=op.f("ck_needs_status_known")),
        sa.CheckConstraint(
            "type IN ('subsistence','expenditure','emergency','development','care')", name=op.f("ck_needs_type_known")
        ),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_needs_point_whole")),
        sa.CheckConstraint("quantity >= 1 AND quantity <= 1000 * weight", name=op.f("ck_needs_quantity_range")),
        sa.CheckConstraint(
            "reserved >= 0 AND delivered >= 0 AND reserved + delivered <= quantity",
            name=op.f("ck_needs_never_over_served"),
        ),
        sa.CheckConstraint("starts_on <= due_on", name=op.f("ck_needs_period_in_order")),
        sa.CheckConstraint("tier BETWEEN 1 AND 3", name=op.f("ck_needs_tier_range")),
        sa.CheckConstraint("unit_worth_fen >= 0", name=op.f("ck_needs_unit_worth_not_negative")),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name=op.f("ck_needs_weight_range")),
        sa.ForeignKeyConstraint(["category_code"], ["categories.code"], name=op.f("fk_needs_category_code_categories")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_needs_household_id_households")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_needs_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
        sa.UniqueConstraint("number", name=op.f("uq_needs_number")),
    )
    op.create_index(op.f("ix_needs_category_code"), "needs", ["category_code"], unique=False)
    op.create_index(op.f("ix_needs_household_id"), "needs", ["household_id"], unique=False)
    op.create_index(
        "ix_needs_open", "needs", ["region_code", "tier"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index(op.f("ix_needs_region_code"), "needs", ["region_code"], unique=False)
    op.create_table(
        "offerings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=False),
        sa.Column("category_code", sa.String(collation="C"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("unit_cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("government_bought", sa.Boolean(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.String(collation="C")), nullable=True),
        sa.Column("radius_m", sa.Integer(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("provides", postgresql.ARRAY(sa.String(collation="C")), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("max_needs", sa.Integer(), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.String(collation="C")), nullable=True),
        sa.Column("fund_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'paused', 'withdrawn')", name=op.f("ck_offerings_status_known")),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_offerings_point_whole")),
        sa.CheckConstraint(
            "cardinality(areas) > 0 AND cardinality(types) > 0 AND cardinality(fund_ids) > 0",
            name=op.f("ck_offerings_lists_not_empty"),
        ),
        sa.CheckConstraint("max_needs > 0", name=op.f("ck_offerings_max_needs_positive")),
        sa.CheckConstraint(
            "quantity >= 0 AND reserved >= 0 AND delivered >= 0", name=op.f("ck_offerings_quantities_not_negative")
        ),
        sa.CheckConstraint("radius_m > 0", name=op.f("ck_offerings_radius_positive")),
        sa.CheckConstraint("reserved + delivered <= quantity", name=op.f("ck_offerings_never_over_allocated")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_offerings_period_in_order")),
        sa.CheckConstraint("unit_cost_fen >= 0", name=op.f("ck_offerings_unit_cost_not_negative")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_offerings_category_code_categories")
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["donors.id"], name=op.f("fk_offerings_donor_id_donors")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_offerings_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offerings")),
        sa.UniqueConstraint("number", name=op.f("uq_offerings_number")),
    )
    op.create_index(op.f("ix_offerings_category_code"), "offerings", ["category_code"], unique=False)
    op.create_index(op.f("ix_offerings_donor_id"), "offerings", ["donor_id"], unique=False)
    op.create_index(op.f("ix_offerings_region_code"), "offerings", ["region_code"], unique=False)
    op.create_table(
        "project_funds",
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_project_funds_fund_id_funds")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_project_funds_project_id_projects")),
        sa.PrimaryKeyConstraint("fund_id", "project_id", name=op.f("pk_project_funds")),
    )
    op.create_index(op.f("ix_project_funds_project_id"), "project_funds", ["project_id"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("requires", postgresql.ARRAY(sa.String(collation="C")), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open','cancelled')", name=op.f("ck_shifts_status_known")),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_shifts_capacity_positive")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_shifts_times_in_order")),
        sa.CheckConstraint("taken >= 0 AND taken <= capacity", name=op.f("ck_shifts_never_overbooked")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_shifts_project_id_projects")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_shifts_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index(op.f("ix_shifts_project_id"), "shifts", ["project_id"], unique=False)
    op.create_index(op.f("ix_shifts_region_code"), "shifts", ["region_code"], unique=False)
    op.create_index("ix_shifts_upcoming", "shifts", ["starts_at"], unique=False)
    op.create_table(
        "allocations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("offering_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "status IN ('proposed', 'reserved', 'delivered', 'declined', 'voided', 'dropped')",
            name=op.f("ck_allocations_status_known"),
        ),
        sa.CheckConstraint(
            "cost_fen >= 0 AND distance_m >= 0", name=op.f("ck_allocations_cost_and_distance_not_negative")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_allocations_quantity_positive")),
        sa.CheckConstraint("delivered BETWEEN 0 AND quantity", name=op.f("ck_allocations_delivered_range")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["users.id"], name=op.f("fk_allocations_confirmed_by_users")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_allocations_household_id_households")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_allocations_need_id_needs")),
        sa.ForeignKeyConstraint(["offering_id"], ["offerings.id"], name=op.f("fk_allocations_offering_id_offerings")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_allocations_region_code_regions")),
        sa.ForeignKeyConstraint(["round_id"], ["match_rounds.id"], name=op.f("fk_allocations_round_id_match_rounds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocations")),
        sa.UniqueConstraint(
            "round_id", "need_id", "offering_id", name=op.f("uq_allocations_round_id_need_id_offering_id")
        ),
    )
    op.create_index(
        "ix_allocations_awaiting",
        "allocations",
        ["region_code"],
        unique=False,
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.create_index(op.f("ix_allocations_household_id"), "allocations", ["household_id"], unique=False)
    op.create_index(op.f("ix_allocations_need_id"), "allocations", ["need_id"], unique=False)
    op.create_index(op.f("ix_allocations_offering_id"), "allocations", ["offering_id"], unique=False)
    op.create_index(op.f("ix_allocations_round_id"), "allocations", ["round_id"], unique=False)
    op.create_index("ix_allocations_round_region", "allocations", ["round_id", "region_code", "id"], unique=False)
    op.create_index(
        "uq_allocations_active",
        "allocations",
        ["need_id", "offering_id"],
        unique=True,
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_ledger_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_entries_account_id_ledger_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transactions.id"],
            name=op.f("fk_ledger_entries_transaction_id_ledger_transactions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    op.create_index(op.f("ix_ledger_entries_account_id"), "ledger_entries", ["account_id"], unique=False)
    op.create_index(op.f("ix_ledger_entries_transaction_id"), "ledger_entries", ["transaction_id"], unique=False)
    op.create_table(
        "project_needs",
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_project_needs_need_id_needs")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_project_needs_project_id_projects")),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_project_needs")),
    )
    op.create_index(op.f("ix_project_needs_project_id"), "project_needs", ["project_id"], unique=False)
    op.create_table(
        "project_offerings",
        sa.Column("offering_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["offerings.id"], name=op.f("fk_project_offerings_offering_id_offerings")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_project_offerings_project_id_projects")),
        sa.PrimaryKeyConstraint("offering_id", "project_id", name=op.f("pk_project_offerings")),
    )
    op.create_index(op.f("ix_project_offerings_project_id"), "project_offerings", ["project_id"], unique=False)
    op.create_table(
        "round_documents",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('problem','plan')", name=op.f("ck_round_documents_kind_known")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["match_rounds.id"], name=op.f("fk_round_documents_round_id_match_rounds")
        ),
        sa.PrimaryKeyConstraint("round_id", "kind", name=op.f("pk_round_documents")),
    )
    op.create_table(
        "round_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_round_events_actor_id_users")),
        sa.ForeignKeyConstraint(["round_id"], ["match_rounds.id"], name=op.f("fk_round_events_round_id_match_rounds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_events")),
    )
    op.create_index(op.f("ix_round_events_round_id"), "round_events", ["round_id"], unique=False)
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("period", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("signed_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("volunteer_id"), "="),
            (sa.column("period"), "&&"),
            where=sa.text("status = 'signed_up'"),
            using="gist",
            name="ex_sign_ups_no_overlap",
        ),
        sa.CheckConstraint("status IN ('signed_up','cancelled')", name=op.f("ck_sign_ups_status_known")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_sign_ups_shift_id_shifts")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["donors.id"], name=op.f("fk_sign_ups_volunteer_id_donors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
    )
    op.create_index(op.f("ix_sign_ups_shift_id"), "sign_ups", ["shift_id"], unique=False)
    op.create_index(op.f("ix_sign_ups_volunteer_id"), "sign_ups", ["volunteer_id"], unique=False)
    op.create_table(
        "stock_movements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("offering_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reserve','release','deliver')", name=op.f("ck_stock_movements_kind_known")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_movements_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["offerings.id"], name=op.f("fk_stock_movements_offering_id_offerings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
        sa.UniqueConstraint("reference", "kind", name=op.f("uq_stock_movements_reference_kind")),
    )
    op.create_index(op.f("ix_stock_movements_offering_id"), "stock_movements", ["offering_id"], unique=False)
    op.create_table(
        "unmet_needs",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("missing > 0", name=op.f("ck_unmet_needs_missing_positive")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_unmet_needs_need_id_needs")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_unmet_needs_region_code_regions")),
        sa.ForeignKeyConstraint(["round_id"], ["match_rounds.id"], name=op.f("fk_unmet_needs_round_id_match_rounds")),
        sa.PrimaryKeyConstraint("round_id", "need_id", name=op.f("pk_unmet_needs")),
    )
    op.create_index(op.f("ix_unmet_needs_need_id"), "unmet_needs", ["need_id"], unique=False)
    op.create_index("ix_unmet_needs_reason", "unmet_needs", ["round_id", "reason"], unique=False)
    op.create_table(
        "excluded_needs",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_excluded_needs_need_id_needs")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_excluded_needs_region_code_regions")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["match_rounds.id"], name=op.f("fk_excluded_needs_round_id_match_rounds")
        ),
        sa.PrimaryKeyConstraint("round_id", "need_id", name=op.f("pk_excluded_needs")),
    )
    op.create_index(op.f("ix_excluded_needs_need_id"), "excluded_needs", ["need_id"], unique=False)
    op.create_table(
        "allocation_charges",
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("fen > 0", name=op.f("ck_allocation_charges_fen_positive")),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocations.id"], name=op.f("fk_allocation_charges_allocation_id_allocations")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_allocation_charges_fund_id_funds")),
        sa.PrimaryKeyConstraint("allocation_id", "fund_id", name=op.f("pk_allocation_charges")),
    )
    op.create_index(op.f("ix_allocation_charges_fund_id"), "allocation_charges", ["fund_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_allocation_charges_fund_id"), table_name="allocation_charges")
    op.drop_table("allocation_charges")
    op.drop_index(op.f("ix_excluded_needs_need_id"), table_name="excluded_needs")
    op.drop_table("excluded_needs")
    op.drop_index("ix_unmet_needs_reason", table_name="unmet_needs")
    op.drop_index(op.f("ix_unmet_needs_need_id"), table_name="unmet_needs")
    op.drop_table("unmet_needs")
    op.drop_index(op.f("ix_stock_movements_offering_id"), table_name="stock_movements")
    op.drop_table("stock_movements")
    op.drop_index(op.f("ix_sign_ups_volunteer_id"), table_name="sign_ups")
    op.drop_index(op.f("ix_sign_ups_shift_id"), table_name="sign_ups")
    op.drop_table("sign_ups")
    op.drop_index(op.f("ix_round_events_round_id"), table_name="round_events")
    op.drop_table("round_events")
    op.drop_table("round_documents")
    op.drop_index(op.f("ix_project_offerings_project_id"), table_name="project_offerings")
    op.drop_table("project_offerings")
    op.drop_index(op.f("ix_project_needs_project_id"), table_name="project_needs")
    op.drop_table("project_needs")
    op.drop_index(op.f("ix_ledger_entries_transaction_id"), table_name="ledger_entries")
    op.drop_index(op.f("ix_ledger_entries_account_id"), table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index("uq_allocations_active", table_name="allocations", postgresql_where=sa.text("status = 'reserved'"))
    op.drop_index("ix_allocations_round_region", table_name="allocations")
    op.drop_index(op.f("ix_allocations_round_id"), table_name="allocations")
    op.drop_index(op.f("ix_allocations_offering_id"), table_name="allocations")
    op.drop_index(op.f("ix_allocations_need_id"), table_name="allocations")
    op.drop_index(op.f("ix_allocations_household_id"), table_name="allocations")
    op.drop_index("ix_allocations_awaiting", table_name="allocations", postgresql_where=sa.text("status = 'reserved'"))
    op.drop_table("allocations")
    op.drop_index("ix_shifts_upcoming", table_name="shifts")
    op.drop_index(op.f("ix_shifts_region_code"), table_name="shifts")
    op.drop_index(op.f("ix_shifts_project_id"), table_name="shifts")
    op.drop_table("shifts")
    op.drop_index(op.f("ix_project_funds_project_id"), table_name="project_funds")
    op.drop_table("project_funds")
    op.drop_index(op.f("ix_offerings_region_code"), table_name="offerings")
    op.drop_index(op.f("ix_offerings_donor_id"), table_name="offerings")
    op.drop_index(op.f("ix_offerings_category_code"), table_name="offerings")
    op.drop_table("offerings")
    op.drop_index(op.f("ix_needs_region_code"), table_name="needs")
    op.drop_index("ix_needs_open", table_name="needs", postgresql_where=sa.text("status = 'open'"))
    op.drop_index(op.f("ix_needs_household_id"), table_name="needs")
    op.drop_index(op.f("ix_needs_category_code"), table_name="needs")
    op.drop_table("needs")
    op.drop_index("uq_members_one_head", table_name="members", postgresql_where=sa.text("relation = 'head'"))
    op.drop_index(op.f("ix_members_household_id"), table_name="members")
    op.drop_table("members")
    op.drop_index(op.f("ix_match_rounds_status"), table_name="match_rounds")
    op.drop_index(op.f("ix_match_rounds_region_code"), table_name="match_rounds")
    op.drop_index("ix_match_rounds_pool_sha256", table_name="match_rounds")
    op.drop_table("match_rounds")
    op.drop_table("ledger_accounts")
    op.drop_table("indicators")
    op.drop_index(op.f("ix_household_people_user_id"), table_name="household_people")
    op.drop_table("household_people")
    op.drop_index(op.f("ix_donor_people_user_id"), table_name="donor_people")
    op.drop_table("donor_people")
    op.drop_index(op.f("ix_donations_fund_id"), table_name="donations")
    op.drop_index(op.f("ix_donations_donor_id"), table_name="donations")
    op.drop_table("donations")
    op.drop_index(op.f("ix_role_grants_user_id"), table_name="role_grants")
    op.drop_table("role_grants")
    op.drop_index(op.f("ix_projects_region_code"), table_name="projects")
    op.drop_table("projects")
    op.drop_table("ledger_transactions")
    op.drop_index(op.f("ix_import_batches_created_by"), table_name="import_batches")
    op.drop_table("import_batches")
    op.drop_index(op.f("ix_households_region_code"), table_name="households")
    op.drop_index("ix_households_pinyin", table_name="households")
    op.drop_index(op.f("ix_households_phone_index"), table_name="households")
    op.drop_index(
        "ix_households_name_trgm",
        table_name="households",
        postgresql_using="gin",
        postgresql_ops={"head_name": "gin_trgm_ops"},
    )
    op.drop_table("households")
    op.drop_index(op.f("ix_funds_region_code"), table_name="funds")
    op.drop_table("funds")
    op.drop_index(op.f("ix_donors_region_code"), table_name="donors")
    op.drop_index("ix_donors_pinyin", table_name="donors")
    op.drop_index(op.f("ix_donors_phone_index"), table_name="donors")
    op.drop_index(
        "ix_donors_name_trgm", table_name="donors", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.drop_table("donors")
    op.drop_index(op.f("ix_api_tokens_user_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_table("users")
    op.drop_table("skills")
    op.drop_index("ix_regions_pinyin", table_name="regions")
    op.drop_index(op.f("ix_regions_parent_code"), table_name="regions")
    op.drop_index(
        "ix_regions_name_trgm", table_name="regions", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.drop_index("ix_regions_initials", table_name="regions")
    op.drop_table("regions")
    op.drop_table("pool_draws")
    op.drop_index("ix_outbox_items_due", table_name="outbox_items", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("outbox_items")
    op.drop_table("idempotency_records")
    op.drop_table("categories")
    op.drop_index("ix_audit_entries_subject", table_name="audit_entries")
    op.drop_index(op.f("ix_audit_entries_action"), table_name="audit_entries")
    op.drop_table("audit_entries")
