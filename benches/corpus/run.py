"""Times import + check + statistics of MESC, `smes` beside pandas, in one run on one machine.

    cargo build --release -p smes
    pip install pandas
    python benches/corpus/run.py --data FOLDER_WITH_MESC_CSV_AND_JSON [--times 100]

Prints a Markdown table: median wall time over the repetitions (alternating, after one warm-up) and
the largest resident memory of any process. `--times N` also measures `smes` on N copies of MESC with
dialogue numbers of their own, to show that memory does not grow with the corpus.
"""

import argparse
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent


def measured(command: list[str]) -> tuple[float, int, float]:
    """Wall time in ms, peak resident memory in KiB and processor time in ms of a command.

    The peak is never below this script's own: a child begins as its copy.
    """
    with open(os.devnull, "wb") as nowhere:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(child.pid, 0)
        took = (time.perf_counter() - began) * 1000
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return took, usage.ru_maxrss, (usage.ru_utime + usage.ru_stime) * 1000


def smes(program: str, data: Path, out: Path) -> list[tuple[float, int, float]]:
    importing = [program, "corpus", "import", "mesc", "--csv", str(data / "MESC.csv"),
                 "--json", f"validation={data / 'val.json'}", "--json", f"test={data / 'test.json'}",
                 "--out", str(out)]
    return [measured(importing)] + [measured([program, "corpus", verb, str(out)])
                                    for verb in ("check", "stats")]


def pandas(data: Path) -> list[tuple[float, int, float]]:
    files = [str(data / name) for name in ("MESC.csv", "val.json", "test.json")]
    return [measured([sys.executable, str(HERE / "peer.py"), *files])]


def copies(data: Path, folder: Path, n: int) -> None:
    """N copies of MESC: the csv with shifted dialogue numbers, the json files repeated."""
    header, *rows = (data / "MESC.csv").read_text(encoding="utf-8").splitlines()
    number = re.compile(r",(\d+)(,\d+,\d+,\d+,\"[^\"]*\",\"[^\"]*\")$")
    with open(folder / "MESC.csv", "w", encoding="utf-8") as out:
        out.write(header + "\r\n")
        for copy in range(n):
            shift = 1019 * copy
            for row in rows:
                out.write(number.sub(lambda m: f",{int(m[1]) + shift}{m[2]}", row) + "\r\n")
    for name in ("val.json", "test.json"):
        text = json.dumps(json.loads((data / name).read_text(encoding="utf-8")),
                          indent=4, ensure_ascii=False).strip()[1:-1]
        with open(folder / name, "w", encoding="utf-8") as out:
            out.write("[" + ",".join([text] * n) + "]")


def row(name: str, runs: list[list[tuple[float, int, float]]]) -> str:
    totals = [sum(took for took, _, _ in run) for run in runs]
    peak = max(memory for run in runs for _, memory, _ in run) / 1024
    processor = statistics.median(sum(cpu for _, _, cpu in run) for run in runs)
    parts = " + ".join(f"{statistics.median(run[idx][0] for run in runs):.0f}"
                       for idx in range(len(runs[0])))
    return (f"| {name} | {statistics.median(totals):.0f} ms | {parts} | "
            f"{min(totals):.0f}..{max(totals):.0f} ms | {processor:.0f} ms | {peak:.0f} MB |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--program", default="target/release/smes")
    parser.add_argument("--repetitions", type=int, default=11)
    parser.add_argument("--times", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        temp = Path(temp)
        out = temp / "mesc"
        smes(args.program, args.data, out)
        pandas(args.data)
        ours, theirs = [], []
        for _ in range(args.repetitions):
            ours.append(smes(args.program, args.data, out))
            theirs.append(pandas(args.data))
        print("| import + check + statistics of MESC | median | import + check + stats, ms | range | processor time | peak memory |")
        print("|---|---|---|---|---|---|")
        print(row("`smes` (three processes)", ours))
        print(row("pandas (one process)", theirs))
        if args.times:
            data = temp / "copies"
            data.mkdir()
            # In a process of its own, whose memory the measured programs do not begin with.
            making = multiprocessing.get_context("spawn").Process(
                target=copies, args=(args.data, data, args.times))
            making.start()
            making.join()
            runs = [smes(args.program, data, out)]
            print(row(f"`smes`, {args.times} copies of MESC", runs))


if __name__ == "__main__":
    main()
