//! Every operation, each checked in the same three ways: the instructions of this processor beside
//! portable ones, gradients beside finite differences, and bf16 products beside f32 ones.

use super::*;
use crate::simd::force_portable;

/// Numbers of products may be added in another order; relative to the largest number.
const PRODUCT_TOLERANCE: f32 = 1e-5;
/// Two operands with 8 bits of mantissa: 2^-9 each at most, errors partly cancel; layers that follow
/// each other add theirs up.
const BF16_OFF: f32 = 0.012;

type Run = Box<dyn Fn(&[Var], Precision) -> Result<Tensor, KernelError>>;

struct Case {
    name: &'static str,
    /// Whether there are matrix products in it; everything else gives the same bits everywhere.
    has_products: bool,
    inputs: Vec<Var>,
    run: Run,
}

impl Case {
    /// The result, and the gradients of its sum of squares.
    fn results(&self, precision: Precision) -> Vec<Tensor> {
        let y = (self.run)(&self.inputs, precision).unwrap();
        let gradients = backward(&y.sqr().unwrap().sum_all().unwrap()).unwrap();
        let of_inputs = self.inputs.iter().map(|input| gradients.get(input));
        std::iter::once(y)
            .chain(of_inputs.map(|gradient| gradient.expect(self.name).clone()))
            .collect()
    }
}

fn case(
    name: &'static str,
    shapes: &[&[usize]],
    run: impl Fn(&[Var], Precision) -> Result<Tensor, KernelError> + 'static,
) -> Case {
    let random = |(seed, shape): (u64, &&[usize])| random(seed, shape);
    Case {
        name,
        has_products: false,
        inputs: (1..).zip(shapes).map(random).collect(),
        run: Box::new(run),
    }
}

/// The same with products; weights are as large as a new network's, so that sums stay about 1.
fn products(
    name: &'static str,
    shapes: &[&[usize]],
    run: impl Fn(&[Var], Precision) -> Result<Tensor, KernelError> + 'static,
) -> Case {
    let case = case(name, shapes, run);
    for weight in case.inputs.iter().filter(|input| input.rank() == 2) {
        let scale = 1.0 / (weight.dim(1).unwrap() as f64).sqrt();
        weight.set(&(weight.as_tensor() * scale).unwrap()).unwrap();
    }
    Case {
        has_products: true,
        ..case
    }
}

fn mask() -> DropoutMask {
    DropoutMask::new(RandomStream::new(3), 0.3)
}

fn map(weight: &Var, bias: &Var) -> Result<Affine, KernelError> {
    Affine::new(weight, bias)
}

/// Row by row.
fn of_rows(rows: usize, width: usize) -> Vec<Case> {
    let (x, one) = ([rows, width], [width]);
    let targets = some_targets(rows, u32::try_from(width).unwrap(), 5);
    vec![
        case("layer norm", &[&x, &one, &one], |of, _| {
            layer_norm(&of[0], &of[1], &of[2], 1e-5)
        }),
        case("residual layer norm", &[&x, &x, &one, &one], |of, _| {
            residual_layer_norm(&of[0], &of[1], &post_norm(Some(mask()), &of[2], &of[3]))
        }),
        case("gelu", &[&x], |of, _| gelu(&of[0])),
        case("softmax", &[&x], |of, _| softmax(&of[0])),
        case("log-softmax", &[&x], |of, _| log_softmax(&of[0])),
        case("masked softmax", &[&x], move |of, _| {
            masked_softmax(&of[0], &visible(rows, width, 0x00ff_00ff_f0f0_1111))
        }),
        case("dropout", &[&x], |of, _| dropout(&of[0], mask())),
        case("dropout and sum", &[&x, &x], |of, _| {
            dropout_add(&of[0], &of[1], Some(mask()))
        }),
        case("cross-entropy", &[&x], move |of, _| {
            Ok(cross_entropy(&of[0], &targets)?.sum)
        }),
        case("embedding", &[&x], move |of, _| {
            let ids: Vec<u32> = (0..7)
                .map(|i| i * i % u32::try_from(rows).unwrap())
                .collect();
            embedding(&Tensor::new(ids, &Device::Cpu)?, &of[0])
        }),
    ]
}

