//! The composite twins of the fused operations: same forward, same gradients, and both agree with
//! finite differences, for odd shapes.

use candle_core::{D, DType, Device, Tensor, Var};
use proptest::prelude::*;

use super::{LayerNorm, Linear, attend, gelu, gru::Gru, log_softmax, masked_softmax, softmax};
use crate::{Init, NnError, Params, RandomStream};

fn random(seed: u64, shape: &[usize]) -> Var {
    let stream = RandomStream::new(seed);
    let n_elements = shape.iter().product::<usize>() as u64;
    #[expect(clippy::cast_possible_truncation, reason = "test numbers")]
    let values: Vec<f32> = (0..n_elements).map(|i| stream.normal(i) as f32).collect();
    Var::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_near(what: &str, a: &Tensor, b: &Tensor, tolerance: f32) {
    assert_eq!(a.dims(), b.dims(), "{what}");
    for (a, b) in numbers(a).into_iter().zip(numbers(b)) {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "{what}: {a} beside {b}"
        );
    }
}

type Function<'a> = &'a dyn Fn() -> Result<Tensor, NnError>;

/// Forward and gradients of `fused` and `twin` agree, under a loss that weighs every output.
fn check_twins(fused: Function<'_>, twin: Function<'_>, inputs: &[&Var]) {
    let (found, expected) = (fused().unwrap(), twin().unwrap());
    assert_near("forward", &found, &expected, 2e-5);
    let weights = random(99, found.dims());
    let backward = |y: Tensor| {
        (y * weights.as_tensor())
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
    };
    let (found, expected) = (backward(found).unwrap(), backward(expected).unwrap());
    for (idx, input) in inputs.iter().enumerate() {
        let found = found
            .get(input)
            .expect("the fused operation passes a gradient");
        assert_near(
            &format!("gradient {idx}"),
            found,
            expected.get(input).unwrap(),
            2e-4,
        );
    }
}

/// The gradient of the sum of squares of `fused` is what moving each number a little shows.
fn check_finite_differences(fused: Function<'_>, inputs: &[&Var]) {
    const STEP: f32 = 1e-2;
    let loss = || fused().unwrap().sqr().unwrap().sum_all().unwrap();
    let gradients = loss().backward().unwrap();
    for input in inputs {
        let start = numbers(input);
        let gradient = numbers(gradients.get(input).unwrap());
        for i in 0..start.len() {
            let at = |value: f32| {
                let mut moved = start.clone();
                moved[i] = value;
                input
                    .set(&Tensor::from_vec(moved, input.shape(), &Device::Cpu).unwrap())
                    .unwrap();
                loss().to_scalar::<f32>().unwrap()
            };
            let slope = (at(start[i] + STEP) - at(start[i] - STEP)) / (2.0 * STEP);
            at(start[i]);
            let difference = (slope - gradient[i]).abs();
            assert!(
                difference < 0.02 * slope.abs().max(1.0),
                "{slope} beside {}",
                gradient[i]
            );
        }
    }
}

fn composite_layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, NnError> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?;
    Ok(normal.broadcast_mul(weight)?.broadcast_add(bias)?)
}

fn composite_softmax(x: &Tensor) -> Result<Tensor, NnError> {
    let exponential = x
        .broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?
        .exp()?;
    Ok(exponential.broadcast_div(&exponential.sum_keepdim(D::Minus1)?)?)
}

/// Hides by a large negative number, then wipes rows in which nothing was visible.
fn composite_masked_softmax(x: &Tensor, is_visible: &Tensor) -> Result<Tensor, NnError> {
    let visible = is_visible.to_dtype(DType::F32)?;
    let hidden = ((visible.affine(-1.0, 1.0))? * -1e4)?;
    Ok((composite_softmax(&(x + hidden)?)? * visible)?)
}

fn composite_attention(
    [query, key, value]: [&Tensor; 3],
    is_visible: &Tensor,
    n_heads: usize,
    is_causal: bool,
) -> Result<Tensor, NnError> {
    let (batch, length, width) = query.dims3()?;
    let split = |x: &Tensor| -> Result<Tensor, NnError> {
        let heads = x.reshape((batch, length, n_heads, width / n_heads))?;
        Ok(heads.transpose(1, 2)?.contiguous()?)
    };
    let scale = 1.0 / ((width / n_heads) as f64).sqrt();
    let keys = split(key)?.transpose(2, 3)?.contiguous()?;
    let scores = (split(query)?.matmul(&keys)? * scale)?;
    let mut visible = is_visible
        .reshape((batch, 1, 1, length))?
        .broadcast_as(scores.shape())?;
    if is_causal {
        let below = Tensor::tril2(length, DType::U8, &Device::Cpu)?;
        visible = (visible * below.broadcast_as(scores.shape())?)?;
    }
    let mixed =
        composite_masked_softmax(&scores, &visible.contiguous()?)?.matmul(&split(value)?)?;
    Ok(mixed.transpose(1, 2)?.reshape((batch, length, width))?)
}

