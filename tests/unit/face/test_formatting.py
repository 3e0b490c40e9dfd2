"""Values read as people in each language expect them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from flask import Flask, g

from marketplace import i18n
from marketplace.web import formatting, words


@pytest.fixture(params=["zh-CN", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """A page being made in each language in turn."""
    app = Flask(__name__)
    app.secret_key = "test"
    i18n.register(app)
    with app.test_request_context(headers={"Accept-Language": request.param}):
        g.person = None
        yield request.param


def test_money_is_grouped_and_never_rounded() -> None:
    assert formatting.fen(123450) == "¥1,234.50"
    assert formatting.fen(-5) == "−¥0.05"
    assert formatting.fen(0) == "¥0.00"
    assert formatting.fen(None) == "—"


def test_days_read_as_each_language_writes_them(language: str) -> None:
    assert formatting.day(date(2027, 3, 5)) == ("2027年3月5日" if language == "zh-CN" else "5 March 2027")


def test_a_moment_counts_on_its_day_in_shanghai(language: str) -> None:
    late = datetime(2027, 3, 4, 18, 5, tzinfo=UTC)
    assert formatting.moment(late) == ("2027年3月5日 02:05" if language == "zh-CN" else "5 March 2027, 02:05")


def test_distances_are_metres_then_kilometres(language: str) -> None:
    assert formatting.distance(850) == ("850 米" if language == "zh-CN" else "850 m")
    assert formatting.distance(12_345) == ("12.3 公里" if language == "zh-CN" else "12.3 km")


def test_a_share_never_claims_more_than_it_is() -> None:
    assert formatting.percent(0.9999) == "99%"
    assert formatting.percent(1.0) == "100%"
    assert formatting.percent(0.0004) == "<1%"
    assert formatting.percent(0.0) == "0%"
    assert formatting.percent(0.8421, 1) == "84.2%"


def test_amounts_carry_their_unit_in_words(language: str) -> None:
    hours = SimpleNamespace(unit_zh="小时", unit_en="hour")
    rice = SimpleNamespace(unit_zh="袋(10kg)", unit_en="bag of 10 kg")
    aid = SimpleNamespace(unit_zh="百元", unit_en="100 yuan")
    zh = language == "zh-CN"
    assert formatting.amount(14, hours) == ("14 小时" if zh else "14 hours")
    assert formatting.amount(1, hours) == ("1 小时" if zh else "1 hour")
    assert formatting.amount(4, rice) == ("4 袋(10kg)" if zh else "4 bags of 10 kg")
    assert formatting.amount(22, aid) == "¥2,200.00"


def test_every_tone_belongs_to_a_word_that_exists() -> None:
    for kind, tones in words.TONES.items():
        assert set(tones) <= set(words.WORDS[kind]), kind
        assert set(tones.values()) <= {"neutral", "info", "good", "warn", "bad"}, kind


def test_a_code_without_a_word_is_shown_rather_than_hidden() -> None:
    assert words.word("need_status", "brand_new") == "brand_new"
    assert words.word("need_status", None) == "—"
