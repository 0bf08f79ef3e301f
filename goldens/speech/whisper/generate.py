"""A tiny Whisper that was taught to write down tones, and what transformers makes of it.

Run from anywhere: python goldens/speech/whisper/generate.py (needs torch, transformers, tokenizers, safetensors).
Writes into crates/speech/tests/golden/whisper: `model/` as Hugging Face publishes one (two seconds at once instead
of thirty), `golden.safetensors` with sounds, spectrograms, encoder outputs and logits, `cases.json` with token ids
and texts, and the first sound as `cafe.wav`. Random weights alone would repeat one token for ever, so the model is
taught for a minute: each tone is a letter, a tone with overtones a capital; pure tones are "English", those with
overtones "German", noise is no speech.
"""

import json
import platform
import random
import wave
from pathlib import Path

import numpy
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

FOLDER = Path(__file__).resolve().parents[3] / "crates" / "speech" / "tests" / "golden" / "whisper"
SEED = 5
RATE = 16000
SECONDS = 2
BANDS = 20
PITCHES = [300, 500, 700, 900, 1300, 1800, 2500, 3500]
LETTERS = "abcdefgh"
TONE_S = 0.2
GAP_S = 0.05
STEPS = 1500
TASKS = ["<|translate|>", "<|transcribe|>"]
LANGUAGES = ["<|en|>", "<|de|>"]


