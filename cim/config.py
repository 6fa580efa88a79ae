"""Settings: read from the environment once per call, never from anywhere else. No defaults are secret."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides. Durations are in seconds, sizes in bytes."""

    home: Path
    database_url: str
    host: str
    port: int
    language: str
    zone: ZoneInfo
    secure_cookies: bool
    demo: bool
    currency: str = "CNY"
    base_url: str = ""
    chat_relay: str = ""
    idle_seconds: int = 30 * 60
    session_seconds: int = 12 * 3600
    ticket_seconds: int = 30
    max_upload_bytes: int = 20 * 1024 * 1024

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def backups(self) -> Path:
        return self.home / "backups"

    @property
    def checkpoints(self) -> Path:
        """Signed audit heads live outside the database, so that a cut tail of the log is noticed."""
        return self.home / "audit"

    @property
    def files(self) -> Path:
        """Files of customers, sealed."""
        return self.home / "files"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, or None on PostgreSQL."""
        return Path(self.database_url.removeprefix("sqlite:///")) if self.is_sqlite else None


def settings() -> Settings:
    """The settings in force. Cached per set of environment values, so tests may change them."""
    # asked for hundreds of times a page: os.environ encodes and decodes at every look, and raises for what is not there
    held: dict[Any, Any] = os.environ.__dict__["_data"]
    return _read(tuple([held.get(key) for key in _KEYS]))


_NAMES = (
    "CIM_HOME",
    "CIM_DATABASE_URL",
    "CIM_HOST",
    "CIM_PORT",
    "CIM_LANG",
    "CIM_TZ",
    "CIM_COOKIE_SECURE",
    "CIM_CURRENCY",
    "CIM_BASE_URL",
    "CIM_CHAT_RELAY",
)
_KEYS = tuple(os.environ.encodekey(name) for name in _NAMES)


@lru_cache(maxsize=8)
def _read(values: tuple[Any, ...]) -> Settings:
    env = {name: "" if value is None else os.fsdecode(value) for name, value in zip(_NAMES, values, strict=True)}
    home = Path(env.get("CIM_HOME") or "var").expanduser().resolve()
    return Settings(
        home=home,
        database_url=env.get("CIM_DATABASE_URL") or f"sqlite:///{home}/cim.db",
        host=env.get("CIM_HOST") or "127.0.0.1",
        port=int(env.get("CIM_PORT") or 8501),
        language=env.get("CIM_LANG") or "zh",
        zone=ZoneInfo(env.get("CIM_TZ") or "Asia/Shanghai"),
        secure_cookies=env.get("CIM_COOKIE_SECURE") == "1",
        demo=(home / "demo").exists(),
        currency=(env.get("CIM_CURRENCY") or "CNY").upper()[:3],
        base_url=env.get("CIM_BASE_URL", "").rstrip("/"),
        chat_relay=env.get("CIM_CHAT_RELAY", "").rstrip("/"),
    )
