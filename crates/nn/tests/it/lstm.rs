//! The LSTM beside `torch.nn.LSTM`.

use smes_nn::{Precision, layers::Lstm};

use crate::support::{Golden, assert_close};

#[test]
fn states_of_two_layers_equal_torch_and_parameters_must_be_frozen() {
    let golden = Golden::read("lstm");
    let params = golden.params("param.");
    let x = golden.get("x");
    let trained = Lstm::load(&params.loader(), "_l0", 5, 6).unwrap();
    assert!(trained.forward(x, Precision::F32).is_err());
    params.freeze(|_| true);
    let first = Lstm::load(&params.loader(), "_l0", 5, 6).unwrap();
    let second = Lstm::load(&params.loader(), "_l1", 6, 6).unwrap();
    for (precision, tolerance) in [(Precision::F32, 1e-5), (Precision::Bf16, 0.02)] {
        let states = first.forward(x, precision).unwrap();
        assert_close("first layer", &states, golden.get("states.0"), tolerance);
        let states = second.forward(&states, precision).unwrap();
        assert_close("second layer", &states, golden.get("states.1"), tolerance);
    }
}