def make_tokenizer():
    """Bytes and two merges, then the special tokens in the order of published vocabularies."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate(alphabet + ["ab", "AB"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("A", "B")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|startoftranscript|>", *LANGUAGES, *TASKS, "<|startoflm|>", "<|startofprev|>",
               "<|nospeech|>", "<|notimestamps|>"]
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    times = [f"<|{step * 0.02:.2f}|>" for step in range(SECONDS * 50 + 1)]
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in times])
    return tokenizer


def tones(word, rough):
    parts = [numpy.zeros(int(RATE * rough.uniform(0.02, 0.15)))]
    for letter in word:
        pitch = PITCHES[LETTERS.index(letter.lower())]
        at = numpy.arange(int(RATE * TONE_S)) / RATE
        tone = numpy.sin(2 * numpy.pi * pitch * at)
        if letter.isupper():
            tone = 0.6 * tone + 0.5 * numpy.sin(4 * numpy.pi * pitch * at)
        fade = numpy.minimum(1, numpy.minimum(at, TONE_S - at) / 0.01)
        parts += [0.3 * tone * fade, numpy.zeros(int(RATE * GAP_S))]
    sound = numpy.concatenate(parts)
    noise = numpy.random.default_rng(rough.randrange(1 << 30)).standard_normal(len(sound))
    # What is stored has 16 bits; so has what is learnt from.
    return (sound + 0.003 * noise).astype(numpy.float16).astype(numpy.float32)


def noise(rough):
    length = int(RATE * rough.uniform(0.8, 1.6))
    noise = numpy.random.default_rng(rough.randrange(1 << 30)).standard_normal(length)
    return (rough.uniform(0.02, 0.2) * noise).astype(numpy.float16).astype(numpy.float32)


def features(sound, bands=BANDS, seconds=SECONDS):
    extractor = WhisperFeatureExtractor(feature_size=bands, chunk_length=seconds)
    padded = numpy.zeros(seconds * RATE, numpy.float32)
    padded[: len(sound)] = sound[: len(padded)]
    # The path without torch computes in double precision, as published spectrograms do.
    return torch.tensor(extractor._np_extract_fbank_features(padded[None], "cpu")[0], dtype=torch.float32)


def teach(model, tokenizer, rough):
    ids = tokenizer.token_to_id
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, STEPS)
    for step in range(STEPS):
        mels, rows = [], []
        for _ in range(16):
            if rough.random() < 0.12:
                mels.append(features(noise(rough)))
                rows.append([ids("<|startoftranscript|>"), ids("<|nospeech|>"), ids("<|endoftext|>")])
                continue
            word = "".join(rough.choice(LETTERS) for _ in range(rough.randint(1, 6)))
            is_german = rough.random() < 0.5
            word = word.upper() if is_german else word
            language = LANGUAGES[is_german]
            mels.append(features(tones(word, rough)))
            prompt = [ids(token) for token in ("<|startoftranscript|>", language, "<|transcribe|>", "<|notimestamps|>")]
            rows.append(prompt + tokenizer.encode(word).ids + [ids("<|endoftext|>")])
        longest = max(map(len, rows))
        inputs = torch.tensor([row[:-1] + [0] * (longest - len(row)) for row in rows])
        labels = torch.tensor([row[1:] + [-100] * (longest - len(row)) for row in rows])
        # Language and task of speech are always right; what follows the prompt is to be learnt.
        loss = model(input_features=torch.stack(mels), decoder_input_ids=inputs, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        if step % 100 == 99:
            print(step + 1, round(loss.item(), 3), flush=True)
    return model.eval()


def new_model(tokenizer):
    ids = tokenizer.token_to_id
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(), num_mel_bins=BANDS, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=48,
        max_source_positions=SECONDS * 50, max_target_positions=24, activation_function="gelu",
        decoder_start_token_id=ids("<|startoftranscript|>"), eos_token_id=ids("<|endoftext|>"),
        bos_token_id=ids("<|endoftext|>"), pad_token_id=ids("<|endoftext|>"), suppress_tokens=None,
        begin_suppress_tokens=None, dropout=0.0, attention_dropout=0.0, activation_dropout=0.0,
    )
    torch.manual_seed(SEED)
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name != "model.encoder.embed_positions.weight":
                parameter.add_(torch.randn_like(parameter) * 0.05)
    generation = model.generation_config
    generation.is_multilingual = True
    generation.lang_to_id = {language: ids(language) for language in LANGUAGES}
    generation.task_to_id = {task.strip("<|>"): ids(task) for task in TASKS}
    generation.no_timestamps_token_id = ids("<|notimestamps|>")
    generation.max_length = 24
    generation.suppress_tokens = [ids(token) for token in ("<|startoftranscript|>", *TASKS, "<|startoflm|>",
                                                            "<|startofprev|>", "<|nospeech|>")]
    generation.begin_suppress_tokens = [ids("Ġ"), ids("<|endoftext|>")]
    return model


def cases_of(model, tokenizer, sounds):
    ids = tokenizer.token_to_id
    tensors, cases = {}, []
    for number, sound in enumerate(sounds):
        mel = features(sound)
        asked = mel[None]
        tensors[f"sound.{number}"] = torch.tensor(sound, dtype=torch.float16)
        tensors[f"mel.{number}"] = mel.T
        heard = model.model.encoder(asked).last_hidden_state
        tensors[f"encoder.{number}"] = heard[0]
        language = int(model.detect_language(input_features=asked, generation_config=model.generation_config)[0])
        start = ids("<|startoftranscript|>")
        first = model(input_features=asked, decoder_input_ids=torch.tensor([[start]])).logits[0, -1]
        tensors[f"first.{number}"] = first
        name = tokenizer.id_to_token(language)
        outputs = []
        for barred in ([], [ids("c"), ids("C")]):
            suppressed = model.generation_config.suppress_tokens + barred
            out = model.generate(input_features=asked, language=name, task="transcribe", do_sample=False,
                                 return_timestamps=False, suppress_tokens=suppressed, max_new_tokens=12)[0].tolist()
            prompt = [start, language, ids("<|transcribe|>"), ids("<|notimestamps|>")]
            words = out[4:] if out[:4] == prompt else out
            outputs.append({"barred": barred, "tokens": [token for token in words if token != ids("<|endoftext|>")]})
        forced = prompt + outputs[0]["tokens"]
        logits = model(input_features=asked, decoder_input_ids=torch.tensor([forced])).logits[0]
        tensors[f"logits.{number}"] = logits
        cases.append({
            "language": name.strip("<|>"), "prompt": prompt, "forced": forced, "outputs": outputs,
            "text": tokenizer.decode(outputs[0]["tokens"], skip_special_tokens=True),
            "no_speech": torch.softmax(first, -1)[ids("<|nospeech|>")].item(),
        })
    return tensors, cases


def write_wav(path, sound):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32768).round().clip(-32768, 32767).astype("<i2").tobytes())


def main():
    rough = random.Random(SEED)
    torch.set_num_threads(1)
    tokenizer = make_tokenizer()
    model = teach(new_model(tokenizer), tokenizer, rough)
    sounds = [tones(word, random.Random(100 + number)) for number, word in enumerate(["cafe", "DEAF", "hedge"])]
    sounds.append(noise(random.Random(7)))
    with torch.no_grad():
        tensors, cases = cases_of(model, tokenizer, sounds)
    for bands in (80, 128):
        tensors[f"bands.{bands}"] = features(sounds[0], bands, 1).T
    # What candle's own Whisper computes instead of the exact GELU, and how far that leads.
    exact = tensors["logits.0"]
    for layer in [*model.model.encoder.layers, *model.model.decoder.layers]:
        layer.activation_fn = torch.nn.GELU(approximate="tanh")
    with torch.no_grad():
        other = model(input_features=features(sounds[0])[None], decoder_input_ids=torch.tensor([cases[0]["forced"]]))
    print("logits differ by", (other.logits[0] - exact).abs().max().item(), "with the approximate GELU in the layers")
    for layer in [*model.model.encoder.layers, *model.model.decoder.layers]:
        layer.activation_fn = torch.nn.GELU()
    (FOLDER / "model").mkdir(parents=True, exist_ok=True)
    model.save_pretrained(FOLDER / "model")
    (FOLDER / "model" / "tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n")
    write_wav(FOLDER / "cafe.wav", sounds[0])
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, FOLDER / "golden.safetensors")
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__,
                "transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
    lines = ['script = "goldens/speech/whisper/generate.py"', f"seed = {SEED}", "", "[versions]"]
    lines += [f'{name} = "{version}"' for name, version in sorted(versions.items())]
    (FOLDER / "provenance.toml").write_text("\n".join(lines) + "\n")
    print([(case["text"], case["language"], round(case["no_speech"], 3)) for case in cases])


main()
