"""Texts as files: a folder or a zip archive, read with bounds, and written so that the same texts give the same bytes.

Layout: `notifications/<type>/[<language>/]<part>`, so that a folder can stand in `TEMPLATES["DIRS"]` as it is, and
`manifest.json`, which tells what an export wrote.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any

from notifications.exceptions import ExchangeError
from notifications.services.templates.manifest import MANIFEST, is_safe, manifest_of, manifest_texts

FILES_MAX = 5_000
FILE_MAX_BYTES = 1_000_000
TOTAL_MAX_BYTES = 50_000_000
ARCHIVE_MAX_BYTES = 10_000_000
_SKIPPED = "__MACOSX"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""the time of all files in an archive, which would differ otherwise"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What became of a folder: paths in it, sorted."""

    written: list[str]
    unchanged: list[str]
    removed: list[str]
    kept: list[str]
    """written earlier and no longer exported, but changed by somebody since"""


def _is_skipped(path: PurePosixPath) -> bool:
    return any(each.startswith(".") or each == _SKIPPED for each in path.parts)


class _Bounds:
    """Counts what is read. Raises `ExchangeError` for more than anybody's texts are."""

    def __init__(self) -> None:
        self.files = self.total = 0

    def read(self, path: str, file: IO[bytes]) -> bytes:
        self.files += 1
        content = file.read(FILE_MAX_BYTES + 1)
        self.total += len(content)
        if len(content) > FILE_MAX_BYTES:
            raise ExchangeError(f"{path} is larger than {FILE_MAX_BYTES:,} bytes, which no text is.")
        if self.files > FILES_MAX or self.total > TOTAL_MAX_BYTES:
            raise ExchangeError(f"More than {FILES_MAX:,} files or {TOTAL_MAX_BYTES:,} bytes; is it the right one?")
        return content


def read_folder(folder: Path) -> dict[str, bytes]:
    """Path → content of each file of a folder; hidden ones are passed over. Raises `ExchangeError`."""
    if not folder.is_dir():
        raise ExchangeError(f"There is no folder {folder}.")
    bounds, found = _Bounds(), {}
    try:
        for file in _files_in(folder):
            path = file.relative_to(folder).as_posix()
            # What is not a file of its own may lead out of the folder, or never end.
            if not stat.S_ISREG(file.lstat().st_mode):
                raise ExchangeError(f"{path} is a link or a device, not a file. Copy what it stands for.")
            with file.open("rb") as opened:
                found[path] = bounds.read(path, opened)
    except OSError as error:
        raise ExchangeError(f"{folder} cannot be read: {error}.") from error
    return dict(sorted(found.items()))


def _files_in(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=refuse):
        links = [each for each in folders if Path(place, each).is_symlink()]
        folders[:] = sorted(each for each in folders if not _is_skipped(PurePosixPath(each)) and each not in links)
        for name in sorted([*files, *links]):
            if not _is_skipped(PurePosixPath(name)):
                yield Path(place, name)


def read_zip(archive: Path | bytes) -> dict[str, bytes]:
    """Path → content of each file of an archive; hidden ones are passed over. Raises `ExchangeError`."""
    try:
        content = archive if isinstance(archive, bytes) else _content(archive)
        if len(content) > ARCHIVE_MAX_BYTES:
            raise ExchangeError(f"The archive is larger than {ARCHIVE_MAX_BYTES:,} bytes.")
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            return _unpacked(opened)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, ExchangeError):
            raise
        raise ExchangeError(f"It is no zip archive that can be read: {error}.") from error
    except OSError as error:
        raise ExchangeError(f"{archive!s} cannot be read: {error}.") from error


def _content(archive: Path) -> bytes:
    with archive.open("rb") as opened:
        return opened.read(ARCHIVE_MAX_BYTES + 1)


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    bounds = _Bounds()
    found: dict[str, bytes] = {}
    for info in archive.infolist():
        path = info.orig_filename.removesuffix("/")  # `filename` hides what follows a NUL
        if not is_safe(path):
            raise ExchangeError(f"The archive has the path {path[:200]!r}, which is no plain path inside of it.")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ExchangeError(f"{path} is a link or a device, not a file. Pack what it stands for.")
        if info.is_dir() or _is_skipped(PurePosixPath(path)):
            continue
        if info.flag_bits & 1:
            raise ExchangeError(f"{path} is encrypted. Pack it without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ExchangeError(f"{path} is packed in an unusual way. Valid: deflated or stored.")
        if path in found:
            raise ExchangeError(f"The archive has {path} twice.")
        with archive.open(info) as opened:
            found[path] = bounds.read(path, opened)
    return dict(sorted(found.items()))


def as_zip(files: Mapping[str, str]) -> bytes:
    """An archive of these files: path → text. The same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted(files.items()):
            info = zipfile.ZipInfo(path, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o100644 << 16  # as on Unix, wherever it is made
            archive.writestr(info, text.encode())
    return packed.getvalue()


def write_folder(folder: Path, files: Mapping[str, str], *, types: Collection[str] | None = None) -> Written:
    """Write an export into a folder: what differs, and no more.

    What an earlier export wrote and this one has not is removed, unless somebody changed it since. `types`: only these
    were exported, so that the files of others stay. Raises `ExchangeError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = _earlier(folder)
        stay = [each for each in before if types is not None and each["type"] not in types]
        texts = [*manifest_texts(files[MANIFEST]), *stay]
        listed = {path for each in texts for path in each["files"]}
        gone = {path: seen for each in before for path, seen in each["files"].items() if path not in listed}
        for path in (*files, *gone):
            _refuse_links(folder, path)
        removed, kept = _remove(folder, gone)
        written: list[str] = []
        unchanged: list[str] = []
        for path, text in sorted({**files, MANIFEST: manifest_of(texts)}.items(), key=lambda each: each[0] == MANIFEST):
            (written if _write(folder / path, text.encode()) else unchanged).append(path)
    except OSError as error:
        raise ExchangeError(f"{folder} cannot be written: {error}.") from error
    return Written(written=sorted(written), unchanged=sorted(unchanged), removed=removed, kept=kept)


def _earlier(folder: Path) -> list[dict[str, Any]]:
    file = folder / MANIFEST
    if not file.exists():
        return []
    try:
        return manifest_texts(file.read_bytes())
    except ExchangeError as error:
        raise ExchangeError(f"{folder} is in other use. {error} Name another folder.") from error


def _refuse_links(folder: Path, path: str) -> None:
    place = folder
    for each in PurePosixPath(path).parts:
        place /= each
        if place.is_symlink():
            raise ExchangeError(f"{place} is a link, which may lead elsewhere; nothing was written.")


def _write(file: Path, content: bytes) -> bool:
    if file.is_file() and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return True


def _remove(folder: Path, gone: Mapping[str, str]) -> tuple[list[str], list[str]]:
    removed, kept = [], []
    for path, seen in sorted(gone.items()):
        file = folder / path
        if not file.is_file():
            continue
        if sha256(file.read_bytes()).hexdigest() != seen:
            kept.append(path)
            continue
        file.unlink()
        removed.append(path)
        for parent in file.relative_to(folder).parents[:-1]:
            if any((folder / parent).iterdir()):
                break
            (folder / parent).rmdir()
    return removed, kept
