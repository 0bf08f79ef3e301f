//! The published all-MiniLM-L6-v2, where `scripts/fetch-minilm.sh` has put it.

use std::path::PathBuf;

use smes_nn::{
    Params, Pass, Tensor,
    bert::{self, BertConfig, BertEncoder, mean_pool, unit_length},
    tokenizer::TextTokenizer,
};

fn model_folder() -> Option<PathBuf> {
    let named = std::env::var_os("SMES_MINILM").map(PathBuf::from);
    let cached = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.cache/minilm");
    let folder = named.unwrap_or(cached);
    if folder.join("model.safetensors").is_file() {
        return Some(folder);
    }
    println!(
        "skipped: no MiniLM in `{}`; run scripts/fetch-minilm.sh",
        folder.display()
    );
    None
}

#[test]
fn sentence_vectors_equal_sentence_transformers() {
    let Some(folder) = model_folder() else { return };
    let json = std::fs::read(folder.join("config.json")).unwrap();
    let config = BertConfig::from_json(&json, "config.json").unwrap();
    let weights = folder.join("model.safetensors");
    let params = Params::from_safetensors_except(weights, &bert::NOT_IN_ENCODER).unwrap();
    let encoder = BertEncoder::load(&params.loader(), &config).unwrap();
    params.check_all_used().unwrap();
    let tokenizer = TextTokenizer::from_file(folder.join("tokenizer.json")).unwrap();
    let texts = [
        "The river is high today.",
        "Water levels have risen.",
        "I bought three lemons!",
    ];
    let batch = tokenizer.encode_batch(&texts, 128).unwrap();
    assert_eq!(
        batch.token_ids.to_vec2::<u32>().unwrap()[0],
        TOKEN_IDS,
        "token ids of the first sentence"
    );
    let hidden = encoder
        .forward(&batch.token_ids, &batch.attention_mask, &mut Pass::eval())
        .unwrap();
    let vectors = unit_length(&mean_pool(&hidden, &batch.attention_mask).unwrap()).unwrap();
    let first: Vec<f32> = vectors
        .narrow(0, 0, 1)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap();
    for (found, expected) in first.iter().zip(FIRST_NUMBERS) {
        assert!((found - expected).abs() < 1e-5, "{found} beside {expected}");
    }
    let cosine = |a: usize, b: usize| -> f32 {
        let row = |idx| vectors.narrow(0, idx, 1).unwrap();
        let product: Tensor = (row(a) * row(b)).unwrap().sum_all().unwrap();
        product.to_scalar().unwrap()
    };
    for (a, b, expected) in COSINES {
        assert!(
            (cosine(a, b) - expected).abs() < 1e-5,
            "sentences {a} and {b}"
        );
    }
}

// From sentence-transformers 6.2.0, `encode(texts, normalize_embeddings=True)`.
const TOKEN_IDS: [u32; 8] = [101, 1996, 2314, 2003, 2152, 2651, 1012, 102];
const FIRST_NUMBERS: [f32; 8] = [
    0.031_050_8,
    0.098_817_7,
    0.012_232_7,
    -0.026_080_8,
    -0.061_200_1,
    -0.014_317_0,
    0.008_754_5,
    0.003_848_0,
];
const COSINES: [(usize, usize, f32); 3] = [(0, 1, 0.484_884), (0, 2, 0.089_921), (1, 2, 0.097_943)];
