"""Where the browser is. Imported by a script, too: it imports the standard library."""

import os
import shutil

_NAMES = (
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
)


def find() -> str | None:
  """The path of Chromium or Chrome: `CHROME_PATH`, or what is installed; or None."""
  named = os.environ.get("CHROME_PATH")
  return named or next(filter(None, map(shutil.which, _NAMES)), None)
