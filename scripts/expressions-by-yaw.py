#!/usr/bin/env python3
"""How well expressions are read of heads that are turned: where they are no longer judged, and why.

Joins the predictions of a run of the face model with those of a run of the head model, validation and test
together, and prints how often the likeliest expression is right, and how probable it was said to be, by the
yaw that was read.

    scripts/expressions-by-yaw.py RUN_OF_FACE RUN_OF_HEAD
"""

import argparse
import json
import pathlib

YAWS = [0, 10, 20, 30, 90]


def lines(run):
    with (run / "predictions.jsonl").open() as file:
        return [json.loads(line) for line in file]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("face", type=pathlib.Path)
    parser.add_argument("head", type=pathlib.Path)
    options = parser.parse_args()
    yaw = {line["image"]: abs(line["read"]["yaw"]) for line in lines(options.head)}
    judged = [line for line in lines(options.face) if line["split"] != "train" and line["image"] in yaw]
    print("| yaw that was read, degrees | faces | right, % | said to be, % |")
    print("|---|---|---|---|")
    for least, most in zip(YAWS, YAWS[1:]):
        some = [line for line in judged if least <= yaw[line["image"]] < most]
        named = [max(line["probabilities"].items(), key=lambda pair: pair[1]) for line in some]
        right = sum(name == line["gold"] for (name, _), line in zip(named, some))
        sure = sum(probability for _, probability in named)
        n = max(1, len(some))
        print(f"| {least} to {most} | {len(some)} | {100 * right / n:.0f} | {100 * sure / n:.0f} |")


if __name__ == "__main__":
    main()
