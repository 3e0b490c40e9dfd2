"""The faults that `make soak` plants still fit the code: a campaign that nobody can run proves nothing."""

from pathlib import Path

import pytest

from tests.soak.planted_faults import FAULTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"promise-{fault.promise}-{Path(fault.file).stem}")
def test_each_planted_fault_has_its_line_and_its_test(fault):
    assert fault.old in (ROOT / fault.file).read_text(encoding="utf-8"), f"{fault.file} no longer holds the line"
    file, _, name = fault.test.partition("::")
    wanted = f"def {name.partition('[')[0]}(" if name else "def test_"  # or all tests of a file
    assert wanted in (ROOT / file).read_text(encoding="utf-8"), f"{fault.test} is gone"
