"""The province of the bench comes out the same from the same seed, and belongs to nobody."""

from datetime import date
from random import Random

from bench.demand_fill import _families, resident_id
from bench.demand_import import file_of
from kernel.crypto import Vault
from kernel.identity import parse_resident_id

TODAY = date(2027, 3, 5)
VAULT = Vault(keys={1: b"k" * 32}, index_key=b"i" * 32)


def test_numbers_are_right_in_form_and_none_comes_twice() -> None:
    numbers = [resident_id(person, date(1950, 1, 1)) for person in range(0, 99_999_999, 999_983)]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert parse_resident_id(number, today=TODAY).region_code.startswith("9")


def test_the_same_seed_gives_the_same_families() -> None:
    def told() -> list[tuple[object, ...]]:
        made = _families(Random(3), VAULT, ["330324110001", "330324111001"], 50)
        return [(row[1:9], [(one[2:7], one[8]) for one in people]) for row, people in made]

    assert told() == told()
    villages = [row[0][0] for row in told()]
    assert villages == sorted(villages) and len(set(villages)) == 2


def test_the_imported_list_has_as_many_rows_as_asked() -> None:
    lines = file_of(["330324110001"], rows=57, seed=1).decode().splitlines()
    assert len(lines) == 58 and all(line.count(",") == 9 for line in lines)
