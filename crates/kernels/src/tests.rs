//! The composite twins of the fused operations: same forward, same gradients, and both agree with
//! finite differences, for odd shapes.

mod every;

use candle_core::{D, DType, Device, Tensor, Var};
use proptest::prelude::*;

use crate::{
    Affine, AttentionSpec, DropoutMask, KernelError, KeyValues, PostNorm, Precision, Projections,
    RandomStream, attention, backward, cross_entropy, dropout, dropout_add, embedding,
    feed_forward, gelu, gru, layer_norm, linear, log_softmax, masked_softmax, patches,
    projected_attention, residual_layer_norm, softmax, tied_cross_entropy,
};

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

type Function<'a> = &'a dyn Fn() -> Result<Tensor, KernelError>;

/// Forward and gradients of `fused` and `twin` agree, under a loss that weighs every output.
fn check_twins(fused: Function<'_>, twin: Function<'_>, inputs: &[&Var]) {
    let (found, expected) = (fused().unwrap(), twin().unwrap());
    assert_near("forward", &found, &expected, 2e-5);
    let weights = random(99, found.dims());
    let loss = |y: Tensor| (y * weights.as_tensor()).unwrap().sum_all().unwrap();
    let found = backward(&loss(found)).unwrap();
    let expected = loss(expected).backward().unwrap();
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
    let gradients = backward(&loss()).unwrap();
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

fn composite_layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, KernelError> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?;
    Ok(normal.broadcast_mul(weight)?.broadcast_add(bias)?)
}

fn composite_softmax(x: &Tensor) -> Result<Tensor, KernelError> {
    let exponential = x
        .broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?
        .exp()?;
    Ok(exponential.broadcast_div(&exponential.sum_keepdim(D::Minus1)?)?)
}

/// Hides by a large negative number, then wipes rows in which nothing was visible.
fn composite_masked_softmax(x: &Tensor, is_visible: &Tensor) -> Result<Tensor, KernelError> {
    let visible = is_visible.to_dtype(DType::F32)?;
    let hidden = ((visible.affine(-1.0, 1.0))? * -1e4)?;
    Ok((composite_softmax(&(x + hidden)?)? * visible)?)
}

/// Heads by transposition, masks as zeros after the softmax, dropout as a given factor.
fn composite_attention(
    [query, key, value]: [&Tensor; 3],
    is_visible: &Tensor,
    spec: &AttentionSpec<'_>,
) -> Result<Tensor, KernelError> {
    let ((batch, n_queries, width), n_keys) = (query.dims3()?, key.dim(1)?);
    let split = |x: &Tensor, length| -> Result<Tensor, KernelError> {
        let heads = x.reshape((batch, length, spec.n_heads, width / spec.n_heads))?;
        Ok(heads.transpose(1, 2)?.contiguous()?)
    };
    let keys = split(key, n_keys)?.transpose(2, 3)?.contiguous()?;
    let scores = (split(query, n_queries)?.matmul(&keys)? * f64::from(spec.scale))?;
    let mut visible = is_visible
        .reshape((batch, 1, 1, n_keys))?
        .broadcast_as(scores.shape())?;
    if spec.is_causal {
        let below = Tensor::tril2(n_keys, DType::U8, &Device::Cpu)?;
        let below = below.narrow(0, n_keys - n_queries, n_queries)?;
        visible = (visible * below.broadcast_as(scores.shape())?)?;
    }
    let mut weights = composite_masked_softmax(&scores, &visible.contiguous()?)?;
    if let Some(mask) = spec.dropout {
        // Dropout of ones is the factor of each position.
        weights = (weights.ones_like()?.detach() * weights)?;
        weights = (&weights * dropout(&weights.ones_like()?, mask)?)?;
    }
    let mixed = weights.matmul(&split(value, n_keys)?)?;
    Ok(mixed.transpose(1, 2)?.reshape((batch, n_queries, width))?)
}

/// The mean negative log-likelihood from a composite softmax.
fn composite_nll(logits: &Tensor, targets: &[Option<u32>]) -> Result<Tensor, KernelError> {
    let (n_rows, n_types) = logits.dims2()?;
    let mut wanted = vec![0_f32; n_rows * n_types];
    for (row, target) in wanted.chunks_exact_mut(n_types).zip(targets) {
        if let Some(target) = target {
            row[*target as usize] = -1.0;
        }
    }
    let wanted = Tensor::from_vec(wanted, (n_rows, n_types), &Device::Cpu)?;
    Ok((composite_softmax(logits)?.log()? * wanted)?.sum_all()?)
}

