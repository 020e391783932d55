"""Whether a Prefect API is configured, found out without importing Prefect, which takes most of a second."""

import os
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

from schemas.errors import ToolDown

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
"""What keeps Prefect from calling home and from pickling results, and gives its server time to start.

docs/decisions/0050-prefect.md and 0086-ray-and-pickle.md say why.
"""


def hush() -> None:
    """Sets what keeps Prefect quiet, where the user has not said otherwise. Before Prefect is imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def api_url() -> str:
    """The address of the Prefect API, out of PREFECT_API_URL or Prefect's active profile; empty when there is none."""
    if (url := os.environ.get("PREFECT_API_URL")) is not None:
        return url
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml"))
    try:
        stored = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    active = os.environ.get("PREFECT_PROFILE", stored.get("active", ""))
    return str(stored.get("profiles", {}).get(active, {}).get("PREFECT_API_URL", ""))


def check_reachable(url: str, timeout_s: float = 10) -> None:
    """Raises ToolDown when nothing answers there like a Prefect API."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=timeout_s):
            return
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise ToolDown(
            f"the Prefect API {url} does not answer ({why}); start it (`prefect server start`), "
            "or build without it: PREFECT_API_URL= rushes build ..."
        ) from None
