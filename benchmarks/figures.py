"""Figures: what was measured, the ratio to a limit or a peer of the same run, and how both are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: a value for each round, in `unit`.

    `ratios` are the same rounds against `against`. `bound` is what their median must reach ("≥", when `more` is
    better) or stay under ("≤"); without it the figure only informs.
    """

    name: str
    unit: str
    values: Sequence[float]
    ratios: Sequence[float] = ()
    against: str = ""
    bound: float | None = None
    more: bool = False

    @property
    def verdict(self) -> str:
        """`ok`, `missed`, or nothing where there is no bound."""
        if self.bound is None or not self.ratios:
            return ""
        middle = median(self.ratios)
        return "ok" if (middle >= self.bound if self.more else middle <= self.bound) else "missed"

    def __str__(self) -> str:
        """One line, about 130 columns."""
        line = f"  {self.name:<46} {spread(self.values):>20} {self.unit:<9}"
        if self.ratios:
            line += f" {spread(self.ratios):>16} × {self.against}"
        if self.bound is not None:
            line += f" ({'≥' if self.more else '≤'} {self.bound:g})  {self.verdict}"
        return line.rstrip()


def spread(values: Sequence[float]) -> str:
    """`min/median/max`, or the one value."""
    if len(values) == 1:
        return written(values[0])
    return "/".join(written(value) for value in (min(values), median(values), max(values)))


def written(value: float) -> str:
    """A number with about three digits."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def limited(name: str, unit: str, values: Sequence[float], limit: float) -> Figure:
    """A figure that must stay under `limit`, in the same unit."""
    ratios = [value / limit for value in values]
    return Figure(name, unit, values, ratios, f"{limit:g} {unit}", 1.0)


def compared(
    name: str, unit: str, ours: Sequence[float], peer: Sequence[float], against: str, bound: float | None = None
) -> Figure:
    """Ours beside the peer's, round by round; `bound` is the least ratio wanted."""
    ratios = [mine / its for mine, its in zip(ours, peer, strict=True)]
    return Figure(name, unit, ours, ratios, f"{against} ({spread(peer)})", bound, more=bound is not None)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
