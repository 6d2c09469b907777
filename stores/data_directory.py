"""The data directory: what belongs to one installation, and whether it is a demo or the real thing.

DATA/mode        "demo" or "production"
DATA/lock        held by the one `serve` or `demo` that runs on it
DATA/journal.db  DATA/ledger.db  DATA/archive/  DATA/*.bell
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import FileIO
from pathlib import Path

from schemas.settings.journal import JournalSettings
from schemas.time import LocalCalendar
from stores.archive import Archive
from stores.archive_files import make_directories, write_text
from stores.doorbell import Doorbell
from stores.journal_limits import ListLimits
from stores.journal_store import Journal


class Mode(StrEnum):
    """Demo takes simulated and imported history; production refuses it."""

    DEMO = "demo"
    PRODUCTION = "production"


class DataDirectoryError(Exception):
    """The directory can't be used."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"data directory {path}: {detail}")
        self.path = path
        self.detail = detail


class ModeError(DataDirectoryError):
    """It is a directory of the other mode, or of none."""


class DirectoryInUseError(DataDirectoryError):
    """Another process runs on it."""


class DataDirectory:
    """The data directory at `path`. The one that supervises calls `create` and `lock`, its processes only `mode`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: FileIO | None = None

    def create(self, mode: Mode) -> None:
        """Make the directory, or find it as it is.

        Raises:
            ModeError: it has the other mode, or holds things that are not ours.
            DataDirectoryError: it can't be made, read or written.
        """
        with self._told():
            make_directories(self.path.absolute())
        if self.check(mode):
            return
        with self._told():
            self.path.chmod(0o700)
            write_text(self.path / "mode", f"{mode.value}\n")

    def check(self, mode: Mode) -> bool:
        """Whether it was made already, in this mode; False where `create` would make it. Nothing is changed.

        Raises:
            ModeError: it has the other mode, or holds things that are not ours.
            DataDirectoryError: it can't be read.
        """
        with self._told():
            made = (self.path / "mode").exists()
            present = sorted(entry.name for entry in self.path.iterdir()) if self.path.exists() else []
        if self.path.exists() and not os.access(self.path, os.W_OK):
            raise DataDirectoryError(self.path, "can't be written")
        if not made:
            foreign = [name for name in present if name not in {"lock", "mode.tmp"}]
            if foreign:
                raise ModeError(
                    self.path, f"is not empty ({foreign[0]}) and no btswatch data: give another directory"
                )
            return False
        found = self.mode()
        if found is not mode:
            raise ModeError(self.path, f"is a {found} directory, not a {mode} one: give another directory")
        return True

    def mode(self) -> Mode:
        """What it was created as.

        Raises:
            ModeError: it was never created, or the file says something else.
            DataDirectoryError: it can't be read.
        """
        try:
            with self._told():
                text = (self.path / "mode").read_text("utf-8", "replace").strip()
        except FileNotFoundError:
            raise ModeError(self.path, "holds no btswatch data (no file `mode`)") from None
        try:
            return Mode(text)
        except ValueError:
            raise ModeError(self.path, f"its file `mode` says {text!r}, not demo or production") from None

    def lock(self) -> None:
        """Keep others from running on it: until `unlock`, as long as this object lives, however the process ends.

        Raises:
            DirectoryInUseError: another process runs on it.
            DataDirectoryError: it can't be written.
        """
        if self._lock is not None:
            return
        with self._told():
            lock = FileIO(self.path / "lock", "a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().decode("ascii", "replace").strip()
            lock.close()
            raise DirectoryInUseError(self.path, f"is in use by process {owner}: stop it first") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n".encode("ascii"))
        self._lock = lock

    def keep_lock_over_exec(self) -> None:
        """Let a program that replaces this process (same process id) keep the lock until it ends."""
        if self._lock is not None:
            os.set_inheritable(self._lock.fileno(), True)

    def unlock(self) -> None:
        """Let others run on it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A file that is absent stays what it is; any other trouble with files is the directory's."""
        try:
            yield
        except FileNotFoundError as error:
            if not self.path.is_dir():
                raise DataDirectoryError(self.path, f"can't be used: {error.strerror}") from error
            raise
        except OSError as error:
            detail = f"can't be used: {Path(error.filename or self.path).name}: {error.strerror}"
            if self.path.exists() and not self.path.is_dir():
                detail = "is no directory"
            raise DataDirectoryError(self.path, detail) from error

    def journal(self, settings: JournalSettings | None = None) -> Journal:
        """Its journal, not yet opened; it rings the bells of engine, trap decoder and forwarder.

        Raises:
            ModeError: see `mode`.
        """
        chosen = settings or JournalSettings()
        return Journal(
            self.path / "journal.db",
            max_bytes=chosen.max_bytes,
            identity_ms=chosen.identity_s * 1000,
            lists=ListLimits(
                receipts=chosen.receipts,
                receipts_bytes=chosen.receipts_bytes,
                refused=chosen.refused,
                refused_bytes=chosen.refused_bytes,
                refused_body_bytes=chosen.refused_body_bytes,
            ),
            production=self.mode() is Mode.PRODUCTION,
            bells=(self.bell("engine"), self.bell("traps"), self.bell("forwarder")),
        )

    def archive(self, calendar: LocalCalendar | None = None) -> Archive:
        """Its archive, not yet opened for writing."""
        return Archive(self.path / "archive", calendar)

    def bell(self, name: str) -> Doorbell:
        """The doorbell `name`: engine, traps, forwarder, gateway, console."""
        return Doorbell(self.path / f"{name}.bell")

    @property
    def ledger_path(self) -> Path:
        """Where the embedded ledger's database lies."""
        return self.path / "ledger.db"

    @property
    def keys_path(self) -> Path:
        """Where the enterprises' API keys lie."""
        return self.path / "keys.db"
