"""A real server of OpenAI's /v1/audio/transcriptions, to try `--transcriber endpoint:URL` without any download.

Run: python scripts/serve-tiny-whisper.py [--port 8000]   (needs transformers[serving], librosa, python-multipart)
Then: smes transcribe crates/speech/tests/golden/whisper/cafe.wav --transcriber endpoint:http://127.0.0.1:8000/v1 \
          --transcriber-model PRINTED-FOLDER

The server is transformers'. The model is the tiny one of goldens/speech, which writes down tones as letters.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

from transformers import WhisperFeatureExtractor, WhisperProcessor, WhisperTokenizerFast

MODEL = pathlib.Path(__file__).resolve().parents[1] / "crates" / "speech" / "tests" / "golden" / "whisper" / "model"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory() as folder:
        for file in MODEL.iterdir():
            shutil.copy(file, folder)
        tokenizer = WhisperTokenizerFast(tokenizer_file=str(MODEL / "tokenizer.json"))
        features = WhisperFeatureExtractor(feature_size=20, chunk_length=2)
        WhisperProcessor(features, tokenizer).save_pretrained(folder)
        print(f"http://127.0.0.1:{port}/v1 --transcriber-model {folder}", flush=True)
        program = pathlib.Path(sys.executable).with_name("transformers")
        subprocess.run([program, "serve", "--host", "127.0.0.1", "--port", str(port), folder], check=False)


if __name__ == "__main__":
    main()
