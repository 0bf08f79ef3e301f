"""librosa's mel spectrogram and torch.nn.LSTM with the shipped weights: the impression of two sounds.

Run from anywhere: python goldens/cues/voice_encoder/generate.py. The sounds are a gliding buzz in noise,
of different lengths; the reference code is Resemblyzer's `wav_to_mel_spectrogram` and `VoiceEncoder`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "goldens" / "nn"))

import librosa
import numpy
import torch
from safetensors.torch import load_file

import common

SEED = 15
RATE = 16_000


def sound(seconds, low, high):
    time = numpy.arange(int(seconds * RATE)) / RATE
    phase = numpy.cumsum(numpy.linspace(low, high, time.size)) / RATE
    buzz = sum(numpy.sin(2 * numpy.pi * k * phase) / k for k in range(1, 20))
    loud = 0.5 - 0.5 * numpy.cos(2 * numpy.pi * 4 * time)
    noise = 0.01 * numpy.random.standard_normal(time.size)
    return (0.05 * loud * buzz + noise).astype(numpy.float32)


def whole(name, weights):
    """A tensor as numbers: matrices are stored in 8 bits with a scale a row."""
    value, scale = weights[name].float(), weights.get(f"{name}.scale")
    return value if scale is None else value * scale[:, None]


def main():
    numpy.random.seed(SEED)
    weights = load_file(ROOT / "models" / "voice" / "encoder.safetensors")
    weights = {name.removeprefix("lstm."): whole(name, weights) for name in weights if not name.endswith(".scale")}
    tensors = {}
    for case, args in enumerate([(1.2, 120, 220), (0.7, 260, 180)]):
        samples = sound(*args)
        # Beyond its ends a sound is silent; librosa before 0.10 mirrored it.
        powers = librosa.feature.melspectrogram(
            y=samples, sr=RATE, n_fft=400, hop_length=160, n_mels=40, pad_mode="constant"
        )
        x = torch.tensor(powers.T)[None]
        impression = []
        for layer in range(3):
            lstm = torch.nn.LSTM(x.shape[-1], 256, batch_first=True)
            own = {name: value for name, value in weights.items() if name.endswith(f"_l{layer}")}
            lstm.load_state_dict({name.replace(f"_l{layer}", "_l0"): value for name, value in own.items()})
            x = lstm(x)[0]
            if layer > 0:
                impression += [x[0].mean(0), x[0].std(0, correction=0)]
        tensors[f"{case}.samples"] = torch.tensor(samples)
        tensors[f"{case}.impression"] = torch.cat(impression)
    common.write("voice_encoder", "voice_encoder/generate.py", tensors, SEED, crate="cues")


main()
