#!/usr/bin/env python3
"""How heads are turned in photographs of faces, by MediaPipe's face mesh: what `smes train` learns from.

The mesh gives 468 points in three dimensions. A mean face is fitted to them by rotation alone (W. Kabsch
1976); the mean face is that of all photographs, made its own mirror image. The rotation is written as angles
in degrees, roll outermost, so that a photograph turned in its plane changes roll alone:

- yaw: the nose points to the right of the picture (positive) or to its left,
- pitch: the nose points up (positive) or down; 0 is the mean of all photographs,
- roll: the head is tilted clockwise in the picture (positive) or the other way.

    pip install mediapipe==0.10.14
    scripts/label-face-poses.py DATA/faces poses

writes poses/poses.csv, a link poses/images to the photographs, and the mean face. Also prints what holds of the labels
themselves: of photographs mirrored and turned by known angles.
"""

import argparse
import csv
import pathlib

import cv2
import mediapipe
import numpy as np

FACE_POINTS = 468  # ten more are of the irises
MARGIN = 0.25  # around a photograph that a face fills: the detector wants some
N_CHECKED, TURNS = 300, [-30, -15, 15, 30]


class Mesh:
    def __init__(self):
        self.net = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True, refine_landmarks=True, max_num_faces=1, min_detection_confidence=0.3
        )

    def points(self, picture, margin=MARGIN):
        """468 x 3, in pixels; x to the right, y up, z towards the camera. None without a face."""
        height, width = (round(side * margin) for side in picture.shape[:2])
        wide = cv2.copyMakeBorder(picture, height, height, width, width, cv2.BORDER_REPLICATE)
        found = self.net.process(np.ascontiguousarray(wide[:, :, ::-1])).multi_face_landmarks
        if not found:
            return None
        scale = np.array([wide.shape[1], -wide.shape[0], -wide.shape[1]])
        return np.array([[p.x, p.y, p.z] for p in found[0].landmark[:FACE_POINTS]]) * scale


def centred(points):
    points = points - points.mean(0)
    return points / np.sqrt((points**2).sum(1).mean())


def rotation(mean, points):
    """The rotation that takes the mean face to a face."""
    left, _, right = np.linalg.svd(centred(points).T @ mean)
    return left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right


def mean_face(faces):
    """Of all faces, each turned to the mean before it; its left and right made alike."""
    flip = np.array([-1.0, 1, 1])
    mean = centred(np.mean([centred(face) for face in faces], 0))
    for _ in range(5):
        mean = np.mean([centred(face) @ rotation(mean, face) for face in faces], 0)
        other = np.linalg.norm(mean[:, None] * flip - mean[None], axis=2).argmin(1)
        mean = centred((mean + mean[other] * flip) / 2)
    return mean


def angles(turn):
    """Yaw, pitch, roll of R = Rz(-roll) Ry(yaw) Rx(-pitch), degrees."""
    pitch = np.arctan2(turn[2, 1], turn[2, 2])
    yaw = np.arctan2(-turn[2, 0], np.hypot(turn[2, 1], turn[2, 2]))
    roll = np.arctan2(-turn[1, 0], turn[0, 0])
    return np.degrees([yaw, -pitch, roll])


def check(mesh, mean, files):
    """Prints how far the labels keep what mirroring and turning must do to them."""
    mirrored, turned = [], []
    for file in files:
        picture = cv2.imread(str(file))
        points, other = mesh.points(picture), mesh.points(picture[:, ::-1])
        if points is None or other is None:
            continue
        here, there = angles(rotation(mean, points)), angles(rotation(mean, other))
        mirrored.append(np.abs(there * [-1, 1, -1] - here))
        height, width = picture.shape[:2]
        for turn in TURNS:
            by = cv2.getRotationMatrix2D((width / 2, height / 2), -turn, 1)
            other = mesh.points(cv2.warpAffine(picture, by, (width, height), borderMode=cv2.BORDER_REPLICATE))
            if other is not None:
                turned.append(np.abs(angles(rotation(mean, other)) - here - [0, 0, turn]))
    print("mean distance from what must hold, degrees: yaw, pitch, roll")
    print(f"mirrored ({len(mirrored)}):", np.mean(mirrored, 0).round(2))
    print(f"turned in the plane by 15 or 30 ({len(turned)}):", np.mean(turned, 0).round(2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    mesh, faces = Mesh(), {}
    files = sorted((options.folder / "images").iterdir())
    for file in files:
        picture = cv2.imread(str(file))
        points = None if picture is None else mesh.points(picture)
        if points is not None:
            faces[file.name] = points
    mean = mean_face(list(faces.values()))
    found = np.array([angles(rotation(mean, points)) for points in faces.values()])
    level = found[:, 1].mean()
    found[:, 1] -= level
    np.savez(options.out / "mean.npz", face=mean, pitch=level)
    (options.out / "images").symlink_to((options.folder / "images").resolve())
    with (options.out / "poses.csv").open("w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["image", "yaw", "pitch", "roll"])
        rows.writerows([name, *pose.round(2)] for name, pose in zip(faces, found))
    print(f"{len(files)} photographs, {len(faces)} with a face; spread in degrees:", found.std(0).round(1))
    checked = [options.folder / "images" / name for name in faces]
    check(mesh, mean, checked[:: max(1, len(files) // N_CHECKED)])


if __name__ == "__main__":
    main()
