"""Copies what the pages use from node_modules to marketplace/static/vendor, so that nothing is loaded from elsewhere.

``python -m marketplace.serving.assets`` after ``npm ci --ignore-scripts``.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "marketplace" / "static" / "vendor"
# (below node_modules, below static/vendor); a folder is copied whole.
PARTS = (
    ("@tabler/core/dist/css/tabler.min.css", "tabler/tabler.min.css"),
    ("@tabler/core/LICENSE", "tabler/LICENSE"),
    ("htmx.org/dist/htmx.min.js", "htmx/htmx.min.js"),
    ("htmx.org/LICENSE", "htmx/LICENSE"),
    ("@fontsource-variable/noto-sans-sc/index.css", "noto-sans-sc/index.css"),
    ("@fontsource-variable/noto-sans-sc/files", "noto-sans-sc/files"),
    ("@fontsource-variable/noto-sans-sc/LICENSE", "noto-sans-sc/LICENSE"),
)
REQUIRED = tuple(target for _, target in PARTS if not target.endswith("LICENSE"))


def missing(vendor: Path = VENDOR) -> list[str]:
    """The parts that the pages need and that are not there."""
    return [name for name in REQUIRED if not (vendor / name).exists()]


def copy_assets(modules: Path = ROOT / "node_modules", vendor: Path = VENDOR) -> int:
    """Copies every part and returns how many files lie in `vendor`. Raises FileNotFoundError naming what is not installed."""
    for source, target in PARTS:
        origin, goal = modules / source, vendor / target
        if not origin.exists():
            if target.endswith("LICENSE"):
                continue
            raise FileNotFoundError(f"{origin} is missing: run `npm ci --ignore-scripts` first")
        goal.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, goal, dirs_exist_ok=True)
        else:
            # A comment that names a source map makes browsers ask for a file that is not there.
            body = origin.read_bytes()
            lines = [
                line
                for line in body.splitlines(keepends=True)
                if not line.startswith((b"/*# sourceMappingURL", b"//# sourceMappingURL"))
            ]
            goal.write_bytes(b"".join(lines))
    return sum(1 for path in vendor.rglob("*") if path.is_file())


def main() -> int:
    """Copies, and says what was done."""
    try:
        count = copy_assets()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{count} files in {VENDOR.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
