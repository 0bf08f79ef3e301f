"""The work of `smes corpus import mesc`, `check` and `stats`, in pandas: the peer of the benchmark.

Reads MESC.csv and the json files, matches the splits by length and prefix, takes utterance and cue
apart, runs the same checks, and prints the figures of Table II, Table III and Figure 3 as JSON.

    pip install pandas
    python peer.py MESC.csv val.json test.json
"""

import hashlib
import json
import re
import sys

import pandas as pd

ANSWERS = re.compile(r"""(?<=[.!?"')])(?=[A-Z"])""")


def milliseconds(times: pd.Series) -> pd.Series:
    parts = times.str.extract(r"^(\d+):(\d+):(\d+),(\d+)$").astype("int64")
    return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3]


def read(csv_path: str) -> pd.DataFrame:
    with open(csv_path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    rows = pd.read_csv(csv_path, encoding="utf-8-sig", keep_default_na=False)
    rows["Utterance"] = rows["Utterance"].str.split().str.join(" ")
    rows["Strategy"] = rows["Strategy"].replace({"open question": "Open question"})
    rows["start"], rows["end"] = milliseconds(rows["StartTime"]), milliseconds(rows["EndTime"])
    rows.attrs["sha256"] = digest
    return rows


def match(rows: pd.DataFrame, files: dict[str, str]) -> tuple[dict[int, str], list]:
    by_length: dict[int, list] = {}
    for dialogue, group in rows.groupby("Dialogue_ID", sort=False):
        by_length.setdefault(len(group), []).append((dialogue, group["Utterance"].tolist()))
    split, cues = {}, []
    for name, path in files.items():
        with open(path, encoding="utf-8") as file:
            dialogues = json.load(file)
        for found in dialogues:
            texts = [" ".join(turn["text"].split()) for turn in found["dialog"]]
            for dialogue, utterances in by_length.get(len(texts), []):
                if dialogue not in split and all(map(str.startswith, texts, utterances)):
                    break
            else:
                raise SystemExit(f"{path}: a dialogue is not in the csv")
            split[dialogue] = name
            for idx, (text, utterance) in enumerate(zip(texts, utterances)):
                cue = text[len(utterance):].lstrip(" ,")
                is_user = found["dialog"][idx]["speaker"] == "user"
                answers = ANSWERS.split(cue, maxsplit=1) if is_user else [cue]
                cues.append((dialogue, idx, *answers))
    return split, cues


def check(rows: pd.DataFrame) -> dict:
    by_dialogue = rows.groupby("Dialogue_ID", sort=False)
    assert (rows["Utterance_ID"] == by_dialogue.cumcount()).all()
    assert rows["Speaker"].isin(["Client", "Therapist"]).all()
    assert ((rows["Speaker"] == "Client") == (rows["Strategy"] == "undefined")).all()
    before = by_dialogue[["start", "end"]].shift()
    same = (rows["start"] == before["start"]) & (rows["end"] == before["end"])
    keys = ["Season", "Episode", "start", "end", "Utterance"]
    places = rows.groupby(keys)["split"].agg(set)
    return {
        "identical_span": int(same.sum()),
        "backwards_time": int((rows["start"] < before["start"]).sum()),
        "short_span": int((rows["end"] - rows["start"] < 300).sum()),
        "test_in_train": int(places.map(lambda found: {"test", "train"} <= found).sum()),
        "validation_in_train": int(places.map(lambda found: {"validation", "train"} <= found).sum()),
    }


def main() -> None:
    csv_path, validation, test = sys.argv[1:4]
    rows = read(csv_path)
    split, cues = match(rows, {"validation": validation, "test": test})
    rows["split"] = rows["Dialogue_ID"].map(split).fillna("train")
    found = check(rows)
    supporter = rows[rows["Speaker"] == "Therapist"]
    n_rows = rows.groupby("Dialogue_ID")["Utterance_ID"].transform("size")
    phase = (4 * (rows["Utterance_ID"] + 1) - 1) // n_rows
    characters = rows["Utterance"].str.len()
    print(json.dumps({
        "sha256": rows.attrs["sha256"],
        "cues": len(cues),
        "check": found,
        "utterances": rows.groupby("Speaker").size().to_dict(),
        "characters": characters.groupby(rows["Speaker"]).mean().to_dict(),
        "emotions": pd.crosstab(rows["Emotion"], rows["split"]).to_dict(),
        "strategies": pd.crosstab(supporter["Strategy"], supporter["split"]).to_dict(),
        "phases": pd.crosstab(supporter["Strategy"], phase[supporter.index]).to_dict(),
    }))


if __name__ == "__main__":
    main()
