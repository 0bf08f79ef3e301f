"""A llama.cpp server with a model of one layer of random weights over bytes; for the scripts that serve tiny models."""

import time

import numpy

HIDDEN, HEADS, FORWARD = 32, 2, 64


def language_model(path, words=()):
    """A writer of a model over bytes and these words, and its tokens; it lacks its tensors."""
    import gguf

    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + list(words)
    kinds = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.BYTE] * 256
    kinds += [gguf.TokenType.NORMAL] * len(words)
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
    return writer, tokens


def layer(weights):
    """The tensors of the one layer and of the norm after it; `weights` draws them by their shape."""
    attention = ("attn_q", "attn_k", "attn_v", "attn_output")
    tensors = {f"blk.0.{name}.weight": weights(HIDDEN, HIDDEN) for name in attention}
    tensors |= {f"{name}.weight": numpy.ones(HIDDEN, numpy.float32) for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm")}
    return tensors | {
        "blk.0.ffn_gate.weight": weights(FORWARD, HIDDEN),
        "blk.0.ffn_up.weight": weights(FORWARD, HIDDEN),
        "blk.0.ffn_down.weight": weights(HIDDEN, FORWARD),
    }


def write(writer, tensors):
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def serve(model, port, senses=None):
    """Serves until it is stopped, and prints its address and the model's name; `senses` is a file of its eyes and ears."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    if senses:
        params.mmproj.path = str(senses)
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
    print(f"{server.listening_address}/v1 --model tiny", flush=True)
    while True:
        time.sleep(1)
