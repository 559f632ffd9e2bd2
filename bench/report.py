"""Rows as a table, for a terminal and for `RESULTS.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.measure import Row

HEADS = ("measure", "subject", "p50", "p99", "samples", "aim", "")


def table(rows: list[Row]) -> list[tuple[str, ...]]:
    """Text cells; the measure stands in its first row only."""
    cells, last = [], ""
    for row in rows:
        aim = "" if row.aim_ms is None else f"≤ {written(row.aim_ms, row.unit)}"
        met = "" if row.aim_ms is None else (" ✓" if row.percentile(50) <= row.aim_ms else " missed")
        cells.append(
            (
                "" if row.measure == last else row.measure, row.subject,
                *(written(row.percentile(percent), row.unit) for percent in (50, 99)),
                f"{len(row.samples_ms):,}", aim + met, row.note,
            )
        )  # fmt: skip
        last = row.measure
    return cells


def as_text(rows: list[Row]) -> str:
    lines = [HEADS, *table(rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    return "\n".join("  ".join(cell.ljust(widths[i]) for i, cell in enumerate(line)).rstrip() for line in lines)


def as_markdown(rows: list[Row], facts: dict[str, object]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in dict(facts["versions"]).items())  # type: ignore[call-overload]
    lines = ["| " + " | ".join(HEADS) + " |", "| " + " | ".join("---" for _ in HEADS) + " |"]
    lines += ["| " + " | ".join(line) + " |" for line in table(rows)]
    return f"""# Results

Written by `{facts["command"]}` at commit {facts["commit"]}, {facts["measured"]}; the samples' figures are in `results.json`.

Machine: {facts["processor"]}, {facts["cpus"]} CPUs, {facts["memory_gib"]} GiB, {facts["system"]}; load before {facts["load_before"]}.
Python {facts["python"]}; {versions}.

{chr(10).join(lines)}

p99 by nearest rank: with fewer than a hundred samples it is the longest. Ours and the peers ran one after the other in the same run.
"""


def written(value: float, unit: str = "ms") -> str:
    """With three digits that count."""
    if unit == "ms" and value >= 1_000:
        return f"{value / 1_000:.2f} s"
    return f"{value:.3g} {unit}"
