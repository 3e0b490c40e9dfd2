"""A joint plan whose command is killed at random moments, workers and all, and started again: the same plan, nothing done twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from matching.problem import read_problem
from matching.solution import read_plan
from matching.validation import violations
from tests.unit.matching.regional.regions import small_region

KILLS = 10


def command(region: Path, folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "marketplace.cli.main", "solve-region", str(region), "--out", str(folder / "plan.json"),
        "--work", str(folder / "work"), "--workers", "2", "--county-seconds", "60",
    ]  # fmt: skip


def test_killed_ten_times_the_command_ends_with_the_undisturbed_plan(tmp_path):  # promise 3
    region = small_region(tmp_path / "region")
    (tmp_path / "calm").mkdir()
    began = time.monotonic()
    subprocess.run(command(region, tmp_path / "calm"), check=True, timeout=600)
    lasted = time.monotonic() - began
    calm = read_plan(tmp_path / "calm" / "plan.json")
    stormy, draw = tmp_path / "stormy", random.Random(1)
    stormy.mkdir()
    for _ in range(KILLS):
        process = subprocess.Popen(command(region, stormy), start_new_session=True)
        time.sleep(draw.uniform(0.1, 0.6) * lasted)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command(region, stormy), check=True, timeout=600)
    plan = read_plan(stormy / "plan.json")
    assert violations(read_problem(region), plan) == []
    assert plan.allocations == calm.allocations
    assert [level.value for level in plan.levels] == [level.value for level in calm.levels]
