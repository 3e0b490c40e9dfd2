"""A cap that case conferences raised names them, as they stood when the round's pool was frozen."""

import uuid

from marketplace.web import round_caps
from marketplace.web.round_caps import raised_by
from matching.rounds.models import MatchRound

HOUSEHOLD = uuid.UUID(int=7)


def test_each_case_conference_is_named_with_what_it_granted(monkeypatch):
    monkeypatch.setattr(round_caps, "_", lambda text, **values: text % values)
    rows = [{"case": 3, "extra_fen": 300_000}, {"case": 8, "extra_fen": 50_000}]
    one = MatchRound(pool_summary={"raised_caps": {str(HOUSEHOLD): rows}})
    assert raised_by(one, HOUSEHOLD) == (
        " ¥3,000.00 of the cap was granted by case conference no. 3. ¥500.00 of the cap was granted by case conference no. 8."
    )


def test_an_own_cap_or_a_round_from_before_says_nothing():
    for summary in (None, {}, {"raised_caps": {str(HOUSEHOLD): []}}, {"raised_caps": {}}):
        assert raised_by(MatchRound(pool_summary=summary), HOUSEHOLD) == ""
