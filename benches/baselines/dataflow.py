"""The same counts as plain.py, as a dataflow of bytewax, which is a stream processor for Python.

    dataflow.py FILE [--check REPLAY.json]

Written for bytewax 0.21.1 (`pip install bytewax==0.21.1`). Events are keyed by case, joined by a stateful step, and added up by group and hour.
"""

import sys
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulLogic
from bytewax.testing import TestingSink, run_main

from counting import ASSESSED, CONCLUDED, CONTROLLED, HITS, PARSER, SELECTED, check, loads


class Case(StatefulLogic):
    """One case: which ids were seen, and its groups. Emits what is to be added to the counters."""

    def __init__(self, state):
        self.seen, self.case = state if state else (set(), None)

    def on_item(self, event):
        identity = (event["source"], event["id"])
        if identity in self.seen:
            return [], StatefulLogic.RETAIN
        self.seen.add(identity)
        data = event["data"]
        kind = event["type"]
        changes = []
        if kind == "paritywatch.selection.v1":
            self.case = (data.get("channel", "profile"), event["time"][:13], data["groups"])
            changes = [ASSESSED, SELECTED] if data["selected"] else [ASSESSED]
        elif kind == "paritywatch.control.v1":
            changes = [CONTROLLED]
        elif kind == "paritywatch.outcome.v1" and data["outcome"] != "unknown":
            changes = [CONCLUDED, HITS] if data["outcome"] == "violation" else [CONCLUDED]
        if not changes:
            return [], StatefulLogic.RETAIN
        channel, hour, groups = self.case
        keys = [(channel, dimension, group, hour) for dimension, group in groups.items()]
        return [(key, changes) for key in keys], StatefulLogic.RETAIN

    def snapshot(self):
        return set(self.seen), self.case


def add(numbers, changes):
    numbers = list(numbers)
    for index in changes:
        numbers[index] += 1
    return numbers


def main():
    added = []
    flow = Dataflow("counts")
    lines = op.input("lines", flow, FileSource(Path(sys.argv[1])))
    events = op.map("parse", lines, loads)
    by_case = op.key_on("case", events, lambda event: event["data"]["case_id"])
    changes = op.stateful("join", by_case, Case)
    by_group = op.map("group", changes, lambda change: ("|".join(change[1][0]), change[1][1]))
    counts = op.fold_final("add", by_group, lambda: [0] * 5, add)
    op.output("counts", counts, TestingSink(added))
    run_main(flow)
    if "--check" in sys.argv:
        counts = {tuple(key.split("|")): numbers for key, numbers in added}
        compared = check(counts, sys.argv[sys.argv.index("--check") + 1])
        print(f"{compared} findings have the same counts; read with {PARSER}")


main()
