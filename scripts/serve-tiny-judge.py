"""A real OpenAI-compatible server with schema-bound answers, to try `smes rate judge` without any download.

Run: python scripts/serve-tiny-judge.py [--port 8080]   (needs xllamacpp, gguf, numpy)
Then: smes rate judge STUDY --endpoint http://127.0.0.1:8080/v1 --model tiny

The server is llama.cpp's. The model is one layer of random weights over bytes: its judgements mean nothing, but they
come through the real protocol, bound by a grammar that the server makes of the schema.
"""

import argparse
import pathlib
import tempfile
import time

import gguf
import numpy
import xllamacpp

HIDDEN, HEADS, FORWARD = 32, 2, 64


def write_model(path):
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.BYTE] * 256
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(32768)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(1)
    writer.add_feed_forward_length(FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:")
    random = numpy.random.default_rng(0)
    square = ("attn_q", "attn_k", "attn_v", "attn_output")
    shapes = {f"blk.0.{name}.weight": (HIDDEN, HIDDEN) for name in square}
    shapes |= {
        "token_embd.weight": (len(tokens), HIDDEN),
        "output.weight": (len(tokens), HIDDEN),
        "blk.0.ffn_gate.weight": (FORWARD, HIDDEN),
        "blk.0.ffn_up.weight": (FORWARD, HIDDEN),
        "blk.0.ffn_down.weight": (HIDDEN, FORWARD),
    }
    for name, shape in shapes.items():
        writer.add_tensor(name, (random.standard_normal(shape) * 0.3).astype(numpy.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", numpy.ones(HIDDEN, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tiny.gguf"
        write_model(path)
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = 65536
        params.n_parallel = 2
        # More threads than free cores wait for each other in loops.
        params.cpuparams.n_threads = 1
        params.cpuparams_batch.n_threads = 1
        params.warmup = False
        params.use_jinja = True
        params.hostnames = ["127.0.0.1"]
        params.port = port
        server = xllamacpp.Server(params)
        print(f"{server.listening_address}/v1", flush=True)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
