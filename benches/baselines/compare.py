#!/usr/bin/env python3
"""Counts one stream by `paritywatch replay` and by programs in Python, and prints the processor time of each.

    benches/baselines/compare.py PARITYWATCH [--events N] [--rounds N]

All must come to the same counts. Rounds alternate in their order; figures are medians with their range.
"""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# How many times as much processor time the program must take.
TARGETS = {"plain.py": 12, "dataflow.py": 60}


def seconds(command, output):
    """Runs a command. Returns the processor time that it took."""
    with open(output, "wb") as out:
        child = subprocess.Popen([str(part) for part in command], stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def rounds(commands, count, folder):
    times = {name: [] for name in commands}
    for number in range(count):
        names = list(commands)
        for name in reversed(names) if number % 2 else names:
            times[name].append(seconds(commands[name], folder / f"{name}.out"))
    return times


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("paritywatch", type=Path)
    arguments.add_argument("--events", type=int, default=500_000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    print(f"load average {os.getloadavg()[0]:.2f} at the start; Python {sys.version.split()[0]}")
    programs = ["plain.py"]
    if importlib.util.find_spec("bytewax"):
        programs.append("dataflow.py")
    else:
        print("dataflow.py: not measured, bytewax is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events, evaluation = folder / "events.jsonl", folder / "evaluation.json"
        stream = ["--scenario", "skewed-selection", "--profile", "skewed", "--events", options.events, "--to", events]
        seconds([options.paritywatch, "generate", *stream], os.devnull)
        replay = [options.paritywatch, "replay", "--config", HERE / "plain.toml", "--format", "json", events]
        seconds(replay, evaluation)
        for program in programs:
            # Before the rounds, which leave the comparison out.
            subprocess.run([sys.executable, HERE / program, events, "--check", evaluation], check=True)
        commands = {"replay": replay} | {program: [sys.executable, HERE / program, events] for program in programs}
        times = rounds(commands, options.rounds, folder)
    print(f"{options.events} events, {options.rounds} rounds; processor time in seconds, median (range)")
    print(f"| replay | {spread(times['replay'], 2)} | |")
    for program in programs:
        ratios = [theirs / ours for theirs, ours in zip(times[program], times["replay"])]
        verdict = "met" if statistics.median(ratios) >= TARGETS[program] else "not met"
        print(f"| {program} | {spread(times[program], 2)} | {spread(ratios, 1)} times as much; target {TARGETS[program]}: {verdict} |")


main()
