"""The WSGI entry for gunicorn or any other server: `wsgi:app`."""

import os

from marketplace.app import create_app
from marketplace.config import settings_from

app = create_app(settings_from(os.environ))
