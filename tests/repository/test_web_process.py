"""The web processes stay clear of the solver: it is large, and a fault in its libraries ends the process it runs in (decision 3)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILDS_THE_APP = """
import sys
from marketplace.app import create_app
from marketplace.config import settings_from
import os
app = create_app(settings_from(os.environ))
assert len(app.view_functions) > 100
print(sorted(name for name in sys.modules if name == "ortools" or name.startswith("matching.solver")))
"""


def test_building_the_application_loads_no_part_of_the_solver(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "ZHONGFU_HOME": str(tmp_path),
    }
    built = subprocess.run(
        [sys.executable, "-c", BUILDS_THE_APP], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert built.returncode == 0, built.stderr[-2_000:]
    assert built.stdout.strip() == "[]"
