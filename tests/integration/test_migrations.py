"""The schema: models and migrations agree, every step goes up and down, the head file names the newest."""

import sqlalchemy as sa
from alembic import command

from marketplace.serving.postgres import EmbeddedPostgres
from migrations import runner


def test_models_and_migrations_agree(postgres: EmbeddedPostgres, owner_url: str) -> None:
    runner.check(owner_url)


def test_the_head_file_names_the_newest_revision() -> None:
    assert runner.revisions()[-1] == runner.head()
    assert runner.revisions() == [f"{number:04d}" for number in range(1, len(runner.revisions()) + 1)]


def test_every_migration_goes_down_and_up_again(owner_url: str) -> None:  # promise 10
    engine = sa.create_engine(owner_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        command.downgrade(runner._config(connection), "base")
        connection.commit()
        left = connection.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    assert left == ["alembic_version"]
    runner.upgrade(owner_url, app_role="zhongfu_app")
    runner.check(owner_url)


def test_the_app_role_owns_nothing_and_cannot_change_the_trail(session, owner_url: str) -> None:  # promises 12, 18
    assert (
        session.scalar(
            sa.text(
                "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = current_user"
            )
        )
        == 0
    )
    for table in runner.APPEND_ONLY:
        for right in ("UPDATE", "DELETE", "TRUNCATE"):
            assert not session.scalar(
                sa.text("SELECT has_table_privilege(current_user, :t, :r)"), {"t": table, "r": right}
            ), (table, right)
