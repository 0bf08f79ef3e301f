"""How heads are turned in real clips, by MediaPipe's face mesh: nobody in them is in the faces set.

    pip install mediapipe==0.10.14
    scripts/label-face-poses.py DATA/faces poses
    python goldens/cues/head/generate.py DATA/clips poses

Pictures are picked as `smes` picks them, 8 a second; in many no face is found. Writes
crates/cues/tests/golden/head/clips.csv: angles of the one face of a picture, as in poses.csv.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
CLIPS = ["silence_girl.mp4", "birthday.mp4", "IronMan.mp4"]
WIDTH, FPS = 640, 8


def script():
    spec = importlib.util.spec_from_file_location("poses", ROOT / "scripts" / "label-face-poses.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pictures(path):
    """Times in milliseconds, and pictures in blue, green, red."""
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height"]
    size = subprocess.run([*probe, "-of", "csv=p=0", path], check=True, capture_output=True, text=True).stdout
    width, height = map(int, size.strip().split(","))
    height = round(WIDTH * height / width / 2) * 2
    look = f"fps={FPS}:round=up:start_time=0,scale={WIDTH}:{height}"
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-vf", look]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"], check=True, capture_output=True)
    frames = np.frombuffer(raw.stdout, np.uint8).reshape(-1, height, WIDTH, 3)
    for at, frame in enumerate(frames):
        yield at * 1000 // FPS, frame


def main():
    clips, poses = Path(sys.argv[1]), np.load(Path(sys.argv[2]) / "mean.npz")
    label = script()
    mesh = label.Mesh()
    lines = ["clip,time_ms,yaw,pitch,roll"]
    for clip in CLIPS:
        for time_ms, picture in pictures(clips / clip):
            points = mesh.points(picture, margin=0)
            if points is not None:
                yaw, pitch, roll = label.angles(label.rotation(poses["face"], points))
                lines.append(f"{clip},{time_ms},{yaw:.1f},{pitch - poses['pitch']:.1f},{roll:.1f}")
    out = ROOT / "crates" / "cues" / "tests" / "golden" / "head" / "clips.csv"
    out.write_text("\n".join(lines) + "\n")


main()
