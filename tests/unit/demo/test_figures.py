"""The demonstration's figures agree with each other and with the plan's."""

import pytest

from kernel.accounts.models import ROLES
from kernel.errors import NotAllowed
from marketplace.demo import figures
from marketplace.demo.accounts import DEMO_LOGINS, DEMO_PASSWORD, require_local
from marketplace.demo.activities import OUTLINES
from marketplace.demo.keys import Keys
from marketplace.demo.money import build_purses
from marketplace.demo.places import TOWNSHIPS


def test_types_statuses_and_forms_of_family_count_the_same_households():
    assert sum(figures.TYPE_SHARES.values()) == pytest.approx(1)
    for kind, forms in figures.FAMILIES.items():
        assert sum(forms.values()) == sum(figures.TYPE_AND_STATUS[kind].values())
    assert sum(sum(forms.values()) for forms in figures.FAMILIES.values()) == figures.HOUSEHOLDS


def test_statuses_follow_the_shares_of_the_provinces_report():
    for status, share in figures.STATUS_SHARES.items():
        count = sum(row.get(status, 0) for row in figures.TYPE_AND_STATUS.values())
        assert count == pytest.approx(share * figures.HOUSEHOLDS)


def test_students_are_the_plans_185():
    assert sum(forms.get("student", 0) for forms in figures.FAMILIES.values()) == figures.STUDENTS_16_TO_19 == 185


def test_the_funds_sum_to_ten_million_yuan_of_which_the_trusts_hold_three_point_six():
    purses = build_purses(Keys(1), {code: code for code, _, _ in TOWNSHIPS})
    assert sum(purse.amount_fen for purse in purses) == figures.MONEY_FEN == 1_000_000_000
    trusts = [purse for purse in purses if purse.entry.kind == "charitable_trust"]
    assert sum(purse.amount_fen for purse in trusts) == figures.TRUST_FEN
    assert sum(purse.entry.kind == "emergency_reserve" for purse in purses) == 22


def test_township_weights_are_whole():
    assert sum(row[1] for row in TOWNSHIPS) == sum(row[2] for row in TOWNSHIPS) == 1_000


def test_there_are_twelve_projects():
    assert len(OUTLINES) == len({outline.name for outline in OUTLINES}) == figures.CHARITY_PROJECTS == 12


def test_every_role_has_an_account_and_logins_are_unique():
    assert {one.role for one in DEMO_LOGINS} == set(ROLES)
    assert len({one.login for one in DEMO_LOGINS}) == len(DEMO_LOGINS)
    assert len(DEMO_PASSWORD) >= 10


def test_known_passwords_are_refused_in_production():
    require_local({"ZHONGFU_ENV": "local"})
    with pytest.raises(NotAllowed, match="refused"):
        require_local({"ZHONGFU_ENV": "production"})
