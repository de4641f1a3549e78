"""What was found: kept as a file under the corpus folder, named by its fingerprint, with how to see it again."""

from __future__ import annotations

import hashlib
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.growth import Pump
from tests.fuzz.target import fingerprint


@dataclass(frozen=True)
class Finding:
    """An input of a target and what is the matter with it."""

    target: str
    data: bytes
    mark: str
    words: str

    @property
    def name(self) -> str:
        """Of its file: the same for the same fault."""
        return f"{self.target}-{hashlib.sha256(self.mark.encode()).hexdigest()[:12]}"


def of_error(target: str, data: bytes, error: BaseException) -> Finding:
    """The finding that `error` is."""
    words = "".join(traceback.format_exception(error)[-12:])
    return Finding(target, data, fingerprint(error), words)


def of_growth(target: str, pump: Pump, words: str) -> Finding:
    """The finding that work grows faster than its input; what is kept is the input once, and how it is pumped."""
    mark = f"grows {pump.piece[:60]!r}"
    return Finding(target, pump.of(2_000), mark, f"{words}\n{pump!r}")


def keep(folder: Path, finding: Finding) -> bool:
    """Write it down; False when the same fault is known already. The shorter input of two is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    file, told = folder / f"{finding.name}.bin", folder / f"{finding.name}.txt"
    new = not file.exists()
    if new or file.stat().st_size > len(finding.data):
        file.write_bytes(finding.data)
        again = f"python -m tests.fuzz --again {file}"
        told.write_text(
            f"{finding.mark}\n\n{finding.words}\n{len(finding.data)} bytes. See it again: {again}\n", "utf-8"
        )
    return new


def target_of(file: Path) -> str:
    """The name of the target a kept finding is of."""
    return file.stem.rpartition("-")[0]
