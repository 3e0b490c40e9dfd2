"""The words of imports, and the tone a badge of each has."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

IMPORT_WORDS: dict[str, dict[str, LazyString]] = {
    "import_kind": {
        "donors": _l("Donors"),
        "offerings": _l("Offerings"),
        "households": _l("Households"),
        "needs": _l("Needs"),
        "monitoring": _l("Departments' data"),
    },
    "import_status": {
        "checking": _l("The file is being checked"),
        "checked": _l("Checked"),
        "importing": _l("The file is being imported"),
        "imported": _l("Imported"),
        "discarded": _l("Discarded"),
    },
}
IMPORT_TONES: dict[str, dict[str, str]] = {
    "import_status": {"checking": "warn", "checked": "info", "importing": "warn", "imported": "good"},
}
