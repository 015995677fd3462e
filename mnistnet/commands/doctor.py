"""`mnistnet doctor`: whether all is there that mnistnet needs, and how to get what is not."""

import argparse
import json

from mnistnet.commands import printable, show_error
from mnistnet.commands.checks import BROKEN, OK, Finding, find_all


def build_parser() -> argparse.ArgumentParser:
    """The options of the doctor."""
    parser = argparse.ArgumentParser(
        prog="mnistnet doctor",
        description="Check versions, packages, threads, home folder, data, models and extras, and say how to get what "
        "is missing. Exit status 1 where something is broken; what is merely missing can be done without.",
        epilog="example: mnistnet doctor --json",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as one line of JSON")
    parser.add_argument("--quiet", action="store_true", help="show only what is missing or broken")
    return parser


def run(args: argparse.Namespace) -> int:
    """Check everything; 1 where something is broken."""
    findings = []
    for finding in find_all():
        findings.append(finding)
        if not args.json and not (args.quiet and finding.state == OK):
            print("\n".join(map(printable, describe(finding))), flush=True)
    broken = [finding.name for finding in findings if finding.state == BROKEN]
    if args.json:
        print(json.dumps({"healthy": not broken, "findings": [as_json(finding) for finding in findings]}))
    elif not broken and not args.quiet:
        print("\nNothing is broken.")
    if broken:
        show_error(f"broken: {', '.join(broken)}")
    return 1 if broken else 0


def describe(finding: Finding) -> list[str]:
    """What was found, and what to do."""
    line = f"{finding.state:8} {finding.name:16} {finding.text}"
    return [line, f"{'':25} {finding.remedy}"] if finding.remedy else [line]


def as_json(finding: Finding) -> dict[str, object]:
    """The finding as JSON values."""
    return finding._asdict() | {"facts": dict(finding.facts)}
