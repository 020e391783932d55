"""The real ``Env``: local files, downloads, blobs and models."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from schemas.errors import BadInput, DiskFull, ToolDown
from schemas.units import BlobId
from stages.hashed_embedding import HashedNgrams
from stages.stage import Chat, Detector, Embedder, Transcriber
from storage.blobs import Blobs
from storage.files import FULL, Landing, make_folder, temporary, told

if TYPE_CHECKING:  # a worker that asks no model need not know how
    from infra.models.room import Room


@dataclass
class WorkerEnv:
    """What a stage may see of the outside, in one worker. ``models`` are those that this worker can ask."""

    blobs: Blobs
    downloads: Path
    device: str = "cpu"
    models: "Room | None" = None

    def path(self, uri: str) -> Path:
        """A local file with the content behind a path, a ``file://`` address, or any address that fsspec knows.

        What is remote is downloaded once per state of the remote file. A file that is not there gives a path where
        nothing is, near or far, so that the stage's gate judges both alike. Raises ToolDown when the place cannot be
        reached, BadInput for an address of an unknown kind, DiskFull when there is no room for it here.
        """
        return local(uri) or self._downloaded(uri)

    def _downloaded(self, uri: str) -> Path:
        import fsspec

        try:
            system, remote = fsspec.core.url_to_fs(uri)
        except (ValueError, ImportError) as error:
            raise BadInput(f"no reader for the address {uri}: {error}") from None
        try:
            state = system.ukey(remote)
            name = hashlib.sha256(f"{uri}\n{state}".encode()).hexdigest()
            local = self.downloads / f"{name}{Path(remote).suffix[:16]}"
            if not local.exists():
                _fetch(system, remote, local)
        except FileNotFoundError:
            return self.downloads / "missing"
        except DiskFull:
            raise
        except OSError as error:
            raise ToolDown(f"{uri} cannot be fetched: {error}") from error
        return local

    def put(self, blob: bytes, suffix: str) -> BlobId:
        """Keeps the bytes under the hash of their content; on the disk for certain once the cell commits."""
        return self.blobs.put(blob, suffix)

    def get(self, blob: BlobId) -> bytes:
        """The bytes that were put under this id. Raises ToolDown when they are not there."""
        return self.blobs.get(blob)

    def chat(self, role: str) -> Chat:
        """The one model that the profile gives this role. Raises BadInput when it gives none or several."""
        return self._room(role).chat(role)

    def panel(self, role: str) -> tuple[Chat, ...]:
        """All models that the profile gives this role. Raises BadInput when it gives none."""
        return self._room(role).panel(role)

    def embedder(self, role: str = "embedder") -> Embedder:
        """The model for vectors that the profile gives this role; hashed n-grams where it gives none."""
        if self.models is None or not self.models.cast.roles.get(role):
            return HashedNgrams()
        return self.models.embedder(role)

    def detector(self, role: str = "detector") -> Detector:
        """The model for boxes that the profile gives this role. Raises BadInput when it gives none."""
        return self._room(role).detector(role)

    def transcriber(self, role: str = "transcriber") -> Transcriber:
        """The model for speech that the profile gives this role. Raises BadInput when it gives none."""
        return self._room(role).transcriber(role)

    def _room(self, role: str) -> "Room":
        if self.models is None:
            raise BadInput(f"no model for role {role!r}: the profile has no [models]; docs/models.md shows how")
        return self.models


def _fetch(system: Any, remote: str, local: Path) -> None:
    """The remote file, here whole or not at all. Raises what the place says, or DiskFull."""
    make_folder(local.parent)
    written = temporary(local)
    try:
        system.get_file(remote, str(written))
        with Landing() as landing:
            written.replace(landing.path(local))
    except OSError as refused:
        raise (told(refused, local) if refused.errno in FULL else refused) from None
    finally:
        written.unlink(missing_ok=True)


def local(uri: str) -> Path | None:
    """The path that an address on this machine means; None for what lies elsewhere."""
    if "://" not in uri:
        return Path(uri)
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path))) if uri.startswith("file://") else None
