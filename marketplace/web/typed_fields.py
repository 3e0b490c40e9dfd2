"""Form fields that read what people type and say in the reader's language when it cannot be read. The domain checks the rest."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, DateTimeLocalField, Field, IntegerField
from wtforms.widgets import TextInput

from kernel.clock import SHANGHAI
from kernel.errors import InvalidFields, InvalidInput
from kernel.money import fen_from_yuan
from marketplace.web.faults import put_faults

Read = TypeVar("Read")


class Asked:
    """Marks a field that must be filled in; the domain says so together with every other fault."""

    field_flags = {"required": True}

    def __call__(self, form: Any, field: Any) -> None:
        """Nothing to check here."""


def find_faults(form: FlaskForm, check: Callable[[], object], names: dict[str, str] | None = None) -> None:
    """What the domain's own check finds beside what could not be read, so that one sending shows every fault."""
    unread = {field.name: list(field.errors) for field in form if field.errors}
    try:
        check()
    except (InvalidFields, InvalidInput) as error:
        put_faults(form, error, names)
    for name, errors in unread.items():
        form[name].errors = errors


class WholeField(IntegerField):  # type: ignore[misc]
    """A whole number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError with the mend."""
        typed = valuelist[0].strip().replace(",", "") if valuelist else ""
        self.data = None
        if typed:
            try:
                self.data = int(typed)
            except ValueError as error:
                raise ValueError(_("This must be a whole number")) from error


class DayField(DateField):  # type: ignore[misc]
    """A calendar day."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError with the mend."""
        self.data = None
        if valuelist and valuelist[0].strip():
            _mended(lambda: super(DayField, self).process_formdata(valuelist), _("Write the day as 2027-03-05"))


class MomentField(DateTimeLocalField):  # type: ignore[misc]
    """A moment, typed and shown in Shanghai's time; `data` is naive, `utc` is what the domain gets."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError with the mend."""
        self.data = None
        if valuelist and valuelist[0].strip():
            _mended(
                lambda: super(MomentField, self).process_formdata(valuelist),
                _("Write day and time as 2027-03-05T14:30"),
            )

    @property
    def utc(self) -> datetime | None:
        """The moment in UTC, or None."""
        return self.data.replace(tzinfo=SHANGHAI).astimezone(UTC) if self.data else None


class TypedField(Field):  # type: ignore[misc]
    """Text that stands for a number: what was typed stays in the field, `data` is the number or None."""

    widget = TextInput()
    raw = ""

    def process_data(self, value: int | None) -> None:
        """From the domain's number."""
        self.data = value
        self.raw = "" if value is None else self.shown(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        """From what was typed. Raises ValueError with the mend."""
        self.raw = valuelist[0].strip() if valuelist else ""
        self.data = self.read(self.raw) if self.raw else None

    def shown(self, value: int) -> str:
        """The number as it is typed."""
        raise NotImplementedError

    def read(self, typed: str) -> int:
        """The number that was typed. Raises ValueError with the mend."""
        raise NotImplementedError

    def _value(self) -> str:
        return self.raw


class YuanField(TypedField):
    """An amount typed in yuan; `data` in whole fen."""

    def shown(self, value: int) -> str:
        """``123450`` → ``1234.50``."""
        return f"{value // 100}.{value % 100:02d}".removesuffix(".00")

    def read(self, typed: str) -> int:
        """Whole fen."""
        return _mended(lambda: fen_from_yuan(typed), _("This is not an amount in yuan; write it like 1234.50"))


class KilometreField(TypedField):
    """A distance typed in kilometres; `data` in whole metres."""

    def shown(self, value: int) -> str:
        """``8500`` → ``8.5``."""
        return f"{value / 1000:g}"

    def read(self, typed: str) -> int:
        """Whole metres."""

        def metres() -> int:
            amount = Decimal(typed.replace("，", ".").replace(",", "."))
            if not amount.is_finite() or abs(amount) > 100_000:
                raise ValueError
            return round(amount * 1000)

        return _mended(metres, _("This is not a distance in kilometres; write it like 8.5"))


def _mended(read: Callable[[], Read], mend: str) -> Read:
    """What `read` gives; whatever it cannot read is reported with the mend."""
    try:
        return read()
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise ValueError(mend) from error
