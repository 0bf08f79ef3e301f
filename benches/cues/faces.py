#!/usr/bin/env python3
"""Speed of `smes clip` on a video with a face beside OpenCV and MediaPipe, in the same run.

A clip and a recording of a voice are strung together into a video of 640 x 480 at 30 frames a second.
`smes clip` decodes it, reads the voice, and looks at 8 pictures a second. The other side, for the
pictures only: OpenCV decodes, finds faces by its frontal cascade in 320 pixels at 8 pictures a second,
and describes them by HOG, to which a linear machine of six classes is applied (its weights are zero: they
do not change the time); MediaPipe finds and follows a face in the same pictures and gives the points of its
mesh. Each is the best of three runs. With `--minutes 60` smes runs once and alone, to show what memory it
takes. MediaPipe may live in a Python of its own, which `--mediapipe` names.

    pip install "opencv-python-headless<5" numpy mediapipe==0.10.14
    cargo build --release -p smes
    benches/cues/faces.py CLIP_WITH_A_FACE VOICE.wav [--minutes 1] [--program target/release/smes]
        [--mediapipe python]
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

REPEATS = 3

PICTURES = """
import sys, time, cv2, numpy as np

def pictures():
    video, due_ms = cv2.VideoCapture(sys.argv[1]), 0.0
    while video.grab():
        if video.get(cv2.CAP_PROP_POS_MSEC) >= due_ms:
            due_ms += 125.0
            yield cv2.resize(video.retrieve()[1], (320, 240))
"""

HOG = """
cv2.setNumThreads(int(sys.argv[2]))
faces = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
hog = cv2.HOGDescriptor((64, 64), (16, 16), (8, 8), (8, 8), 9)
weights = np.zeros((6, hog.getDescriptorSize()), np.float32)
started, used, n_seen = time.perf_counter(), time.process_time(), 0
for frame in pictures():
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    for x, y, w, h in faces.detectMultiScale(grey, 1.1, 5, minSize=(40, 40)):
        weights @ hog.compute(cv2.resize(grey[y:y + h, x:x + w], (64, 64)))
        n_seen += 1
"""

MESH = """
import mediapipe
mesh = mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True)
started, used, n_seen = time.perf_counter(), time.process_time(), 0
for frame in pictures():
    n_seen += mesh.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).multi_face_landmarks is not None
"""

REPORT = "print(time.process_time() - used, time.perf_counter() - started, n_seen)"


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, args)], check=True)


def make(clip, voice, minutes, folder):
    """A video of so many minutes; its first minute is encoded, the others are copies of it."""
    minute, whole = folder / "minute.mp4", folder / "whole.mp4"
    look = "scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:-1:-1,fps=30"
    loops = ["-stream_loop", "-1", "-i", clip, "-stream_loop", "-1", "-i", voice, "-t", "60"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    ffmpeg(*loops, "-map", "0:v:0", "-map", "1:a:0", "-vf", look, *coded, minute)
    ffmpeg("-stream_loop", minutes - 1, "-i", minute, "-c", "copy", whole)
    return whole


def smes(program, video):
    """Processor seconds with ffmpeg's, seconds on the clock, and MB of the largest process."""
    started = time.perf_counter()
    child = subprocess.Popen([program, "--quiet", "clip", video, "--json"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"`{program} clip` ended with status {status}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - started, used.ru_maxrss / 1024


def peer(python, code, video):
    """Processor seconds, seconds on the clock, faces; imports and models are left out."""
    command = [python, "-c", PICTURES + code + REPORT, str(video), str(os.cpu_count())]
    runs = (subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(REPEATS))
    return min([float(number) for number in run.stdout.split()] for run in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=pathlib.Path)
    parser.add_argument("voice", type=pathlib.Path)
    parser.add_argument("--minutes", type=int, default=1)
    parser.add_argument("--program", default="target/release/smes")
    parser.add_argument("--mediapipe", default=sys.executable, help="a Python that has it")
    options = parser.parse_args()
    peers = [("OpenCV: face alone", sys.executable, HOG), ("MediaPipe: mesh of the face alone", options.mediapipe, MESH)]
    with tempfile.TemporaryDirectory() as folder:
        video = make(options.clip, options.voice, options.minutes, pathlib.Path(folder))
        is_long = options.minutes > 1
        ours = min(smes(options.program, video) for _ in range(1 if is_long else REPEATS))
        theirs = [] if is_long else [(name, peer(python, code, video)) for name, python, code in peers]
    total = 60 * options.minutes
    print(f"{total} s of video, {os.cpu_count()} cores\n")
    print("| | processor seconds | times real time, by processor time on one core | on the clock |")
    print("|---|---|---|---|")
    print(f"| smes clip: voice and face | {ours[0]:.2f} | {total / ours[0]:.0f} | {total / ours[1]:.0f} |")
    for name, (used, took, _) in theirs:
        print(f"| {name} | {used:.2f} | {total / used:.0f} | {total / took:.0f} |")
    for name, (_, _, n_faces) in theirs:
        print(f"\n{name}: {n_faces:.0f} faces")
    print(f"\nLargest process of smes clip: {ours[2]:.0f} MB")


if __name__ == "__main__":
    main()
