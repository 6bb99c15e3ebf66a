"""Each test that client-lib/mls/RULES.md names exists, and its rules are numbered without a gap.

rules_check.py ROOT       prints one line a finding, exit 1 when there is one
rules_check.py --canary   checks itself with a planted name and a planted gap
"""
import pathlib
import re
import sys

NAME = re.compile(r"`([A-Z][A-Za-z0-9]*\.[A-Z][A-Za-z0-9]*)`")
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*([A-Za-z0-9]+),\s*([A-Za-z0-9]+)\)", re.MULTILINE)


def findings(rules, tests):
    for name in sorted(set(NAME.findall(rules))):
        if name not in tests:
            yield f"RULES.md names {name}, and there is no such test"
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", rules, re.MULTILINE)]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        yield "RULES.md: the rules are not numbered from 1 without a gap"
    for line in re.findall(r"^\| \d+ \|.*$", rules, re.MULTILINE):
        if not NAME.search(line):
            yield f"RULES.md: a rule without a test: {line[:60]}"


def tests_in(root):
    found = set()
    for path in root.joinpath("tests").rglob("*.cpp"):
        found.update(".".join(match) for match in TEST.findall(path.read_text(encoding="utf-8")))
    return found


def canary():
    good = "| 1 | a rule | `Suite.Exists` |\n"
    tests = {"Suite.Exists"}
    caught = [
        list(findings(good, tests)) == [],
        any("no such test" in line for line in findings(good.replace("Exists", "Gone"), tests)),
        any("gap" in line for line in findings(good + good.replace("| 1 |", "| 3 |"), tests)),
        any("without a test" in line for line in findings("| 1 | a rule | none |\n", tests)),
    ]
    return all(caught)


if __name__ == "__main__":
    if sys.argv[1:] == ["--canary"]:
        sys.exit(0 if canary() else 1)
    home = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    seen = list(findings(home.joinpath("client-lib/mls/RULES.md").read_text(encoding="utf-8"), tests_in(home)))
    print("\n".join(seen) or "rules_check: every named test exists")
    sys.exit(1 if seen else 0)