fn visible(rows: usize, width: usize, bits: u64) -> Tensor {
    let visible: Vec<u8> = (0..rows * width)
        .map(|i| (bits >> (i % 64) & 1) as u8)
        .collect();
    Tensor::from_vec(visible, (rows, width), &Device::Cpu).unwrap()
}

/// A target for each row, some ignored.
fn some_targets(n_rows: usize, n_types: u32, seed: u64) -> Vec<Option<u32>> {
    let stream = RandomStream::new(seed);
    let target = |row| u32::try_from(stream.bits(row) % u64::from(n_types)).unwrap();
    (0..n_rows as u64)
        .map(|row| (!stream.bits(1_000_000 + row).is_multiple_of(4)).then(|| target(row)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn layer_norm_equals_its_composite(rows in 1_usize..70, width in 2_usize..400, seed: u64) {
        let (x, weight, bias) = (random(seed, &[rows, width]), random(1, &[width]), random(2, &[width]));
        check_twins(
            &|| layer_norm(&x, &weight, &bias, 1e-5),
            &|| composite_layer_norm(&x, &weight, &bias),
            &[&x, &weight, &bias],
        );
    }

    #[test]
    fn residual_layer_norm_equals_its_composite(
        rows in 1_usize..70,
        width in 2_usize..400,
        is_dropped: bool,
        seed: u64,
    ) {
        let [x, residual] = [1, 2].map(|i| random(seed ^ i, &[2, rows, width]));
        let (weight, bias) = (random(3, &[width]), random(4, &[width]));
        let mask = is_dropped.then(|| DropoutMask::new(RandomStream::new(seed), 0.3));
        let twin = || {
            let x = match mask {
                Some(mask) => (x.as_tensor() * dropout(&x.ones_like()?, mask)?)?,
                None => x.as_tensor().clone(),
            };
            composite_layer_norm(&(x + residual.as_tensor())?, &weight, &bias)
        };
        check_twins(
            &|| residual_layer_norm(&x, &residual, &post_norm(mask, &weight, &bias)),
            &twin,
            &[&x, &residual, &weight, &bias],
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
        check_twins(&|| log_softmax(&x), &|| Ok(composite_softmax(&x)?.log()?), &[&x]);
    }

    #[test]
    fn masked_softmax_equals_its_composite(
        rows in 1_usize..9,
        width in 1_usize..20,
        bits: u64,
        seed: u64,
    ) {
        let x = random(seed, &[rows, width]);
        let visible = visible(rows, width, bits);
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
        let (weight, bias) = (random(seed ^ 1, &[n_out, n_in]), random(seed ^ 2, &[n_out]));
        let product = || x.broadcast_matmul(&weight.t()?);
        check_twins(
            &|| linear(&x, &weight, Some(&bias), Precision::F32),
            &|| Ok(product()?.broadcast_add(&bias)?),
            &[&x, &weight, &bias],
        );
        check_twins(
            &|| linear(&x, &weight, None, Precision::F32),
            &|| Ok(product()?),
            &[&x, &weight],
        );
    }

    #[test]
    fn attention_equals_its_composite(
        batch in 1_usize..4,
        n_queries in 1_usize..20,
        n_more_keys in 0_usize..20,
        n_heads in 1_usize..4,
        head_width in 1_usize..40,
        is_causal: bool,
        is_dropped: bool,
        bits: u64,
        seed: u64,
    ) {
        let (n_keys, width) = (n_queries + n_more_keys, n_heads * head_width);
        let query = random(seed ^ 1, &[batch, n_queries, width]);
        let [key, value] = [2, 3].map(|i| random(seed ^ i, &[batch, n_keys, width]));
        let visible = visible(batch, n_keys, bits);
        let spec = AttentionSpec {
            is_causal,
            key_is_visible: Some(&visible),
            dropout: is_dropped.then(|| DropoutMask::new(RandomStream::new(seed), 0.3)),
            ..AttentionSpec::new(n_heads, width)
        };
        check_twins(
            &|| attention(&query, &key, &value, &spec),
            &|| composite_attention([&query, &key, &value], &visible, &spec),
            &[&query, &key, &value],
        );
    }

    #[test]
    fn attention_to_what_is_kept_equals_its_composite(
        batch in 1_usize..4,
        (n_queries, n_first, n_second) in (1_usize..4, 0_usize..20, 0_usize..20),
        (n_heads, head_width) in (1_usize..4, 1_usize..40),
        is_causal: bool,
        bits: u64,
        seed: u64,
    ) {
        let (n_past, width) = (n_first + n_second, n_heads * head_width);
        let n_keys = n_past + n_queries;
        let query = random(seed ^ 1, &[batch, n_queries, width]);
        let [key, value] = [2, 3].map(|i| random(seed ^ i, &[batch, n_keys, width]));
        let visible = visible(batch, n_keys, bits);
        let spec = AttentionSpec { is_causal, ..AttentionSpec::new(n_heads, width) };
        let mut kept = KeyValues::new(batch, n_heads, width).unwrap();
        for (first, n) in [(0, n_first), (n_first, n_second), (n_past, n_queries)] {
            let part = |x: &Var| x.narrow(1, first, n).unwrap();
            kept.append(&part(&key), &part(&value)).unwrap();
        }
        let expected = composite_attention([&query, &key, &value], &visible, &spec).unwrap();
        let found = kept.attend(&query, Some(&visible), is_causal).unwrap();
        assert_near("all rows", &found, &expected, 1e-5);
        // The last sequence twice, then the first one.
        let rows = [batch - 1, batch - 1, 0];
        kept.select(&rows);
        let ids = Tensor::from_vec(rows.map(|row| u32::try_from(row).unwrap()).to_vec(), 3, &Device::Cpu).unwrap();
        let pick = |x: &Tensor| x.index_select(&ids, 0).unwrap();
        let found = kept.attend(&pick(&query), Some(&pick(&visible)), is_causal).unwrap();
        assert_near("some rows", &found, &pick(&expected), 1e-5);
    }

    #[test]
    fn cross_entropy_equals_its_composite(rows in 1_usize..40, n_types in 1_u32..300, seed: u64) {
        let logits = random(seed, &[rows, n_types as usize]);
        let targets = some_targets(rows, n_types, seed);
        check_twins(
            &|| Ok(cross_entropy(&logits, &targets)?.sum),
            &|| composite_nll(&logits, &targets),
            &[&logits],
        );
    }

    #[test]
    fn tied_cross_entropy_equals_its_composite(
        rows in 1_usize..12,
        // Around the slices of the vocabulary and far beyond them.
        n_types in prop_oneof![1_u32..40, 2040_u32..2060, 4000_u32..5000],
        width in 1_usize..20,
        has_bias: bool,
        seed: u64,
    ) {
        let (hidden, table) = (random(seed, &[rows, width]), random(seed ^ 1, &[n_types as usize, width]));
        let bias = random(seed ^ 2, &[n_types as usize]);
        let targets = some_targets(rows, n_types, seed);
        let fused = || {
            let bias = has_bias.then(|| bias.as_tensor());
            Ok(tied_cross_entropy(&hidden, &table, bias, &targets, Precision::F32)?.sum)
        };
        let twin = || {
            let mut logits = hidden.matmul(&table.t()?)?;
            if has_bias {
                logits = logits.broadcast_add(&bias)?;
            }
            composite_nll(&logits, &targets)
        };
        let inputs = [&hidden, &table, &bias];
        check_twins(&fused, &twin, &inputs[..if has_bias { 3 } else { 2 }]);
    }

    #[test]
    fn embedding_equals_its_composite(n_ids in 1_usize..50, n_rows in 1_u32..9, width in 1_usize..40, seed: u64) {
        let table = random(seed, &[n_rows as usize, width]);
        let stream = RandomStream::new(seed);
        let ids: Vec<u32> = (0..n_ids as u64).map(|i| u32::try_from(stream.bits(i) % u64::from(n_rows)).unwrap()).collect();
        let ids = Tensor::from_vec(ids, n_ids, &Device::Cpu).unwrap();
        check_twins(&|| embedding(&ids, &table), &|| Ok(table.index_select(&ids, 0)?), &[&table]);
    }
}

#[test]
fn a_parameter_used_many_times_gets_the_sum_of_its_gradients() {
    // Tied embeddings: the table is read, projected with, and used by one of candle's own
    // operations, each with another order of magnitude.
    let (table, ids) = (
        random(1, &[7, 5]),
        Tensor::new(&[3_u32, 3, 6], &Device::Cpu).unwrap(),
    );
    let hidden = || embedding(&ids, &table);
    let fused = || {
        let hidden = hidden()?;
        let logits = linear(&hidden, &table, None, Precision::F32)?;
        let nll = tied_cross_entropy(
            &hidden,
            &table,
            None,
            &[Some(1), None, Some(4)],
            Precision::F32,
        )?;
        let sum =
            ((logits.sqr()?.sum_all()? + (nll.sum * 10.0)?)? + (table.sqr()?.sum_all()? * 0.1)?)?;
        Ok(sum)
    };
    let twin = || {
        let hidden = table.index_select(&ids, 0)?;
        let logits = hidden.matmul(&table.t()?)?;
        let nll = composite_nll(&logits, &[Some(1), None, Some(4)])?;
        Ok(((logits.sqr()?.sum_all()? + (nll * 10.0)?)? + (table.sqr()?.sum_all()? * 0.1)?)?)
    };
    check_twins(&fused, &twin, &[&table]);
}

fn post_norm(mask: Option<DropoutMask>, weight: &Var, bias: &Var) -> PostNorm {
    PostNorm {
        mask,
        weight: weight.as_tensor().clone(),
        bias: bias.as_tensor().clone(),
        epsilon: 1e-5,
    }
}

/// `layer_norm(x + dropout(y))` by its parts, `y` itself without an end.
fn composite_end(x: &Tensor, y: Tensor, end: Option<&PostNorm>) -> Result<Tensor, KernelError> {
    let Some(end) = end else {
        return Ok(y);
    };
    let y = match end.mask {
        Some(mask) => (&y * dropout(&y.ones_like()?, mask)?)?,
        None => y,
    };
    composite_layer_norm(&(x + y)?, &end.weight, &end.bias)
}

/// An affine map of random numbers and the variables in it.
fn affine(seed: u64, n_in: usize, n_out: usize) -> (Affine, Var, Var) {
    let (weight, bias) = (random(seed, &[n_out, n_in]), random(seed + 1, &[n_out]));
    (Affine::new(&weight, &bias).unwrap(), weight, bias)
}

fn apply(x: &Tensor, map: &Affine) -> Result<Tensor, KernelError> {
    linear(x, map.weight(), Some(map.bias()), Precision::F32)
}

/// No end, or one with or without a mask.
fn ends() -> impl Strategy<Value = Option<Option<DropoutMask>>> {
    proptest::option::of(proptest::option::of(
        any::<u64>().prop_map(|seed| DropoutMask::new(RandomStream::new(seed), 0.3)),
    ))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn feed_forward_equals_its_parts(
        rows in 1_usize..20,
        // A norm over two numbers magnifies rounding.
        width in 4_usize..20,
        wide in 1_usize..40,
        end in ends(),
        seed: u64,
    ) {
        let x = random(seed, &[2, rows, width]);
        let ((up, w1, b1), (down, w2, b2)) = (affine(1, width, wide), affine(3, wide, width));
        let (scale, shift) = (random(5, &[width]), random(6, &[width]));
        let end = end.map(|mask| post_norm(mask, &scale, &shift));
        let mut inputs = vec![&x, &w1, &b1, &w2, &b2];
        inputs.extend(end.as_ref().map(|_| [&scale, &shift]).into_iter().flatten());
        check_twins(
            &|| feed_forward(&x, &up, &down, end.as_ref(), Precision::F32),
            &|| composite_end(&x, apply(&gelu(&apply(&x, &up)?)?, &down)?, end.as_ref()),
            &inputs,
        );
    }

    #[test]
    fn projected_attention_equals_its_parts(
        n_queries in 1_usize..12,
        n_keys in 1_usize..12,
        is_self: bool,
        is_causal: bool,
        is_dropped: bool,
        end in ends(),
        bits: u64,
        seed: u64,
    ) {
        let width = 6;
        let x = random(seed, &[2, n_queries, width]);
        let (scale, shift) = (random(15, &[width]), random(16, &[width]));
        let end = end.map(|mask| post_norm(mask, &scale, &shift));
        let memory = random(seed ^ 1, &[2, n_keys, width]);
        let maps: Vec<_> = (0..4).map(|i| affine(2 * i, width, width)).collect();
        let [query, key, value, out] = [0, 1, 2, 3].map(|i: usize| maps[i].0.clone());
        let projections = Projections { query, key, value, out };
        let memory_arg = (!is_self).then_some(memory.as_tensor());
        let source = memory_arg.unwrap_or(&x);
        let visible = visible(2, source.dim(1).unwrap(), bits);
        let spec = AttentionSpec {
            is_causal: is_causal && is_self,
            key_is_visible: Some(&visible),
            dropout: is_dropped.then(|| DropoutMask::new(RandomStream::new(!seed), 0.3)),
            ..AttentionSpec::new(2, width)
        };
        let twin = || {
            let [query, key, value] = [(&x as &Tensor, 0), (source, 1), (source, 2)]
                .map(|(x, i): (&Tensor, usize)| apply(x, &maps[i].0));
            let y = apply(&attention(&query?, &key?, &value?, &spec)?, &maps[3].0)?;
            composite_end(&x, y, end.as_ref())
        };
        let mut inputs = vec![&x];
        inputs.extend((!is_self).then_some(&memory));
        inputs.extend(maps.iter().flat_map(|(_, weight, bias)| [weight, bias]));
        inputs.extend(end.as_ref().map(|_| [&scale, &shift]).into_iter().flatten());
        let joined = || projected_attention(&x, memory_arg, &projections, &spec, end.as_ref());
        check_twins(&joined, &twin, &inputs);
    }
}

#[test]
fn joined_operations_lose_no_gradient_where_their_parameters_cannot_travel() {
    // The input is a constant, or a parameter is computed: then the parts run one by one.
    let constant = random(1, &[2, 3, 4]).as_detached_tensor();
    let ((up, w1, b1), (down, w2, b2)) = (affine(1, 4, 5), affine(3, 5, 4));
    let doubled = Affine::new(&(w1.as_tensor() * 2.0).unwrap(), &b1).unwrap();
    let (scale, shift) = (random(5, &[4]), random(6, &[4]));
    let end = post_norm(None, &scale, &shift);
    for (up, end) in [(&up, None), (&doubled, None), (&up, Some(&end))] {
        let loss = feed_forward(&constant, up, &down, end, Precision::F32)
            .unwrap()
            .sqr()
            .unwrap()
            .sum_all()
            .unwrap();
        let gradients = backward(&loss).unwrap();
        let of_end = end.map(|_| [&scale, &shift]).into_iter().flatten();
        for var in [&w1, &b1, &w2, &b2].into_iter().chain(of_end) {
            assert!(gradients.get(var).is_some());
        }
    }
    // With a trained input they do travel, and a backward pass that would lose them is refused.
    let x = random(2, &[2, 3, 4]);
    for end in [None, Some(&end)] {
        let y = feed_forward(&x, &up, &down, end, Precision::F32)
            .unwrap()
            .sqr()
            .unwrap()
            .sum_all()
            .unwrap();
        let refused = y.backward().unwrap_err().to_string();
        assert!(refused.contains("smes_kernels::backward"), "{refused}");
        // A second backward pass over the same graph gives the same numbers.
        let [first, second] = [(); 2].map(|()| backward(&y).unwrap().get(&w1).unwrap().clone());
        assert_near("second pass", &second, &first, 0.0);
    }
}

/// The neighbourhoods by shifts of the padded picture.
fn shifted(x: &Tensor, stride: usize) -> Result<Tensor, KernelError> {
    let (_, height, width, _) = x.dims4()?;
    let padded = x.pad_with_zeros(1, 1, 1)?.pad_with_zeros(2, 1, 1)?;
    let every = |size: usize| -> Result<Tensor, KernelError> {
        let places: Vec<u32> = (0_u32..).take(size).step_by(stride).collect();
        Ok(Tensor::new(places, &Device::Cpu)?)
    };
    let mut parts = Vec::new();
    for below in 0..3 {
        for right in 0..3 {
            let part = padded.narrow(1, below, height)?.narrow(2, right, width)?;
            let part = part.contiguous()?.index_select(&every(height)?, 1)?;
            parts.push(part.index_select(&every(width)?, 2)?);
        }
    }
    Ok(Tensor::cat(&parts, 3)?)
}

#[test]
fn neighbourhoods_are_the_shifts_of_the_padded_picture() {
    for (shape, stride) in [
        ([2, 5, 4, 3], 1),
        ([2, 5, 4, 3], 2),
        ([1, 1, 1, 1], 2),
        ([3, 6, 7, 2], 3),
    ] {
        let x = random(5, &shape);
        check_twins(&|| patches(&x, stride), &|| shifted(&x, stride), &[&x]);
        check_finite_differences(&|| patches(&x, stride), &[&x]);
    }
    assert!(patches(&random(1, &[2, 3, 4]), 1).is_err());
    assert!(patches(&random(1, &[1, 3, 4, 1]), 0).is_err());
}
