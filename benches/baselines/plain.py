"""The obvious program in Python: a dict of cases, a set of ids that were seen, counters per group and hour.

    plain.py FILE [--check REPLAY.json] [--measured]

It does much less than paritywatch: nothing is validated, pseudonymised, forgotten, kept on disk or judged, and nothing is a rolling window.
"""

import resource
import sys
import time

from counting import ASSESSED, CONCLUDED, CONTROLLED, HITS, PARSER, SELECTED, check, loads


def add(counts, case, index):
    channel, hour, groups = case
    for dimension, group in groups.items():
        key = (channel, dimension, group, hour)
        numbers = counts.get(key)
        if numbers is None:
            numbers = counts[key] = [0] * 5
        numbers[index] += 1


def count(lines):
    cases, seen, counts = {}, set(), {}
    for line in lines:
        event = loads(line)
        identity = (event["source"], event["id"])
        if identity in seen:
            continue
        seen.add(identity)
        data = event["data"]
        kind = event["type"]
        if kind == "paritywatch.selection.v1":
            # The hour, as the first 13 characters of the time.
            case = (data.get("channel", "profile"), event["time"][:13], data["groups"])
            cases[data["case_id"]] = case
            add(counts, case, ASSESSED)
            if data["selected"]:
                add(counts, case, SELECTED)
        elif kind == "paritywatch.control.v1":
            add(counts, cases[data["case_id"]], CONTROLLED)
        elif kind == "paritywatch.outcome.v1":
            outcome = data["outcome"]
            if outcome != "unknown":
                add(counts, cases[data["case_id"]], CONCLUDED)
            if outcome == "violation":
                add(counts, cases[data["case_id"]], HITS)
    return counts


def main():
    began = time.monotonic_ns()
    with open(sys.argv[-1] if sys.argv[1] == "--measured" else sys.argv[1], "rb") as file:
        counts = count(file)
    wall = time.monotonic_ns() - began
    if "--check" in sys.argv:
        compared = check(counts, sys.argv[sys.argv.index("--check") + 1])
        print(f"{compared} findings have the same counts; read with {PARSER}")
    if "--measured" in sys.argv:
        print(f"wall\t{wall}")
        print(f"memory\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}")
        print(f"thread\tpython3, {PARSER}\t{time.process_time_ns()}")


main()
