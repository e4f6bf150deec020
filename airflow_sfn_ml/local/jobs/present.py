"""Two ways to let a job see its folder as /opt/ml.

A mount namespace is exact: scripts, libraries and subprocesses of any language see /opt/ml. Where the host does not
allow one (macOS, most containers without privileges), paths are rewritten: in the command, the environment, the
files that describe the job, and the text of downloaded scripts. That misses paths that a program puts together from
pieces ("/opt" + "/ml"), and programs that are not text; the job's log says that this mode is in use.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OPT_ML = "/opt/ml"
_SCRIPTS = frozenset({".py", ".sh", ".bash", ".cfg", ".toml", ".yaml", ".yml", ".ini"})
_LARGEST_SCRIPT = 2_000_000


@dataclass(frozen=True)
class Presentation:
    """How the folder `root` is shown to the processes of one host of a job."""

    root: Path
    mount: bool

    def real(self, path: str) -> Path:
        """Where a path below /opt/ml really is."""
        return Path(path.replace(OPT_ML, str(self.root), 1)) if path.startswith(OPT_ML) else Path(path)

    def seen(self, text: str) -> str:
        """`text` with /opt/ml as the job's processes must spell it."""
        return text if self.mount else text.replace(OPT_ML, str(self.root))

    def command(self, words: Sequence[str]) -> list[str]:
        return [self.seen(word) for word in words]

    def environment(self, variables: dict[str, str]) -> dict[str, str]:
        return {name: self.seen(value) for name, value in variables.items()}

    def adapt(self) -> None:
        """Rewrite the scripts that were downloaded below the root, also inside source archives."""
        if self.mount:
            return
        for path in self.root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                if path.name.endswith("sourcedir.tar.gz"):
                    self._adapt_archive(path)
                elif _is_script(path):
                    self._adapt_script(path)

    def notice(self) -> list[str]:
        """What the job's log says about the presentation."""
        if self.mount:
            return []
        return [
            f"[local] /opt/ml cannot be mounted on this machine; paths in scripts were rewritten to {self.root}. "
            "Paths that a program puts together from pieces are missed: use the SM_* variables or arguments."
        ]

    def _adapt_script(self, path: Path) -> None:
        data = path.read_bytes()
        rewritten = data.replace(OPT_ML.encode(), str(self.root).encode())
        if rewritten != data:
            path.write_bytes(rewritten)

    def _adapt_archive(self, path: Path) -> None:
        buffer = io.BytesIO()
        with tarfile.open(path) as source, tarfile.open(fileobj=buffer, mode="w:gz") as target:
            for member in source:
                content = source.extractfile(member)
                data = content.read() if content else b""
                if content and Path(member.name).suffix in _SCRIPTS:
                    data = data.replace(OPT_ML.encode(), str(self.root).encode())
                    member.size = len(data)
                target.addfile(member, io.BytesIO(data) if content else None)
        path.write_bytes(buffer.getvalue())


def _is_script(path: Path) -> bool:
    if path.stat().st_size > _LARGEST_SCRIPT:
        return False
    if path.suffix in _SCRIPTS:
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"
