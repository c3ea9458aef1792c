"""What the baselines share: reading an event, and the check against `paritywatch replay`."""

import json

try:
    import orjson

    loads, PARSER = orjson.loads, f"orjson {orjson.__version__}"
except ImportError:
    loads, PARSER = json.loads, "json of the standard library"

ASSESSED, SELECTED, CONTROLLED, CONCLUDED, HITS = range(5)

# The indicators of paritywatch's answer, each with what it counts as events and as exposed.
INDICATORS = {
    "selection_rate": (SELECTED, ASSESSED),
    "control_frequency": (CONTROLLED, ASSESSED),
    "outcome_coverage": (CONCLUDED, CONTROLLED),
}


def group_totals(counts):
    """Adds hours up. `counts` maps (channel, dimension, group, hour) to five numbers."""
    totals = {}
    for (channel, dimension, group, _hour), numbers in counts.items():
        total = totals.setdefault((channel, dimension, group), [0] * 5)
        for index, number in enumerate(numbers):
            total[index] += number
    return totals


def check(counts, replay_file):
    """Compares with the JSON of `replay` under plain.toml, whose one window holds the whole stream. Ends the program where they differ."""
    totals = group_totals(counts)
    with open(replay_file, encoding="utf-8") as file:
        findings = json.load(file)["findings"]
    compared = 0
    for finding in findings:
        events, exposed = INDICATORS[finding["indicator"]]
        ours = totals[finding["channel"], finding["dimension"], finding["group"]]
        theirs = finding["group_counts"]
        if (ours[events], ours[exposed]) != (theirs["events"], theirs["exposed"]):
            raise SystemExit(f"{finding['indicator']} of {finding['group']}: {ours} here, {theirs} by paritywatch")
        compared += 1
    groups = sum(channel == "profile" for channel, _, _ in totals)
    if compared != groups * len(INDICATORS):
        raise SystemExit(f"{compared} findings for {groups} groups")
    return compared
