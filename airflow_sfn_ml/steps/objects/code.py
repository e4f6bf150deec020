"""The user's training code: where it is, and what has to be uploaded before the definition can run.

The SDK uploaded code while a step was made, under a name with the time in it. Here a definition names the code by its
content, so that it stays the same as long as the code does, and `Workflow.create` uploads it.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from airflow_sfn_ml.steps.objects.attributes import default_bucket, present, read


@dataclass(frozen=True)
class Upload:
    """A file or a directory that belongs at *uri* as a ``sourcedir.tar.gz``."""

    path: str
    uri: str

    def archive(self) -> bytes:
        """The archive: the same bytes for the same files."""
        import gzip  # only the one who uploads pays for these
        import tarfile

        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for file, name in _files(Path(self.path)):
                entry = tarfile.TarInfo(name)
                content = file.read_bytes()
                entry.size, entry.mode = len(content), 0o755 if file.stat().st_mode & 0o100 else 0o644
                tar.addfile(entry, io.BytesIO(content))
        return gzip.compress(packed.getvalue(), mtime=0)


def script_mode(estimator: Any) -> tuple[dict[str, Any], Upload | None]:
    """The hyperparameters by which a framework's container finds its code, and what has to be uploaded.

    Values are JSON, as the containers expect them.

    :raises ValueError: the code is not there, or nothing says to which bucket it should go.
    """
    entry_point = read(estimator, "entry_point")
    if entry_point is None:
        return {}, None
    known = read(estimator, "uploaded_code")
    source = read(estimator, "source_dir")
    upload = None
    if known is not None:
        directory, program = read(known, "s3_prefix"), read(known, "script_name")
    elif isinstance(source, str) and source.startswith("s3://"):
        directory, program = source, Path(entry_point).name
    else:
        upload = _upload(estimator, source or entry_point)
        directory = upload.uri
        program = entry_point if source else Path(entry_point).name
    region = getattr(getattr(estimator, "sagemaker_session", None), "boto_region_name", None)
    said = present(
        sagemaker_submit_directory=directory,
        sagemaker_program=program,
        sagemaker_container_log_level=read(estimator, "container_log_level"),
        sagemaker_region=region,
    )
    return {key: json.dumps(value) for key, value in said.items()}, upload


def _upload(estimator: Any, source: str) -> Upload:
    if not Path(source).exists():
        raise ValueError(f"the code {source!r} is not there; give a path that exists, or source_dir='s3://...'")
    place = read(estimator, "code_location") or default_bucket(estimator)
    if not place:
        raise ValueError(
            f"nothing says where the code {source!r} should go; give the estimator a code_location='s3://...'"
        )
    place = place if place.startswith("s3://") else f"s3://{place}"
    digest = sha256()
    for file, name in _files(Path(source)):
        digest.update(f"{name}\0{file.stat().st_mode & 0o100}\0".encode() + sha256(file.read_bytes()).digest())
    return Upload(source, f"{place.rstrip('/')}/code/{digest.hexdigest()[:20]}/sourcedir.tar.gz")


def _files(path: Path) -> list[tuple[Path, str]]:
    """The files of *path* with their names in the archive, in the order of the names."""
    if path.is_file():
        return [(path, path.name)]
    found = [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return sorted(((file, file.relative_to(path).as_posix()) for file in found), key=lambda pair: pair[1])
