"""Times are UTC with zone; a day is a day in Shanghai. Only the face reads the clock, the rest is handed `now` or `today`."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The present moment, in UTC, with its zone."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """The calendar day in Shanghai on which `moment` falls."""
    return moment.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """The midnight in Shanghai with which `day` begins, in UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