/// With matrix products: sources of `length` positions, `width` (even) wide.
fn of_matrices(length: usize, width: usize) -> Vec<Case> {
    let x: &[usize] = &[2, length, width];
    let (wide, tall) = ([2 * width, width], [width, 2 * width]);
    let (one, two): (&[usize], &[usize]) = (&[width], &[2 * width]);
    let n_types = 3 * width;
    let targets = some_targets(2 * length, u32::try_from(n_types).unwrap(), 5);
    vec![
        products("linear", &[x, &wide, two], |of, precision| {
            linear(&of[0], &of[1], Some(&of[2]), precision)
        }),
        products("attention", &[x, x, x], move |of, precision| {
            let spec = AttentionSpec {
                is_causal: true,
                key_is_visible: Some(&visible(2, length, 0xffff_ffff_0f0f_fffb)),
                dropout: Some(mask()),
                precision,
                ..AttentionSpec::new(2, width)
            };
            attention(&of[0], &of[1], &of[2], &spec)
        }),
        products(
            "feed-forward",
            &[x, &wide, two, &tall, one, one, one],
            |of, precision| {
                let (up, down) = (map(&of[1], &of[2])?, map(&of[3], &of[4])?);
                let end = post_norm(Some(mask()), &of[5], &of[6]);
                feed_forward(&of[0], &up, &down, Some(&end), precision)
            },
        ),
        of_projected_attention(length, width),
        products(
            "tied cross-entropy",
            &[&[2 * length, width], &[n_types, width], &[n_types]],
            move |of, precision| {
                let bias = Some(of[2].as_tensor());
                Ok(tied_cross_entropy(&of[0], &of[1], bias, &targets, precision)?.sum)
            },
        ),
        products(
            "gru",
            &[&[2, length, 3 * width], &[3 * width, width], &[3 * width]],
            move |of, _| gru(&of[0], &of[1], &of[2], vec![0.5; 2 * width]),
        ),
    ]
}

fn of_projected_attention(length: usize, width: usize) -> Case {
    let (x, square): (&[usize], &[usize]) = (&[2, length, width], &[width, width]);
    let one: &[usize] = &[width];
    products(
        "projected attention",
        &[
            x, square, one, square, one, square, one, square, one, one, one,
        ],
        move |of, precision| {
            let at = |i: usize| map(&of[i], &of[i + 1]);
            let projections = Projections {
                query: at(1)?,
                key: at(3)?,
                value: at(5)?,
                out: at(7)?,
            };
            let spec = AttentionSpec {
                is_causal: true,
                dropout: Some(mask()),
                precision,
                ..AttentionSpec::new(2, width)
            };
            let end = post_norm(Some(mask()), &of[9], &of[10]);
            projected_attention(&of[0], None, &projections, &spec, Some(&end))
        },
    )
}

fn every(length: usize, width: usize) -> Vec<Case> {
    let mut cases = of_rows(length, width);
    cases.extend(of_matrices(length, width));
    cases
}

/// The largest difference beside the largest number.
fn apart(found: &Tensor, expected: &Tensor) -> f32 {
    let largest = |numbers: Vec<f32>| numbers.into_iter().fold(0.0, |a: f32, b| a.max(b.abs()));
    let difference = largest(numbers(&(found - expected).unwrap()));
    difference / largest(numbers(expected)).max(f32::MIN_POSITIVE)
}

/// Set in the process that tries the portable instructions: the switch is of the whole process, and
/// tests beside this one count on theirs.
const IN_A_PROCESS_OF_ITS_OWN: &str = "SMES_KERNELS_PORTABLE";

#[test]
fn portable_instructions_give_the_same_numbers() {
    if std::env::var_os(IN_A_PROCESS_OF_ITS_OWN).is_none() {
        let name = "tests::every::portable_instructions_give_the_same_numbers";
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(IN_A_PROCESS_OF_ITS_OWN, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(
            run.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&run.stderr)
        );
        return;
    }
    for case in every(37, 70) {
        for precision in [Precision::F32, Precision::Bf16] {
            let best = case.results(precision);
            force_portable(true);
            let portable = case.results(precision);
            force_portable(false);
            for (at, (found, expected)) in portable.iter().zip(&best).enumerate() {
                let apart = apart(found, expected);
                let most = match (case.has_products, precision) {
                    (false, _) => 0.0,
                    (true, Precision::F32) => PRODUCT_TOLERANCE,
                    // A sum in another order may be rounded to the next number of 8 bits.
                    (true, Precision::Bf16) => BF16_OFF,
                };
                assert!(apart <= most, "{} {precision:?} {at}: {apart}", case.name);
            }
        }
    }
}

#[test]
fn gradients_are_what_moving_each_number_shows() {
    for case in every(3, 4) {
        let inputs: Vec<&Var> = case.inputs.iter().collect();
        check_finite_differences(&|| (case.run)(&case.inputs, Precision::F32), &inputs);
    }
}

#[test]
fn bf16_products_stay_near_f32_ones() {
    let norm = |t: &Tensor| numbers(t).iter().map(|x| x * x).sum::<f32>().sqrt();
    for case in of_matrices(37, 70) {
        let (exact, near) = (case.results(Precision::F32), case.results(Precision::Bf16));
        let is_rounded = exact
            .iter()
            .zip(&near)
            .any(|(a, b)| numbers(a) != numbers(b));
        assert_eq!(is_rounded, case.name != "gru", "{}", case.name);
        // A bias of keys changes nothing: its gradient is 0 but for rounding.
        let least = 1e-2 * exact.iter().map(norm).fold(0.0, f32::max);
        for (at, (exact, near)) in exact.iter().zip(&near).enumerate() {
            let off = norm(&(near - exact).unwrap()) / norm(exact).max(least);
            assert!(off < BF16_OFF, "{} {at}: {off}", case.name);
        }
    }
}
