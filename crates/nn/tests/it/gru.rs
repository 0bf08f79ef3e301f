//! The GRU beside `torch.nn.GRU`.

use smes_nn::{Gradients, Tensor, layers::Gru};

use crate::support::{Golden, assert_close, difference};

const TOLERANCE: f32 = 1e-5;

#[test]
fn states_and_gradients_equal_torch() {
    let golden = Golden::read("gru");
    for case in ["zero", "given"] {
        let params = golden.params("param.");
        params.absorb(&golden.params("input."), "input.");
        let gru = Gru::load(&params.loader(), 5, 6).unwrap();
        let x = params
            .loader()
            .get("input.x", &[3, 7, 5], smes_nn::Init::Zeros)
            .unwrap();
        let initial = (case == "given").then(|| golden.get("input.initial"));
        let states = gru.forward(&x, initial).unwrap();
        assert_close(
            "states",
            &states,
            golden.get(&format!("{case}.states")),
            TOLERANCE,
        );

        let loss = (states * golden.get("input.target"))
            .unwrap()
            .sum_all()
            .unwrap();
        let gradients = Gradients::of(&loss, &params).unwrap();
        let input = golden.get(&format!("{case}.gradient.x"));
        assert_close("x", gradients.get("input.x").unwrap(), input, TOLERANCE);
        for (name, expected) in golden.below(&format!("{case}.gradient.")) {
            if name != "x" {
                assert_close(&name, gradients.get(&name).unwrap(), &expected, TOLERANCE);
            }
        }
    }
}

#[test]
fn single_steps_make_the_sequence_and_the_future_does_not_reach_the_past() {
    let golden = Golden::read("gru");
    let gru = Gru::load(&golden.params("param.").loader(), 5, 6).unwrap();
    let x = golden.get("input.x");
    let whole = gru.forward(x, None).unwrap();
    let mut state: Option<Tensor> = None;
    for t in 0..7 {
        let input = x.narrow(1, t, 1).unwrap().squeeze(1).unwrap();
        state = Some(gru.step(&input, state.as_ref()).unwrap());
        let expected = whole.narrow(1, t, 1).unwrap().squeeze(1).unwrap();
        assert!(
            difference(state.as_ref().unwrap(), &expected) < 1e-6,
            "position {t}"
        );
    }
    let past = gru.forward(&x.narrow(1, 0, 4).unwrap(), None).unwrap();
    assert!(difference(&past, &whole.narrow(1, 0, 4).unwrap()) < 1e-6);
}
