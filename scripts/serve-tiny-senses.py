"""A real OpenAI-compatible server that sees, hears or only reads, to try `--extractor endpoint:URL` without any download.

Run: python scripts/serve-tiny-senses.py [--port 8080] [--senses see,hear]   (needs xllamacpp, gguf, numpy)
 or: python scripts/serve-tiny-senses.py --server transformers               (needs transformers[serving], torch, numpy, pillow)
Then: smes cues DIR --extractor endpoint:http://127.0.0.1:8080/v1 --model PRINTED-NAME --out cues.jsonl

The server is llama.cpp's or transformers'. Its language model says one sentence, word after word, whatever it is shown;
its senses have one layer of random weights each: with llama.cpp, eyes (a CLIP of LLaVA's kind) and ears (a Whisper of
Ultravox's kind), with transformers the eyes of Idefics3. What it answers means nothing, but pictures and sound go through
the real protocol, decoders and projectors, and what a server has no sense for it refuses, fails at or leaves out as
others of its kind do.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import tiny_llama
from tiny_llama import FORWARD, HEADS, HIDDEN, write

IMAGE, PATCH = 28, 14
MELS, SOUND_POSITIONS, STACK = 80, 1500, 10
# No word twice: each calls for the next.
WORDS = "The face looks calm and its voice sounds even.".split()


def random_of(seed):
    random = numpy.random.default_rng(seed)
    return lambda *shape: (random.standard_normal(shape) * 0.1).astype(numpy.float32)


def write_language_model(path):
    """Bytes and the words of a sentence; the head of a word is the vector of the word before it."""
    words = ["\u2581" + word for word in WORDS]
    writer, tokens = tiny_llama.language_model(path, words)
    weights = random_of(0)
    table = weights(len(tokens), HIDDEN)
    table /= numpy.linalg.norm(table, axis=1, keepdims=True)
    head = numpy.zeros_like(table)
    said = [tokens.index("<0x3A>"), *map(tokens.index, words), tokens.index("</s>")]
    for before, after in zip(said, said[1:]):
        head[after] = 10 * table[before]
    # So small that what was said last decides.
    layer = tiny_llama.layer(lambda *shape: 0.1 * weights(*shape))
    write(writer, layer | {"token_embd.weight": table, "output.weight": head})


def encoder(prefix, weights, norm):
    """One layer of a transformer under the names of `clip.cpp`."""
    layer = f"{prefix}.blk.0"
    tensors = {f"{prefix}.{norm}.weight": numpy.ones(HIDDEN, numpy.float32), f"{prefix}.{norm}.bias": weights(HIDDEN)}
    for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
        tensors |= {f"{layer}.{name}.weight": weights(HIDDEN, HIDDEN), f"{layer}.{name}.bias": weights(HIDDEN)}
    for name in ("ln1", "ln2"):
        tensors |= {f"{layer}.{name}.weight": numpy.ones(HIDDEN, numpy.float32), f"{layer}.{name}.bias": weights(HIDDEN)}
    return tensors | {
        f"{layer}.ffn_up.weight": weights(FORWARD, HIDDEN),
        f"{layer}.ffn_up.bias": weights(FORWARD),
        f"{layer}.ffn_down.weight": weights(HIDDEN, FORWARD),
        f"{layer}.ffn_down.bias": weights(HIDDEN),
    }


def write_projector(path, senses):
    import gguf

    writer = gguf.GGUFWriter(path, "clip")
    weights, tensors = random_of(1), {}
    writer.add_bool("clip.use_gelu", True)
    writer.add_bool("clip.has_vision_encoder", "see" in senses)
    writer.add_bool("clip.has_audio_encoder", "hear" in senses)
    if "see" in senses:
        writer.add_string("clip.vision.projector_type", "mlp")
        writer.add_uint32("clip.vision.image_size", IMAGE)
        writer.add_uint32("clip.vision.patch_size", PATCH)
        writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
        writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
        n_positions = (IMAGE // PATCH) ** 2 + 1
        tensors |= encoder("v", weights, "pre_ln") | {
            "v.class_embd": weights(HIDDEN),
            "v.patch_embd.weight": weights(HIDDEN, 3, PATCH, PATCH),
            "v.position_embd.weight": weights(n_positions, HIDDEN),
            "mm.0.weight": weights(HIDDEN, HIDDEN), "mm.0.bias": weights(HIDDEN),
            "mm.2.weight": weights(HIDDEN, HIDDEN), "mm.2.bias": weights(HIDDEN),
        }
    if "hear" in senses:
        writer.add_string("clip.audio.projector_type", "ultravox")
        writer.add_uint32("clip.audio.num_mel_bins", MELS)
        writer.add_uint32("clip.audio.projector.stack_factor", STACK)
        tensors |= encoder("a", weights, "post_ln")
        # Whisper's keys have no bias.
        del tensors["a.blk.0.attn_k.bias"]
        tensors |= {
            "a.conv1d.1.weight": weights(HIDDEN, MELS, 3), "a.conv1d.1.bias": weights(HIDDEN, 1),
            "a.conv1d.2.weight": weights(HIDDEN, HIDDEN, 3), "a.conv1d.2.bias": weights(HIDDEN, 1),
            "a.position_embd.weight": weights(SOUND_POSITIONS, HIDDEN),
            "mm.a.mlp.1.weight": weights(FORWARD, HIDDEN * STACK),
            "mm.a.mlp.2.weight": weights(HIDDEN, FORWARD // 2),
            "mm.a.norm_pre.weight": numpy.ones(HIDDEN * STACK, numpy.float32),
            "mm.a.norm_mid.weight": numpy.ones(FORWARD // 2, numpy.float32),
        }
    for sense, name in (("see", "vision"), ("hear", "audio")):
        if sense in senses:
            writer.add_uint32(f"clip.{name}.embedding_length", HIDDEN)
            writer.add_uint32(f"clip.{name}.feed_forward_length", FORWARD)
            writer.add_uint32(f"clip.{name}.block_count", 1)
            writer.add_uint32(f"clip.{name}.projection_dim", HIDDEN)
            writer.add_uint32(f"clip.{name}.attention.head_count", HEADS)
            writer.add_float32(f"clip.{name}.attention.layer_norm_epsilon", 1e-5)
    write(writer, tensors)


def write_idefics(folder):
    """An Idefics3 that sees pictures, with the tokenizer and processor that transformers' server asks for."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        Idefics3Config, Idefics3ForConditionalGeneration, Idefics3ImageProcessor, Idefics3Processor, PreTrainedTokenizerFast,
    )

    special = ["<pad>", "<s>", "</s>", "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
    words = ["\u0120" + word for word in WORDS]
    tokens = special + sorted(pre_tokenizers.ByteLevel.alphabet()) + words
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", additional_special_tokens=special[3:]
    )
    size = {"longest_edge": IMAGE}
    pictures = Idefics3ImageProcessor(size=size, max_image_size=size, do_image_splitting=False)
    part = "{% if c.type == 'image' %}<image>{% elif c.type == 'text' %}{{ c.text }}{% endif %}"
    content = "{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}" + part + "{% endfor %}{% endif %}"
    template = "{% for m in messages %}{{ m.role }}: " + content + "\n{% endfor %}assistant:"
    Idefics3Processor(pictures, tokenizer, image_seq_len=1, chat_template=template).save_pretrained(folder)
    shape = {"hidden_size": HIDDEN, "intermediate_size": FORWARD, "num_hidden_layers": 1, "num_attention_heads": HEADS}
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    reads = {"model_type": "llama", "vocab_size": len(tokens), "num_key_value_heads": HEADS, "max_position_embeddings": 8192}
    torch.manual_seed(0)
    model = Idefics3ForConditionalGeneration(Idefics3Config(
        scale_factor=IMAGE // PATCH, image_token_id=special.index("<image>"), pad_token_id=0, tie_word_embeddings=False,
        vision_config=shape | {"image_size": IMAGE, "patch_size": PATCH},
        text_config=shape | ends | reads | {"tie_word_embeddings": False},
    ))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "text_model.layers" in name and "norm" not in name:
                weight.mul_(0.1)
        table = model.get_input_embeddings().weight
        table.div_(table.norm(dim=1, keepdim=True))
        head = model.get_output_embeddings().weight
        head.zero_()
        said = [tokens.index(":"), *map(tokens.index, words), tokens.index("</s>")]
        for before, after in zip(said, said[1:]):
            head[after] = 10 * table[before]
    model.generation_config.update(**ends)
    model.save_pretrained(folder)


def serve_transformers(folder, port):
    write_idefics(folder)
    print(f"http://127.0.0.1:{port}/v1 --model {folder}", flush=True)
    program = pathlib.Path(sys.executable).with_name("transformers")
    subprocess.run([program, "serve", "--host", "127.0.0.1", "--port", str(port), folder], check=False)


def serve_llama(folder, port, senses):
    model, projector = folder / "tiny.gguf", folder / "senses.gguf"
    write_language_model(model)
    if senses:
        write_projector(projector, senses)
    tiny_llama.serve(model, port, projector if senses else None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--server", choices=["llama.cpp", "transformers"], default="llama.cpp")
    parser.add_argument("--senses", default="see,hear", help="of llama.cpp: see,hear; empty for a server that only reads")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.server == "transformers":
            serve_transformers(pathlib.Path(folder), arguments.port)
        else:
            senses = [sense for sense in arguments.senses.split(",") if sense]
            serve_llama(pathlib.Path(folder), arguments.port, senses)


if __name__ == "__main__":
    main()
