"""Run it all: print the table, write `bench/results.json` and `bench/RESULTS.md`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench import containers, machine, neighbours, ours, pages, peers, report, through_boto3
from bench.docker_host import docker_host


def main() -> int:
    facts = machine.facts()
    rows = [*ours.measure(), ours.first_cell()]
    with docker_host() as address:
        if address:
            rows += [*containers.measure(address), *neighbours.measure("docker")]
        rows += neighbours.measure("process")
    rows += [*peers.measure(), *through_boto3.measure(), *pages.measure()]
    order = list(dict.fromkeys(row.measure for row in rows))
    rows.sort(key=lambda row: order.index(row.measure))
    folder = Path(__file__).parent
    results = {**facts, "rows": [row.as_json() for row in rows]}
    (folder / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (folder / "RESULTS.md").write_text(report.as_markdown(rows, facts))
    print(report.as_text(rows))
    print(f"bench: written to {folder.name}/results.json and {folder.name}/RESULTS.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