fn layer_norm(width: usize) -> (LayerNorm, Var, Var) {
    let params = Params::new();
    let layer = LayerNorm::load(&params.initialiser(0), width, 1e-5).unwrap();
    let [(_, bias), (_, weight)] = &params.trainable()[..] else {
        panic!("two parameters")
    };
    weight.set(&random(1, &[width])).unwrap();
    bias.set(&random(2, &[width])).unwrap();
    (layer, weight.clone(), bias.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn layer_norm_equals_its_composite(rows in 1_usize..70, width in 2_usize..400, seed: u64) {
        let x = random(seed, &[rows, width]);
        let (layer, weight, bias) = layer_norm(width);
        check_twins(
            &|| layer.forward(&x),
            &|| composite_layer_norm(&x, &weight, &bias),
            &[&x, &weight, &bias],
        );
    }

    #[test]
    fn gelu_equals_its_composite(rows in 1_usize..40, width in 1_usize..900, seed: u64) {
        let x = random(seed, &[rows, width]);
        check_twins(&|| gelu(&x), &|| Ok(x.gelu_erf()?), &[&x]);
    }

    #[test]
    fn softmax_equals_its_composite(rows in 1_usize..300, width in 1_usize..90, seed: u64) {
        let x = random(seed, &[rows, width]);
        check_twins(&|| softmax(&x), &|| composite_softmax(&x), &[&x]);
        check_twins(&|| Ok(log_softmax(&x)?.exp()?), &|| composite_softmax(&x), &[&x]);
    }

    #[test]
    fn masked_softmax_equals_its_composite(
        rows in 1_usize..9,
        width in 1_usize..20,
        bits: u64,
        seed: u64,
    ) {
        let x = random(seed, &[rows, width]);
        let visible: Vec<u8> = (0..rows * width).map(|i| (bits >> (i % 64) & 1) as u8).collect();
        let visible = Tensor::from_vec(visible, (rows, width), &Device::Cpu).unwrap();
        check_twins(
            &|| masked_softmax(&x, &visible),
            &|| composite_masked_softmax(&x, &visible),
            &[&x],
        );
    }

    #[test]
    fn linear_equals_its_composite(
        batch in 1_usize..4,
        rows in 1_usize..50,
        n_in in 1_usize..30,
        n_out in 1_usize..400,
        seed: u64,
    ) {
        let x = random(seed, &[batch, rows, n_in]);
        let params = Params::new();
        let layer = Linear::load(&params.initialiser(seed), n_in, n_out).unwrap();
        let [(_, bias), (_, weight)] = &params.trainable()[..] else { panic!("two parameters") };
        let twin = || -> Result<Tensor, NnError> {
            let product = x.broadcast_matmul(&weight.t()?)?;
            Ok(product.broadcast_add(bias)?)
        };
        check_twins(&|| layer.forward(&x), &twin, &[&x, weight, bias]);
    }

    #[test]
    fn attention_equals_its_composite(
        batch in 1_usize..4,
        length in 1_usize..20,
        n_heads in 1_usize..4,
        head_width in 1_usize..40,
        is_causal: bool,
        bits: u64,
        seed: u64,
    ) {
        let shape = [batch, length, n_heads * head_width];
        let [query, key, value] = [1, 2, 3].map(|i| random(seed ^ i, &shape));
        let visible: Vec<u8> = (0..batch * length).map(|i| (bits >> (i % 64) & 1) as u8).collect();
        let visible = Tensor::from_vec(visible, (batch, length), &Device::Cpu).unwrap();
        check_twins(
            &|| attend(&query, &key, &value, &visible, n_heads, is_causal),
            &|| composite_attention([&query, &key, &value], &visible, n_heads, is_causal),
            &[&query, &key, &value],
        );
    }
}

#[test]
fn fused_operations_agree_with_finite_differences() {
    let x = random(7, &[3, 5]);
    let (layer, weight, bias) = layer_norm(5);
    check_finite_differences(&|| layer.forward(&x), &[&x, &weight, &bias]);
    check_finite_differences(&|| gelu(&x), &[&x]);
    check_finite_differences(&|| softmax(&x), &[&x]);

    let [query, key, value] = [1, 2, 3].map(|seed| random(seed, &[2, 3, 4]));
    let visible = Tensor::new(&[[1_u8, 1, 0], [1, 1, 1]], &Device::Cpu).unwrap();
    check_finite_differences(
        &|| attend(&query, &key, &value, &visible, 2, false),
        &[&query, &key, &value],
    );

    let params = Params::new();
    let gru = Gru::load(&params.initialiser(4), 4, 3).unwrap();
    let vars: Vec<Var> = params.trainable().into_iter().map(|(_, var)| var).collect();
    let inputs: Vec<&Var> = std::iter::once(&query).chain(&vars).collect();
    check_finite_differences(&|| gru.forward(&query, None), &inputs);
}

#[test]
fn a_created_parameter_has_the_spread_it_was_asked_for() {
    let params = Params::new();
    let weight = params
        .initialiser(1)
        .get("w", &[100, 100], Init::Uniform(0.5))
        .unwrap();
    let values = numbers(&weight);
    assert!(values.iter().all(|value| (-0.5..0.5).contains(value)));
    let mean_square = values.iter().map(|value| value * value).sum::<f32>() / 10_000.0;
    assert!((mean_square - 1.0 / 12.0).abs() < 0.003, "{mean_square}");
}
