"""Numbers that name a person or an organisation: resident ID, unified social credit code, telephone. Pure functions.

Sources: GB 11643-1999 (resident ID, ISO 7064 MOD 11-2 check character), GB 32100-2015 (unified social credit code).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

import phonenumbers
from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength, ValidationError

from kernel.errors import InvalidInput

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


@dataclass(frozen=True)
class ResidentID:
    """A checked resident ID: the normalised 18 characters and what they say."""

    number: str
    region_code: str
    born_on: date
    sex: str


def normalised(text: str) -> str:
    """Full-width characters made plain, spaces and hyphens dropped, letters raised: what every index is computed from."""
    plain = unicodedata.normalize("NFKC", str(text))
    return re.sub(r"[\s\-‐-―]", "", plain).upper()


def resident_id_check_character(first_17: str) -> str:
    """The 18th character for 17 digits, ISO 7064 MOD 11-2."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def parse_resident_id(text: str, *, today: date, field: str = "resident_id") -> ResidentID:
    """A resident ID of 18 characters, checked for form, date of birth and check character.

    The region is not looked up: people keep the number of a county that has since been renamed.
    Raises InvalidInput with the mend; never repeats the number, which may end in a log.
    """
    number = normalised(text)
    if re.fullmatch(r"\d+(\.\d+)?E\+?\d+", number):
        raise InvalidInput(
            "The resident ID was turned into a number by the spreadsheet and lost digits; format the column as text and type it again",
            field=field,
        )
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number):
        raise InvalidInput(
            "A resident ID has 17 digits and then a digit or X; check for missing or extra characters", field=field
        )
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise InvalidInput("Characters 7 to 14 of the resident ID are not a date of birth", field=field) from error
    if born > today or born.year < today.year - 130:
        raise InvalidInput(
            "The date of birth in the resident ID lies in the future or more than 130 years back", field=field
        )
    if resident_id_check_character(number[:17]) != number[17]:
        raise InvalidInput(
            "The last character of the resident ID does not fit the others; compare it with the card", field=field
        )
    return ResidentID(number, number[:6], born, "male" if int(number[16]) % 2 else "female")


def parse_uscc(text: str, *, field: str = "uscc") -> str:
    """A unified social credit code (18 characters), normalised. Raises InvalidInput with the mend."""
    number = normalised(text)
    try:
        return uscc.validate(number)
    except InvalidLength as error:
        raise InvalidInput("A unified social credit code has 18 characters", field=field) from error
    except InvalidChecksum as error:
        raise InvalidInput(
            "The check characters of the unified social credit code do not fit; compare it with the licence",
            field=field,
        ) from error
    except (InvalidFormat, InvalidComponent, ValidationError) as error:
        raise InvalidInput(
            "A unified social credit code has digits and capital letters other than I, O, S, V, Z; compare it with the licence",
            field=field,
        ) from error


def parse_phone(text: str, *, field: str = "phone") -> str:
    """A Chinese telephone number in E.164 (``+8613812345678``). Raises InvalidInput with the mend."""
    try:
        number = phonenumbers.parse(normalised(text), "CN")
    except phonenumbers.NumberParseException as error:
        raise InvalidInput(
            "This is not a telephone number; write 11 digits, or area code and number", field=field
        ) from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidInput("The telephone number has too few or too many digits", field=field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(text: str, *, head: int = 3, tail: int = 2) -> str:
    """``330324********12``: what is shown of a number unless it is revealed with a purpose."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
