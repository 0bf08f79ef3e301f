"""A real OpenAI-compatible server with schema-bound answers, to try `smes rate judge` without any download.

Run: python scripts/serve-tiny-judge.py [--port 8080]   (needs xllamacpp, gguf, numpy)
Then: smes rate judge STUDY --endpoint http://127.0.0.1:8080/v1 --model tiny

The server is llama.cpp's. The model is one layer of random weights over bytes: its judgements mean nothing, but they
come through the real protocol, bound by a grammar that the server makes of the schema.
"""

import argparse
import pathlib
import tempfile

import numpy
import tiny_llama
from tiny_llama import HIDDEN


def write_model(path):
    writer, tokens = tiny_llama.language_model(path)
    random = numpy.random.default_rng(0)

    def weights(*shape):
        return (random.standard_normal(shape) * 0.3).astype(numpy.float32)

    tables = {name: weights(len(tokens), HIDDEN) for name in ("token_embd.weight", "output.weight")}
    tiny_llama.write(writer, tiny_llama.layer(weights) | tables)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tiny.gguf"
        write_model(path)
        tiny_llama.serve(path, port)


if __name__ == "__main__":
    main()
